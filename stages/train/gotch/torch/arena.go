//go:build gotch

package torch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sugarme/gotch/ts"
)

// arena owns the tensors and scalars that are made while it is the innermost of
// its thread.
type arena struct {
	tensors []*ts.Tensor
	scalars []*ts.Scalar
}

// free frees what the arena owns, the youngest first, and keeps its room.
func (a *arena) free() {
	for i := len(a.tensors) - 1; i >= 0; i-- {
		a.tensors[i].Free()
	}
	for _, s := range a.scalars {
		s.Free()
	}
	clear(a.tensors)
	clear(a.scalars)
	a.tensors, a.scalars = a.tensors[:0], a.scalars[:0]
}

// Arena calls fn and then frees all tensors and scalars that were made on the
// thread meanwhile, also if fn fails or panics. A ts.Failure that fn panics with
// is returned as an error. Arenas may be nested.
func (t *Thread) Arena(fn func() error) (err error) {
	if t.depth == len(t.arenas) {
		t.arenas = append(t.arenas, &arena{})
	}
	t.depth++
	defer func() {
		t.depth--
		t.arenas[t.depth].free()
	}()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case ts.Failure:
			err = p.Err
		default:
			panic(p)
		}
	}()
	return fn()
}

// Keep returns a handle of x that belongs to the arena around the innermost one,
// and so outlives it. Within Run alone, where none is around, that is x.
func (t *Thread) Keep(x *ts.Tensor) *ts.Tensor {
	if t.depth == 1 {
		return x
	}
	t.depth--
	defer func() { t.depth++ }()
	kept, err := x.ShallowClone()
	check(err)
	return kept
}

// KeepTensor gives a new tensor to the innermost arena. Gotch calls it.
func (t *Thread) KeepTensor(x *ts.Tensor) {
	a := t.arenas[t.depth-1]
	a.tensors = append(a.tensors, x)
}

// KeepScalar gives a new scalar to the innermost arena. Gotch calls it.
func (t *Thread) KeepScalar(x *ts.Scalar) {
	a := t.arenas[t.depth-1]
	a.scalars = append(a.scalars, x)
}

var _ ts.Keeper = (*Thread)(nil)

// check panics with a ts.Failure if err is not nil.
func check(err error) {
	if err != nil {
		panic(ts.Failure{Err: err})
	}
}

// checkCall panics if the C function called last on this thread failed.
func checkCall(name string) {
	if err := ts.TorchErr(); err != nil {
		panic(ts.Failure{Err: fmt.Errorf("%s: %w", name, err)})
	}
}

// OutOfMemory reports whether err says that a device, or the machine, had no
// memory for a tensor.
func OutOfMemory(err error) bool {
	var thrown *ts.Error
	return errors.As(err, &thrown) &&
		(strings.Contains(thrown.Message, "out of memory") || // CUDA
			strings.Contains(thrown.Message, "DefaultCPUAllocator"))
}
