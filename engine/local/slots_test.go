package local_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"repro/engine"
	"repro/engine/local"
)

func TestSlotsNeverGiveMoreThanThereIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(engine.Resources{CPUs: 3})
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
				if err := s.Acquire(t.Context(), need); err != nil {
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
		s := local.NewSlots(engine.Resources{CPUs: 4, GPUs: 1})
		gpu := engine.Resources{CPUs: 1, GPUs: 1}
		if err := s.Acquire(t.Context(), gpu); err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 2)
		go func() {
			if s.Acquire(t.Context(), gpu) == nil {
				got <- "gpu"
			}
		}()
		synctest.Wait()
		go func() {
			if s.Acquire(t.Context(), engine.Resources{CPUs: 1}) == nil {
				got <- "cpu"
			}
		}()
		if first := <-got; first != "cpu" {
			t.Errorf("%s went first", first)
		}
		s.Release(gpu)
		if second := <-got; second != "gpu" {
			t.Errorf("then %s", second)
		}
	})
}

func TestABigTaskIsNotStarvedBySmallOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := local.NewSlots(engine.Resources{CPUs: 2})
		one, two := engine.Resources{CPUs: 1}, engine.Resources{CPUs: 2}
		if err := s.Acquire(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		order := make(chan string, 2)
		for _, need := range []engine.Resources{two, one} {
			go func() {
				if s.Acquire(t.Context(), need) == nil {
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
		s := local.NewSlots(engine.Resources{CPUs: 1})
		one := engine.Resources{CPUs: 1}
		if err := s.Acquire(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop")
		failed := make(chan error)
		go func() { failed <- s.Acquire(ctx, one) }()
		synctest.Wait()
		cancel(stop)
		if err := <-failed; !errors.Is(err, stop) {
			t.Errorf("error %v", err)
		}
		s.Release(one)
		if err := s.Acquire(t.Context(), one); err != nil {
			t.Error(err)
		}
	})
}

func TestFitsSaysWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	e := local.New(nil, engine.Resources{CPUs: 2, Memory: 1 << 30})
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
