// Package gotchfit makes gotch usable: it fits the C++ wrapper of
// github.com/sugarme/gotch to the libtorch of the machine and mends a copy of
// its Go sources.
//
// In comes an installed libtorch, which Find finds, and gotch from the module
// cache; out comes a folder that a build with the tag gotch uses:
//
//	libtch.so     the wrapper and our additions, compiled against that libtorch
//	module/       the mended copy of gotch's packages gotch, libtch and ts
//	go.work       a workspace of the main module and that copy
//	libtch.json   what libtch.so was made from
//
// The Go side only sees libtch.so's C functions, which are the same for every
// libtorch, so that one Go binary runs with any of them.
//
// What is mended, and why, is listed in patch.go. Each edit must match as often
// as it says, and the sources must be those of the release that it was written
// for, so that nothing is half mended.
package gotchfit
