//go:build gotch

package torch

// #include "torchx.h"
import "C"

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"
)

// Options are the state of libtorch in a Run.
type Options struct {
	Threads       int    // that an operation on the CPU may use; at least 1. It may change results
	Seed          uint64 // of all random numbers
	Deterministic bool   // refuse operations that may give another result each time
}

// Thread is an OS thread that libtorch is used on. Errors, gradient recording
// and autocast are the thread's own.
type Thread struct {
	arenas []*arena // those in use, and behind them some to use again
	depth  int      // how many are in use
}

// turn is held by the Run that goes on: the seed, the random numbers and the
// determinism of libtorch are those of the process.
var turn = make(chan struct{}, 1)

// Run waits for its turn and calls fn on a new OS thread, which ends with it, so
// that it cannot leave a state behind. Tensors and scalars that fn makes, and
// that no arena owned, are freed at the end. Fn must not make tensors on other
// goroutines. A panic of fn that is no ts.Failure ends the process, as it does
// on any goroutine.
func Run(ctx context.Context, o Options, fn func(*Thread) error) error {
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	C.tx_keep_memory()
	done := make(chan error, 1)
	go func() {
		err := errors.New("the function given to torch.Run ended its goroutine")
		defer func() { done <- err }()
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		t := &Thread{}
		defer ts.SetKeeper(t)()
		defer C.tx_give_memory_back()
		err = t.Arena(func() error {
			o.set()
			return fn(t)
		})
	}()
	return <-done
}

// cublasWorkspace has to be set before the first matrix product on a GPU: without
// it, libtorch refuses them where only deterministic operations are allowed.
const cublasWorkspace = "CUBLAS_WORKSPACE_CONFIG"

func (o Options) set() {
	C.tx_set_threads(C.int(max(1, o.Threads)))
	checkCall("set the number of threads")
	C.tx_manual_seed(C.int64_t(o.Seed))
	checkCall("seed")
	if o.Deterministic && os.Getenv(cublasWorkspace) == "" {
		os.Setenv(cublasWorkspace, ":4096:8") //nolint:errcheck // the name is valid
	}
	C.tx_deterministic(cBool(o.Deterministic))
	checkCall("choose deterministic algorithms")
}

// Threads returns how many threads an operation on the CPU may use.
func (t *Thread) Threads() int { return int(C.tx_threads()) }

// Autocast calls fn, in which matrix products take bfloat16 and give it, while
// sums, norms and losses stay in float32. Backward must be called outside of it.
func (t *Thread) Autocast(device gotch.Device, fn func()) {
	cuda := cBool(device.IsCuda())
	C.tx_autocast(cuda, 1)
	checkCall("switch autocast on")
	defer func() {
		C.tx_autocast(cuda, 0)
		checkCall("switch autocast off")
	}()
	fn()
}

// GiveMemoryBack returns to the system what the allocator keeps for later. Where
// every step asks for memory of other sizes, that would grow for thousands of
// steps.
func (t *Thread) GiveMemoryBack() { C.tx_give_memory_back() }

// NoGrad calls fn without recording gradients.
func (t *Thread) NoGrad(fn func()) { ts.NoGrad(fn) }

func cBool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// Seed makes the random numbers from here on those of seed, on every device.
func Seed(seed uint64) {
	C.tx_manual_seed(C.int64_t(seed))
	checkCall("seed")
}
