//go:build gotch

package main

// #cgo LDFLAGS: -ldl
// #define _GNU_SOURCE
// #include <dlfcn.h>
// #include <stddef.h>
//
// typedef int (*with_number)(int *);
// typedef int (*with_flags)(unsigned);
// typedef int (*with_device)(int *, int);
// typedef int (*with_name)(char *, int, int);
// typedef int (*with_attribute)(int *, int, int);
//
// // The driver's library, which libtorch itself loads only when it needs it.
// static void *driver(void) { return dlopen("libcuda.so.1", RTLD_LAZY); }
//
// static int number(void *library, const char *function) {
//   with_number f = (with_number)dlsym(library, function);
//   int n = 0;
//   return f && f(&n) == 0 ? n : 0;
// }
//
// static int runtime_version(void) { return number(RTLD_DEFAULT, "cudaRuntimeGetVersion"); }
//
// static int driver_version(void) {
//   void *library = driver();
//   return library ? number(library, "cuDriverGetVersion") : 0;
// }
//
// // Writes the name of a device and its compute capability; returns 0 if it could.
// static int device(int i, char *name, int size, int *major, int *minor) {
//   void *library = driver();
//   if (!library) return 1;
//   with_flags init = (with_flags)dlsym(library, "cuInit");
//   with_device get = (with_device)dlsym(library, "cuDeviceGet");
//   with_name get_name = (with_name)dlsym(library, "cuDeviceGetName");
//   with_attribute attribute = (with_attribute)dlsym(library, "cuDeviceGetAttribute");
//   int d = 0;
//   return !init || !get || !get_name || !attribute || init(0) || get(&d, i) ||
//          get_name(name, size, d) || attribute(major, 75, d) || attribute(minor, 76, d);
// }
import "C"

import "fmt"

// What CUDA knows of a machine, asked of its libraries by name: this program is
// the same for a libtorch with CUDA and for one without.

// runtimeVersion returns the version of the CUDA runtime that libtorch has
// loaded, as "12.8"; "" if there is none.
func runtimeVersion() string { return cudaVersion(int(C.runtime_version())) }

// driverVersion returns the newest CUDA that NVIDIA's driver can run; "" without
// a driver.
func driverVersion() string { return cudaVersion(int(C.driver_version())) }

// cudaVersion reads CUDA's way to write a version: 12080 is 12.8.
func cudaVersion(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", n/1000, n%1000/10)
}

// describeGPU returns what the driver says of a device, all but its memory.
func describeGPU(i int) gpu {
	g := gpu{Free: -1, Total: -1}
	var name [256]C.char
	var major, minor C.int
	if C.device(C.int(i), &name[0], C.int(len(name)), &major, &minor) != 0 {
		return g
	}
	const bfloat16Since = 8 // Ampere
	g.Name, g.Capability, g.BFloat16 = C.GoString(&name[0]), fmt.Sprintf("%d.%d", major, minor), major >= bfloat16Since
	return g
}
