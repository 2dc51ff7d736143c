package ts

// #include <stdlib.h>
import "C"

import (
	"fmt"
	"unsafe"

	lib "github.com/sugarme/gotch/libtch"
)

// Error is an exception of libtorch.
type Error struct{ Message string }

func (e *Error) Error() string { return "libtorch: " + e.Message }

// TorchErr returns the exception that a C function caught last on this thread,
// as an *Error, and forgets it; nil if there is none.
func TorchErr() error {
	message := (*C.char)(lib.GetAndResetLastErr())
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return &Error{Message: C.GoString(message)}
}

// Failure is what the Must functions panic with, so that whoever began the
// computation can recover it; gotch ended the process.
type Failure struct{ Err error }

func (f Failure) Error() string { return f.Err.Error() }
func (f Failure) Unwrap() error { return f.Err }

func fail(err error) { panic(Failure{err}) }

func failf(format string, args ...any) { fail(fmt.Errorf(format, args...)) }
