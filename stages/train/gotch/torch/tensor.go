//go:build gotch

package torch

import (
	"fmt"
	"unsafe"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/libtch"
	"github.com/sugarme/gotch/ts"
)

// Element is a type of Go that tensors can have as elements.
type Element interface {
	float32 | float64 | int64 | int32 | uint8
}

func dtype[T Element]() gotch.DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return gotch.Float
	case float64:
		return gotch.Double
	case int64:
		return gotch.Int64
	case int32:
		return gotch.Int
	default:
		return gotch.Uint8
	}
}

// Of returns a new tensor on the CPU with a copy of values in row-major order.
func Of[T Element](values []T, shape ...int64) *ts.Tensor {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	if n != int64(len(values)) {
		check(fmt.Errorf("%d values for a tensor of shape %v", len(values), shape))
	}
	kind := dtype[T]()
	handle := libtch.AtTensorOfData(unsafe.Pointer(unsafe.SliceData(values)), shape, uint(len(shape)), kind.Size(), int(kind.CKind()))
	checkCall("make a tensor")
	return ts.New(handle)
}

// Values returns a copy of x's elements, which must be of type T, in row-major
// order, from whatever device.
func Values[T Element](x *ts.Tensor) []T {
	kind := dtype[T]()
	if x.DType() != kind {
		check(fmt.Errorf("the tensor's elements are of type %v, not %v", x.DType(), kind))
	}
	values := make([]T, x.Numel())
	libtch.AtCopyData(libtch.Ctensor(x.Ctensor()), unsafe.Pointer(unsafe.SliceData(values)), uint(len(values)), kind.Size())
	checkCall("copy a tensor")
	return values
}

// Item returns the only element of x.
func Item(x *ts.Tensor) float64 { return x.MustFloat64Value(nil) }
