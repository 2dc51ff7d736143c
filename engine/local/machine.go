package local

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"repro/engine"
)

// Machine returns what this machine offers: all CPUs that the process may use,
// all memory, and one GPU for each NVIDIA device node that is visible.
func Machine() engine.Resources {
	return engine.Resources{CPUs: runtime.GOMAXPROCS(0), Memory: memory(), GPUs: gpus()}
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

func gpus() int {
	// CUDA_VISIBLE_DEVICES is how a scheduler says which devices are ours.
	if visible, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		if visible == "" || visible == "-1" {
			return 0
		}
		return len(strings.Split(visible, ","))
	}
	devices, _ := filepath.Glob("/dev/nvidia[0-9]*")
	return len(devices)
}
