//go:build gotch

package torch

// #include "torchx.h"
import "C"

import (
	"bytes"
	"fmt"
	"os"
)

// DeviceMemory is how much memory of a GPU is used, in bytes; -1 is unknown.
type DeviceMemory struct {
	Allocated int64 // in tensors of this process
	Peak      int64 // of Allocated, since the process began or FreeCache
	Reserved  int64 // held for tensors of this process
	Free      int64 // of the device
	Total     int64 // of the device
}

// MemoryOf returns how much memory of a CUDA device is used.
func MemoryOf(device int) DeviceMemory {
	var m [5]C.int64_t
	C.tx_memory(C.int(device), &m[0])
	checkCall("memory of the device")
	return DeviceMemory{int64(m[0]), int64(m[1]), int64(m[2]), int64(m[3]), int64(m[4])}
}

// FreeCache gives memory that no tensor uses back to the CUDA devices, and begins
// to count peaks anew.
func FreeCache() {
	C.tx_empty_cache()
	checkCall("free the cache")
}

// Resident returns how many bytes of the machine's memory the process holds.
func Resident() (int64, error) {
	const status = "/proc/self/status"
	text, err := os.ReadFile(status)
	if err != nil {
		return 0, err
	}
	var kib int64
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	if _, err := fmt.Sscanf(string(rest), "%d kB", &kib); err != nil {
		return 0, fmt.Errorf("read VmRSS of %s: %w", status, err)
	}
	return kib << 10, nil
}
