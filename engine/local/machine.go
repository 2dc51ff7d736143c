package local

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Capacity is what an executor may occupy at any time.
type Capacity struct {
	CPUs   int
	Memory int64    // bytes
	GPUs   []string // devices as CUDA_VISIBLE_DEVICES names them, by index or UUID; none is there twice
}

// Machine returns what this machine offers: all CPUs that the process may use,
// all memory, and the GPUs that it may use.
func Machine() Capacity {
	return Capacity{CPUs: runtime.GOMAXPROCS(0), Memory: memory(), GPUs: gpus()}
}

// memory returns the machine's memory in bytes, or a guess where the kernel
// does not say.
func memory() int64 {
	const guess = 4 << 30
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return guess
	}
	for line := range strings.Lines(string(info)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return guess
}

// gpus returns the devices that CUDA_VISIBLE_DEVICES lists, by which people and
// schedulers say which are ours, or else one for each of NVIDIA's device nodes:
// those of CUDA_DEVICE_ORDER=PCI_BUS_ID, see command.GPUEnviron. The numbers of
// nodes do not count: where a container has /dev/nvidia3 alone, CUDA calls it 0.
func gpus() []string {
	if list, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		return listed(list)
	}
	nodes, _ := filepath.Glob("/dev/nvidia[0-9]*")
	devices := make([]string, len(nodes))
	for i := range nodes {
		devices[i] = strconv.Itoa(i)
	}
	return devices
}

// listed reads a value of CUDA_VISIBLE_DEVICES as CUDA does: devices up to the
// first that there cannot be, which is how "-1" and "NoDevFiles" say none.
func listed(list string) []string {
	var devices []string
	for device := range strings.SplitSeq(list, ",") {
		device = strings.TrimSpace(device)
		_, err := strconv.ParseUint(device, 10, 31)
		if err != nil && !strings.HasPrefix(device, "GPU-") && !strings.HasPrefix(device, "MIG-") {
			break
		}
		if !slices.Contains(devices, device) { // it must not have two holders
			devices = append(devices, device)
		}
	}
	return devices
}
