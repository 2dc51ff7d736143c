//go:build gotch

package torch_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

func TestRunsLeaveNothingBehind(t *testing.T) {
	// Not in parallel: it counts the threads of the process.
	count := func() (handles int64, threads int) {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return live(), len(tasks)
	}
	once := func() {
		run(t, func(*torch.Thread) {
			x := ones(64, 64).MustSetRequiresGrad(true, true)
			x.MustMatmul(x, false).MustSum(gotch.Float, true).MustBackward()
		})
	}
	once()
	handles, threads := count()
	for range 100 {
		once()
	}
	if h, n := count(); h != handles || n > threads+5 {
		t.Errorf("100 runs added %d handles and %d threads", h-handles, n-threads)
	}
}

func TestARunBeginsWithTheStateThatItAsksFor(t *testing.T) {
	t.Parallel()
	run(t, func(*torch.Thread) {
		ts.MustGradSetEnabled(false)
		ts.MustRandn([]int64{5}, gotch.Float, gotch.CPU)
	})
	err := torch.Run(t.Context(), torch.Options{Threads: 2, Seed: 1}, func(th *torch.Thread) error {
		if !ts.MustGradSetEnabled(true) {
			t.Error("gradients are still off")
		}
		if th.Threads() != 2 {
			t.Errorf("operations use %d threads", th.Threads())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunsAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	draws := make([][]float32, 8)
	var all sync.WaitGroup
	for i := range draws {
		all.Go(func() {
			run(t, func(*torch.Thread) {
				for range 10 {
					draws[i] = append(draws[i], torch.Values[float32](ts.MustRandn([]int64{3}, gotch.Float, gotch.CPU))...)
				}
			})
		})
	}
	all.Wait()
	for _, d := range draws {
		if diff := cmp.Diff(draws[0], d); diff != "" {
			t.Errorf("equal seeds gave different numbers (-first +another):\n%s", diff)
		}
	}
}

func TestWaitingForATurnCanBeCancelled(t *testing.T) {
	t.Parallel()
	run(t, func(*torch.Thread) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := torch.Run(ctx, torch.Options{}, func(*torch.Thread) error { return errors.New("ran") })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, not that of the context", err)
		}
	})
}

func TestNoGradRestores(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		x := ones(2).MustSetRequiresGrad(true, true)
		recorded := func() bool { return x.MustAdd(x, false).MustRequiresGrad() }
		if !recorded() {
			t.Error("no gradient is recorded")
		}
		th.NoGrad(func() {
			th.NoGrad(func() {})
			if recorded() {
				t.Error("a gradient is recorded after an inner NoGrad")
			}
		})
		if !recorded() {
			t.Error("no gradient is recorded after NoGrad")
		}
	})
}

func TestAutocastMultipliesInBFloat16(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		x := ones(4, 4)
		th.Autocast(gotch.CPU, func() {
			if got := x.MustMatmul(x, false).DType(); got != gotch.BFloat16 {
				t.Errorf("the product is of type %v", got)
			}
		})
		if got := x.MustMatmul(x, false).DType(); got != gotch.Float {
			t.Errorf("after autocast, the product is of type %v", got)
		}
	})
}

func TestAFunctionThatEndsItsGoroutineIsAnError(t *testing.T) {
	t.Parallel()
	err := torch.Run(t.Context(), torch.Options{}, func(*torch.Thread) error {
		ones(1)
		runtime.Goexit() // as t.Fatal does
		return nil
	})
	if err == nil {
		t.Error("no error")
	}
}
