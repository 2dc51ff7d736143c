package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watch runs cmd and returns the most memory that it had resident, in bytes.
//
// It is looked at while the program runs. What the kernel says after its end is
// of no use: it cannot be less than what this process ever had, whose memory
// the new one shares until it executes the program.
func watch(cmd *exec.Cmd) (peak int64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	const pause = 2 * time.Millisecond
	pid := strconv.Itoa(cmd.Process.Pid)
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for {
			peak = max(peak, highWater(pid))
			select {
			case <-ticker.C:
			case <-ended:
				return
			}
		}
	})
	err = cmd.Wait()
	close(ended)
	watching.Wait()
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
