//go:build gotch

package torch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

// run is torch.Run for a test; it also demands that nothing leaks.
func run(t *testing.T, fn func(*torch.Thread)) {
	t.Helper()
	err := torch.Run(t.Context(), torch.Options{Threads: 1, Seed: 1}, func(th *torch.Thread) error {
		fn(th)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// live returns how many handles there are.
func live() int64 {
	tensors, scalars := ts.Live()
	return tensors + scalars
}

func ones(shape ...int64) *ts.Tensor { return ts.MustOnes(shape, gotch.Float, gotch.CPU) }

func TestAnArenaFreesWhatWasMadeInIt(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		x := ones(3)
		before := live()
		err := th.Arena(func() error {
			y := x.MustAddScalar(ts.FloatScalar(1), false)
			y.MustMul(y, true) // frees y early
			// Gotch makes a tensor within this one that nobody else sees.
			_ = x.Float64Values()
			if live() == before {
				t.Error("no handle was counted")
			}
			return nil
		})
		if err != nil || live() != before {
			t.Errorf("error %v, %d handles are left over", err, live()-before)
		}
		if got := torch.Values[float32](x); !cmp.Equal(got, []float32{1, 1, 1}) {
			t.Errorf("the tensor from outside of the arena is now %v", got)
		}
	})
}

func TestAnArenaFreesAlsoWhenItFails(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		before := live()
		err := th.Arena(func() error {
			ones(2, 3).MustMatmul(ones(2, 3), false)
			return nil
		})
		var thrown *ts.Error
		if !errors.As(err, &thrown) || !strings.Contains(thrown.Message, "2x3") {
			t.Errorf("the error is %v, not that of the shapes", err)
		}
		if strings.Count(err.Error(), "\n") > 2 {
			t.Errorf("an error of many lines: %v", err)
		}
		func() {
			defer func() {
				if recover() != "mine" {
					t.Error("another panic than libtorch's was swallowed")
				}
			}()
			_ = th.Arena(func() error {
				ones(1)
				panic("mine")
			})
		}()
		if live() != before {
			t.Errorf("%d handles are left over", live()-before)
		}
		if got := torch.Item(ones(2).MustSum(gotch.Float, false)); got != 2 {
			t.Errorf("after a failure, 1+1 is %v", got)
		}
	})
}

func TestWhatIsKeptOutlivesItsArenaAndNoMore(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		before := live()
		_ = th.Arena(func() error {
			var kept, lost *ts.Tensor
			_ = th.Arena(func() error {
				lost = ones(2)
				kept = th.Keep(lost)
				return nil
			})
			if got := torch.Values[float32](kept); !cmp.Equal(got, []float32{1, 1}) {
				t.Errorf("the kept tensor is %v", got)
			}
			defer func() {
				if p := recover(); p != "ts: use of a freed tensor" {
					t.Errorf("using a freed tensor gave %v", p)
				}
			}()
			lost.MustAdd(kept, false)
			return nil
		})
		if live() != before {
			t.Errorf("%d handles are left over", live()-before)
		}
		if x := ones(1); th.Keep(x) != x {
			t.Error("without an arena around, Keep does not return what it was given")
		}
	})
}

func TestTensorsNeedARun(t *testing.T) {
	t.Parallel()
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "no keeper") {
			t.Errorf("a tensor outside of Run gave %v", p)
		}
	}()
	ones(1)
}

func TestMemoryThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		err := th.Arena(func() error {
			ones(1<<30, 1<<20)
			return nil
		})
		if !torch.OutOfMemory(err) {
			t.Errorf("4 PiB gave %v", err)
		}
		if err := th.Arena(func() error { ones(2).MustView([]int64{3}, false); return nil }); torch.OutOfMemory(err) {
			t.Errorf("called out of memory: %v", err)
		}
	})
}
