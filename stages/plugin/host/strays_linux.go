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
