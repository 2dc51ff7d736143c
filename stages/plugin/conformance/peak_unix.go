//go:build unix && !linux

package conformance

import (
	"os/exec"
	"runtime"
	"syscall"
)

// watch runs cmd and returns the most memory that it had resident, in bytes.
func watch(cmd *exec.Cmd) (peak int64, err error) {
	err = cmd.Run()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = int64(usage.Maxrss)
		if runtime.GOOS != "darwin" { // which counts bytes
			peak <<= 10
		}
	}
	return peak, err
}
