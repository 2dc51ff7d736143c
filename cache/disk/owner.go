package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"repro/cache"
)

// lockOwner locks the store in dir for this process until the file returned is
// closed. The kernel drops the lock of a process that dies.
func lockOwner(dir string) (_ *os.File, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "owner"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		pid, _ := io.ReadAll(io.LimitReader(f, 32)) // only makes the message better
		if pid := strings.TrimSpace(string(pid)); pid != "" {
			return nil, fmt.Errorf("open cache %s: %w (process %s)", dir, cache.ErrBusy, pid)
		}
		return nil, fmt.Errorf("open cache %s: %w", dir, cache.ErrBusy)
	case err != nil:
		return nil, fmt.Errorf("lock cache %s: %w", dir, err)
	}
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return f, err
}

// Owner reports whether a process has the store in the folder dir open, and its
// pid as it was written there; 0 if that cannot be read. It opens nothing.
func Owner(dir string) (pid int, open bool) {
	f, err := os.Open(filepath.Join(dir, "owner"))
	if err != nil {
		return 0, false
	}
	defer f.Close() //nolint:errcheck // it gives the lock back
	// A shared lock, so that several may ask at once.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, false
	}
	text, _ := io.ReadAll(io.LimitReader(f, 32))
	pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	return pid, true
}
