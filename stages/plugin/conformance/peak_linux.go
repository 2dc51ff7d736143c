package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watch runs cmd and returns the most memory that it had resident, in bytes.
//
// The kernel's own answer after the program has ended cannot be less than what
// this process, whose memory the new one shares until it executes the program,
// ever had. Where that may be the larger of the two, what counts is what was
// seen while the program ran.
func watch(cmd *exec.Cmd) (peak int64, err error) {
	own := highWater("self")
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	const pause = 5 * time.Millisecond
	pid := strconv.Itoa(cmd.Process.Pid)
	ended, watched := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		var seen int64
		for {
			select {
			case <-ticker.C:
				seen = max(seen, highWater(pid))
			case <-ended:
				watched <- seen
				return
			}
		}
	}()
	err = cmd.Wait()
	close(ended)
	peak = <-watched
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && usage.Maxrss<<10 > own {
		peak = usage.Maxrss << 10
	}
	return peak, err
}

// highWater returns the most memory that a process had resident, in bytes, or
// 0 if it has none any more.
func highWater(pid string) int64 {
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kib, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return kib << 10
}
