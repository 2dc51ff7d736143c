package libtch

// The linker need not see libtorch: libtch.so knows where it is.

// #cgo LDFLAGS: -L${SRCDIR}/../.. -ltch -Wl,--allow-shlib-undefined
// #cgo LDFLAGS: -Wl,-rpath,$ORIGIN/gotch -Wl,-rpath,${SRCDIR}/../..
// #include <stdlib.h>
import "C"

import "unsafe"

// Free gives back memory that C allocated.
func Free(p unsafe.Pointer) { C.free(p) }
