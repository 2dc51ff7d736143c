//go:build gotch

package torch

// #include "torchx.h"
import "C"

import (
	"unsafe"

	"github.com/sugarme/gotch/ts"
)

// Version returns the version of libtorch that libtch.so was compiled for, as
// "2.11.0".
func Version() string { return C.GoString(C.tx_version()) }

// Attention returns softmax(q kᵀ/√d + mask) v, of the shape of q, for q, k and v
// of [batch, heads, length, d]. The mask is added to the weights, of a shape that
// broadcasts to [batch, heads, length, length], or nil; dropout is a weight's
// probability to be 0. Libtorch 2 has fused kernels for it.
func Attention(q, k, v, mask *ts.Tensor, dropout float64) *ts.Tensor {
	var m unsafe.Pointer
	if mask != nil {
		m = mask.Ctensor()
	}
	out := C.tx_attention(q.Ctensor(), k.Ctensor(), v.Ctensor(), m, C.double(dropout))
	checkCall("attention")
	return ts.FromCtensor(out)
}

// Dropout returns x with each element 0 with probability p, and else divided by
// 1−p. On the CPU, p is rounded to a multiple of 2⁻¹⁶.
func Dropout(x *ts.Tensor, p float64) *ts.Tensor {
	out := C.tx_dropout(x.Ctensor(), C.double(p))
	checkCall("dropout")
	return ts.FromCtensor(out)
}

// ClipGradNorm scales the gradients of params so that their joint Euclidean norm
// is at most most, and returns the norm before. It waits for the device.
func ClipGradNorm(params []*ts.Tensor, most float64) float64 {
	handles := handles(params)
	norm := C.tx_clip_grad_norm(unsafe.SliceData(handles), C.int(len(handles)), C.double(most))
	checkCall("clip gradients")
	return float64(norm)
}

// ZeroGrad forgets the gradients of params.
func ZeroGrad(params []*ts.Tensor) {
	handles := handles(params)
	C.tx_zero_grad(unsafe.SliceData(handles), C.int(len(handles)))
	checkCall("zero gradients")
}

// handles returns what C knows tensors by, in memory of Go that holds no
// pointers to Go.
func handles(tensors []*ts.Tensor) []unsafe.Pointer {
	all := make([]unsafe.Pointer, len(tensors))
	for i, x := range tensors {
		all[i] = x.Ctensor()
	}
	return all
}
