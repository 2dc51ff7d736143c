package libtch

// The linker need not see libtorch: libtch.so, which lies beside the program,
// knows where it is. No path of this machine gets into the program.

// #cgo LDFLAGS: -L${SRCDIR}/../.. -ltch -Wl,--allow-shlib-undefined
// #cgo LDFLAGS: -Wl,-rpath,$ORIGIN
// #include <stdlib.h>
import "C"

import "unsafe"

// Free gives back memory that C allocated.
func Free(p unsafe.Pointer) { C.free(p) }
