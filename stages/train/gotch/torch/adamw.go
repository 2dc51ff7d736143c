//go:build gotch

package torch

// #include "torchx.h"
import "C"

import (
	"unsafe"

	"github.com/sugarme/gotch/ts"
)

// AdamW is the optimiser with decoupled weight decay (arXiv 1711.05101) for
// parameters of equal decay. Its whole state is open, to be saved and restored.
type AdamW struct {
	Params        []*ts.Tensor
	First, Second []*ts.Tensor // moments, of the parameters' shapes and devices
	Steps         int64        // taken
	Beta1, Beta2  float64
	Epsilon       float64
	Decay         float64
}

// NewAdamW returns an optimiser of params with the usual constants. Its moments
// belong to the innermost arena.
func NewAdamW(params []*ts.Tensor, decay float64) *AdamW {
	a := &AdamW{Params: params, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: decay}
	for _, p := range params {
		a.First = append(a.First, p.MustZerosLike(false).MustDetach(true))
		a.Second = append(a.Second, p.MustZerosLike(false).MustDetach(true))
	}
	return a
}

// Step moves the parameters that have a gradient, at learning rate lr.
func (a *AdamW) Step(lr float64) {
	a.Steps++
	params, first, second := handles(a.Params), handles(a.First), handles(a.Second)
	C.tx_adamw(unsafe.SliceData(params), unsafe.SliceData(first), unsafe.SliceData(second), C.int(len(params)),
		C.int64_t(a.Steps), C.double(lr), C.double(a.Beta1), C.double(a.Beta2), C.double(a.Epsilon), C.double(a.Decay))
	checkCall("optimiser step")
}
