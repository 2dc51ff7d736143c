package disk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"repro/cache"
	"repro/cache/disk"
)

func TestSecondOpenerIsToldWhoIsFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := startChild(t, "hold", dir)
	child.line() // it has the store open

	_, err := disk.Open(dir, disk.Options{})
	if !errors.Is(err, cache.ErrBusy) {
		t.Fatalf("open: %v, want ErrBusy", err)
	}
	for _, part := range []string{dir, fmt.Sprint(child.pid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %s", err, part)
		}
	}

	child.kill()
	s := open(t, dir, disk.Options{})
	if _, err := disk.Open(dir, disk.Options{}); !errors.Is(err, cache.ErrBusy) {
		t.Errorf("open again in the same process: %v, want ErrBusy", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, disk.Options{})
}

func TestAtRestIsUnderTheLockAndBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := filepath.Join(dir, "work", "work-1")
	users := filepath.Join(dir, "work", "thesis")
	for _, name := range []string{left, users} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	there := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	called := 0
	rest := func() error {
		called++
		if _, busy := disk.Owner(dir); !busy {
			t.Error("nobody has the lock")
		}
		if !there(left) {
			t.Error("what was left is gone already")
		}
		return nil
	}
	s := open(t, dir, disk.Options{AtRest: rest, KeepWork: true})
	if _, err := disk.Open(dir, disk.Options{AtRest: rest}); !errors.Is(err, cache.ErrBusy) {
		t.Errorf("open again: %v, want ErrBusy", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !there(left) || called != 1 {
		t.Errorf("left there: %t; called %d times, want once", there(left), called)
	}
	failed := errors.New("no")
	if _, err := disk.Open(dir, disk.Options{AtRest: func() error { return failed }}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	open(t, dir, disk.Options{AtRest: rest})
	if there(left) || !there(users) {
		t.Errorf("left there: %t; the user's own there: %t", there(left), there(users))
	}
}

func TestOpenRemovesWorkOfDeadProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	work, err := s.WorkDir()
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.WorkDir()
	if err != nil || other == work {
		t.Fatalf("second folder %q, first %q, %v", other, work, err)
	}
	locked := filepath.Join(work, "locked")
	if err := os.Mkdir(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(locked, "file"), nil, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, disk.Options{Warn: func(m string) { t.Error(m) }})
	if left, err := os.ReadDir(filepath.Join(dir, "work")); err != nil || len(left) > 0 {
		t.Errorf("left in work: %v, %v", left, err)
	}
}

func TestTheOwnerIsKnownWhileItHasTheStoreOpen(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	if pid, isOpen := disk.Owner(dir); isOpen {
		t.Errorf("process %d has a store open that does not exist", pid)
	}
	s := open(t, dir, disk.Options{})
	for range 2 {
		if pid, isOpen := disk.Owner(dir); !isOpen || pid != os.Getpid() {
			t.Errorf("open %v, by process %d", isOpen, pid)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if pid, isOpen := disk.Owner(dir); isOpen {
		t.Errorf("process %d has a closed store open", pid)
	}
	open(t, dir, disk.Options{}) // asking left nothing locked
}

func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), disk.Options{})
	d, err := cache.PutBytes(t.Context(), s, []byte("blob"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	_, openErr := s.Open(t.Context(), d)
	_, lookupErr := s.Lookup(t.Context(), d)
	_, missingErr := s.Missing(t.Context(), []cache.Digest{d})
	for name, err := range map[string]error{
		"open":    openErr,
		"lookup":  lookupErr,
		"missing": missingErr,
		"put":     s.Put(t.Context(), d, strings.NewReader("blob")),
		"record":  s.Record(t.Context(), d, &cache.Result{}),
		"sync":    s.Sync(t.Context()),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v, want os.ErrClosed", name, err)
		}
	}
}
