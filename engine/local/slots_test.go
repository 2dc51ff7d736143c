package local_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/engine"
	"repro/engine/local"
)

func TestSlotsNeverGiveMoreThanThereIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 3})
		done := make(chan int, 100)
		busy, most := make(chan int, 1), 0
		busy <- 0
		change := func(by int) {
			n := <-busy + by
			most = max(most, n)
			busy <- n
		}
		for i := range 50 {
			need := engine.Resources{CPUs: 1 + i%3}
			go func() {
				if _, err := s.Acquire(t.Context(), need); err != nil {
					t.Error(err)
				}
				change(need.CPUs)
				time.Sleep(time.Second) // of the bubble's clock
				change(-need.CPUs)
				s.Release(need)
				done <- i
			}()
		}
		for range 50 {
			<-done
		}
		if most > 3 || most == 0 {
			t.Errorf("%d CPUs were given out, there are 3", most)
		}
	})
}

func TestWhoWaitsForAGPULetsOthersPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 4, GPUs: []string{"0"}})
		gpu := engine.Resources{CPUs: 1, GPUs: 1}
		if _, err := s.Acquire(t.Context(), gpu); err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 2)
		go func() {
			if _, err := s.Acquire(t.Context(), gpu); err == nil {
				got <- "gpu"
			}
		}()
		synctest.Wait()
		go func() {
			if _, err := s.Acquire(t.Context(), engine.Resources{CPUs: 1}); err == nil {
				got <- "cpu"
			}
		}()
		if first := <-got; first != "cpu" {
			t.Errorf("%s went first", first)
		}
		s.Release(gpu, "0")
		if second := <-got; second != "gpu" {
			t.Errorf("then %s", second)
		}
	})
}

// TestWhoWaitsForAGPUKeepsNoCPUs is of one that needs all CPUs besides.
func TestWhoWaitsForAGPUKeepsNoCPUs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 4, GPUs: []string{"0"}})
		gpu, cpu, all := engine.Resources{CPUs: 1, GPUs: 1}, engine.Resources{CPUs: 1}, engine.Resources{CPUs: 4, GPUs: 1}
		if _, err := s.Acquire(t.Context(), gpu); err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 3)
		ask := func(name string, need engine.Resources) {
			go func() {
				if _, err := s.Acquire(t.Context(), need); err == nil {
					got <- name
				}
			}()
			synctest.Wait()
		}
		ask("all", all)
		ask("cpu", cpu)
		if first := <-got; first != "cpu" {
			t.Errorf("%s went first", first)
		}
		// Now that there is a GPU, CPUs are all that is missing.
		s.Release(gpu, "0")
		ask("another", cpu)
		s.Release(cpu)
		if second := <-got; second != "all" {
			t.Errorf("then %s", second)
		}
		s.Release(all, "0")
		if third := <-got; third != "another" {
			t.Errorf("then %s", third)
		}
	})
}

func TestABigTaskIsNotStarvedBySmallOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 2})
		one, two := engine.Resources{CPUs: 1}, engine.Resources{CPUs: 2}
		if _, err := s.Acquire(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		order := make(chan string, 2)
		for _, need := range []engine.Resources{two, one} {
			go func() {
				if _, err := s.Acquire(t.Context(), need); err == nil {
					order <- map[int]string{1: "small", 2: "big"}[need.CPUs]
					s.Release(need)
				}
			}()
			synctest.Wait()
		}
		s.Release(one)
		if first := <-order; first != "big" {
			t.Errorf("%s went first", first)
		}
		<-order
	})
}

func TestWhoGivesUpWaitingTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 1})
		one := engine.Resources{CPUs: 1}
		if _, err := s.Acquire(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop")
		failed := make(chan error)
		go func() {
			_, err := s.Acquire(ctx, one)
			failed <- err
		}()
		synctest.Wait()
		cancel(stop)
		if err := <-failed; !errors.Is(err, stop) {
			t.Errorf("error %v", err)
		}
		s.Release(one)
		if _, err := s.Acquire(t.Context(), one); err != nil {
			t.Error(err)
		}
	})
}

func TestGPUsAreTheFirstFreeOnesInTheirOrder(t *testing.T) {
	t.Parallel()
	s := local.NewSlots(local.Capacity{CPUs: 9, GPUs: []string{"7", "2", "GPU-5"}})
	take := func(n int, want ...string) {
		t.Helper()
		got, err := s.Acquire(t.Context(), engine.Resources{CPUs: 1, GPUs: n})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	take(1, "7")
	take(0)
	take(1, "2")
	s.Release(engine.Resources{CPUs: 1, GPUs: 1}, "7")
	take(2, "7", "GPU-5")
	s.Release(engine.Resources{CPUs: 1, GPUs: 2}, "7", "GPU-5")
	s.Release(engine.Resources{CPUs: 1, GPUs: 1}, "2")
	take(3, "7", "2", "GPU-5")
}

// A stream of stages on one GPU each must not keep out one that needs both.
func TestWhoWaitsForTwoGPUsIsNotPassedByWhoWantsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 9, GPUs: []string{"0", "1"}})
		need := func(n int) engine.Resources { return engine.Resources{CPUs: 1, GPUs: n} }
		if _, err := s.Acquire(t.Context(), need(1)); err != nil {
			t.Fatal(err)
		}
		order := make(chan []string, 3)
		for _, n := range []int{2, 1} {
			go func() {
				if gpus, err := s.Acquire(t.Context(), need(n)); err == nil {
					order <- gpus
					s.Release(need(n), gpus...)
				}
			}()
			synctest.Wait()
		}
		if len(order) > 0 {
			t.Errorf("somebody got %v while one was awaited", <-order)
		}
		if _, err := s.Acquire(t.Context(), need(0)); err != nil {
			t.Error(err)
		}
		s.Release(need(1), "0")
		if diff := cmp.Diff([][]string{{"0", "1"}, {"0"}}, [][]string{<-order, <-order}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Who is given a GPU just when he has given up gives it back.
func TestWhoGivesUpTooLateTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(local.Capacity{CPUs: 2, GPUs: []string{"GPU-a"}})
		need := engine.Resources{CPUs: 2, GPUs: 1}
		if _, err := s.Acquire(t.Context(), need); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := s.Acquire(ctx, need)
			failed <- err
		}()
		synctest.Wait()
		s.ReleaseAfter(cancel, need, "GPU-a")
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if gpus, err := s.Acquire(t.Context(), need); err != nil || !cmp.Equal(gpus, []string{"GPU-a"}) {
			t.Errorf("then there is %v, %v", gpus, err)
		}
	})
}

func TestWhatCUDAVisibleDevicesLists(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"": nil, "-1": nil, "NoDevFiles": nil, "none": nil,
		"0": {"0"}, "3,1, 2": {"3", "1", "2"}, "0,1,-1,2": {"0", "1"}, "1,x,2": {"1"}, "2,2,0": {"2", "0"},
		"GPU-8932f937-d72c,GPU-04a1": {"GPU-8932f937-d72c", "GPU-04a1"},
		"MIG-GPU-8932f937-d72c/1/0":  {"MIG-GPU-8932f937-d72c/1/0"},
	} {
		if diff := cmp.Diff(want, local.Listed(list)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", list, diff)
		}
	}
}

func TestTheMachineOffersWhatTheUserChose(t *testing.T) {
	t.Setenv("CUDA_VISIBLE_DEVICES", "GPU-b,GPU-a")
	if diff := cmp.Diff([]string{"GPU-b", "GPU-a"}, local.Machine().GPUs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFitsSaysWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	e := local.New(nil, local.Capacity{CPUs: 2, Memory: 1 << 30})
	for _, r := range []engine.Resources{{GPUs: 1}, {Memory: 2 << 30}} {
		if e.Fits(r) == nil {
			t.Errorf("%+v fits", r)
		}
	}
	if err := e.Fits(engine.Resources{CPUs: 64}); err != nil {
		t.Errorf("more CPUs than there are only make a task slower: %v", err)
	}
	if m := local.Machine(); m.CPUs < 1 || m.Memory < 1<<20 {
		t.Errorf("this machine has %+v", m)
	}
}
