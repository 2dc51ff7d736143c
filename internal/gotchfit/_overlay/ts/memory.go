package ts

//#include <stdint.h>
//static _Thread_local uintptr_t keeper;
//static void set_keeper(uintptr_t h) { keeper = h; }
//static uintptr_t get_keeper(void) { return keeper; }
import "C"

import (
	"runtime/cgo"
	"sync/atomic"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// Tensor is a handle of a tensor of libtorch. It is freed by Free or by the
// Keeper of the thread that made it, never by the garbage collector, which
// cannot know whether C still uses it.
type Tensor struct{ ctensor lib.Ctensor }

// Scalar is a handle of a number of libtorch, freed as a Tensor is.
type Scalar struct{ cscalar lib.Cscalar }

// None is the undefined tensor, which stands for an absent argument.
var None = &Tensor{ctensor: lib.AtNewTensor()}

// Keeper is told of every tensor and scalar that its thread makes, also of
// those that gotch makes within a function, and has to free them.
type Keeper interface {
	KeepTensor(*Tensor)
	KeepScalar(*Scalar)
}

// SetKeeper makes k the keeper of the calling thread, to which the goroutine
// must be locked, until the function that it returns is called. A thread
// without a keeper cannot make tensors.
func SetKeeper(k Keeper) (unset func()) {
	before, h := C.get_keeper(), cgo.NewHandle(k)
	C.set_keeper(C.uintptr_t(h))
	return func() {
		C.set_keeper(before)
		h.Delete()
	}
}

func keeper() Keeper {
	h := C.get_keeper()
	if h == 0 {
		panic("ts: this thread has no keeper, who would free its tensors")
	}
	return cgo.Handle(h).Value().(Keeper)
}

var liveTensors, liveScalars atomic.Int64

// Live returns how many tensors and scalars of all threads are not yet freed.
func Live() (tensors, scalars int64) { return liveTensors.Load(), liveScalars.Load() }

func newTensor(ctensor lib.Ctensor, _ ...string) *Tensor {
	x := &Tensor{ctensor: ctensor}
	liveTensors.Add(1)
	keeper().KeepTensor(x)
	return x
}

func newScalar(cscalar lib.Cscalar) *Scalar {
	x := &Scalar{cscalar: cscalar}
	liveScalars.Add(1)
	keeper().KeepScalar(x)
	return x
}

// newCells returns the first of eight cells that a C function writes tensors
// to; none writes more than seven.
func newCells() *lib.Ctensor { return &new([8]lib.Ctensor)[0] }

// takeList returns the tensors of a list that C allocated, which ends with nil.
func takeList(first *lib.Ctensor) []*Tensor {
	var list []*Tensor
	for p := first; *p != nil; p = (*lib.Ctensor)(unsafe.Add(unsafe.Pointer(p), unsafe.Sizeof(*p))) {
		list = append(list, newTensor(*p))
	}
	lib.Free(unsafe.Pointer(first))
	return list
}

// handle returns what C knows the tensor by.
func (ts *Tensor) handle() lib.Ctensor {
	if ts.ctensor == nil {
		panic("ts: use of a freed tensor")
	}
	return ts.ctensor
}

func (sc *Scalar) handle() lib.Cscalar {
	if sc.cscalar == nil {
		panic("ts: use of a freed scalar")
	}
	return sc.cscalar
}

// Free frees the tensor, if it has not been freed.
func (ts *Tensor) Free() {
	if ts.ctensor != nil {
		lib.AtFree(ts.ctensor)
		ts.ctensor = nil
		liveTensors.Add(-1)
	}
}

// Free frees the scalar, if it has not been freed.
func (sc *Scalar) Free() {
	if sc.cscalar != nil {
		lib.AtsFree(sc.cscalar)
		sc.cscalar = nil
		liveScalars.Add(-1)
	}
}

// MustDrop is Free: gotch's functions call it where their argument del is true.
func (ts *Tensor) MustDrop() { ts.Free() }

// New returns the tensor of a new C handle, which it owns from now on.
func New(ctensor lib.Ctensor) *Tensor { return newTensor(ctensor) }

// NewTensor returns a new undefined tensor.
func NewTensor() *Tensor { return newTensor(lib.AtNewTensor()) }

// FromCtensor returns the tensor of a new C handle, which it owns from now on.
func FromCtensor(ctensor unsafe.Pointer) *Tensor { return newTensor(lib.Ctensor(ctensor)) }

// Ctensor returns the C handle, which the tensor still owns.
func (ts *Tensor) Ctensor() unsafe.Pointer { return unsafe.Pointer(ts.handle()) }

// IntScalar returns a new whole number.
func IntScalar(v int64) *Scalar { return newScalar(lib.AtsInt(v)) }

// FloatScalar returns a new floating-point number.
func FloatScalar(v float64) *Scalar { return newScalar(lib.AtsFloat(v)) }

// ShallowClone returns another handle of the tensor.
func (ts *Tensor) ShallowClone() (*Tensor, error) {
	ctensor := lib.AtShallowClone(ts.handle())
	if err := TorchErr(); err != nil {
		return nil, err
	}
	return newTensor(ctensor), nil
}
