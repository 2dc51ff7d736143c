//go:build unix && !linux

package host

// killStrays does nothing where a process's environment cannot be looked up.
func killStrays(string) []string { return nil }

// cpuTime is not known there either.
func cpuTime(string) (ticks int64, ok bool) { return 0, false }
