package disk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
)

func TestFullDiskIsACleanError(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]struct{ size, other int }{
		"files":       {size: 1 << 20},
		"small blobs": {size: 16 << 10},
		"by others":   {size: 16 << 10, other: 100 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := smallDisk(t, 80<<20)
			store := filepath.Join(dir, "cache")
			s, err := disk.Open(store, disk.Options{Warn: func(m string) { t.Log(m) }})
			if err != nil {
				t.Fatal(err)
			}
			var failed error
			n := 0
			for ; failed == nil; n++ {
				if n == 100 && fill.other > 0 {
					// What is being written when the last byte goes cannot be
					// protected: Badger writes tables through memory maps.
					if err := s.Sync(t.Context()); err != nil {
						t.Fatal(err)
					}
					// Fails when the disk is full, which is what it is for.
					_ = os.WriteFile(filepath.Join(dir, "other"), make([]byte, fill.other), 0o644)
				}
				failed = recordOne(t, s, n, fill.size)
			}
			if !errors.Is(failed, unix.ENOSPC) || !strings.Contains(failed.Error(), store) {
				t.Errorf("error %q, want ENOSPC and the folder", failed)
			}
			if left, err := os.ReadDir(filepath.Join(store, "work")); err != nil || len(left) > 0 {
				t.Errorf("left in work: %v, %v", left, err)
			}
			if err := s.Close(); err != nil && !errors.Is(err, unix.ENOSPC) {
				t.Errorf("close: %v", err)
			}
			if err := os.RemoveAll(filepath.Join(dir, "other")); err != nil {
				t.Fatal(err)
			}

			s, err = disk.Open(store, disk.Options{})
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for i := range n {
				r, err := s.Lookup(t.Context(), crashKey(i))
				if errors.Is(err, cache.ErrMiss) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				found++
				if _, err := cache.ReadBlob(t.Context(), s, r.Outputs["out"].Digest); err != nil {
					t.Errorf("result %d: %v", i, err)
				}
			}
			if found == 0 {
				t.Error("no result was kept")
			}
			t.Logf("kept %d of %d results", found, n)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenOnFullDiskIsACleanError(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 8<<20)
	_, err := disk.Open(filepath.Join(dir, "cache"), disk.Options{})
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), dir) {
		t.Errorf("open: %v, want ENOSPC and the folder", err)
	}
}

func recordOne(t *testing.T, s *disk.Store, i, size int) error {
	d, err := cache.PutBytes(t.Context(), s, cachetest.Bytes(size, uint64(i)))
	if err != nil {
		return err
	}
	r := &cache.Result{Outputs: map[string]cache.Artifact{"out": {Digest: d}}}
	return s.Record(t.Context(), crashKey(i), r)
}

func TestAFullDiskCanBeEmptied(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"files": 1 << 20, "small blobs": 16 << 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := filepath.Join(smallDisk(t, 80<<20), "cache")
			s, err := disk.Open(store, disk.Options{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for ; err == nil; n++ {
				err = recordOne(t, s, n, size)
			}
			if err := errors.Join(err, s.Close()); !errors.Is(err, unix.ENOSPC) {
				t.Fatal(err)
			}
			if s, err = disk.Open(store, disk.Options{}); err != nil {
				t.Fatal(err)
			}
			list := stored(t, s)
			if err := s.Remove(t.Context(), list); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, store, disk.Options{})
			if left := stored(t, s); len(list) < 10 || len(left) > 0 {
				t.Errorf("%d of %d blobs left", len(left), len(list))
			}
			for i := range n / 2 {
				if err := recordOne(t, s, i, size); err != nil {
					t.Fatalf("after %d of %d: %v", i, n, err)
				}
			}
		})
	}
}

// smallDisk returns a folder on a file system of its own with size bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skip("cannot mount a tmpfs here:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}
