package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// killStrays kills every process that carries the mark in its environment and
// returns their names. The plugin's process group is gone by now: these have
// left it, as daemons do.
func killStrays(mark string) []string {
	var names []string
	const passes = 10 // one that is being killed may fork once more
	for range passes {
		found := strays([]byte(markName + "=" + mark))
		if len(found) == 0 {
			break
		}
		for _, pid := range found {
			name, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
			if syscall.Kill(pid, syscall.SIGKILL) == nil && len(names) < passes {
				names = append(names, strings.TrimSpace(string(name)))
			}
		}
	}
	return names
}

// cpuTime returns the time that processes with the mark have used so far, in
// ticks of the kernel's clock: one that works in silence is not hung.
func cpuTime(mark string) (ticks int64, ok bool) {
	for _, pid := range strays([]byte(markName + "=" + mark)) {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			continue
		}
		// Behind the name, which may hold anything, in parentheses.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		const user, system = 11, 12
		if len(fields) <= system {
			continue
		}
		for _, field := range fields[user : system+1] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err == nil {
				ticks += n
			}
		}
	}
	return ticks, true
}

func strays(mark []byte) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// A zombie has no environment any more, and others' cannot be read.
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && bytes.Contains(env, mark) {
			found = append(found, pid)
		}
	}
	return found
}
