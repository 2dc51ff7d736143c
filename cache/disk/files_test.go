package disk_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/disk"
)

func TestFileDigestNoticesEqualSizeAndTime(t *testing.T) {
	t.Parallel()
	file, s := oldFile(t, "first")
	digest := fileDigest(t, s, file)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	// In place, so that the inode stays as well: only the ctime tells.
	if err := os.WriteFile(file, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if got := fileDigest(t, s, file); got == digest || got != cache.Of([]byte("other")) {
		t.Errorf("after the change: %s, before: %s", got.Short(), digest.Short())
	}
}

func TestFileDigestIsRemembered(t *testing.T) {
	t.Parallel()
	file, s := oldFile(t, "text")
	want := fileDigest(t, s, file)
	got, err := s.FileDigest(&doneSoon{Context: t.Context()}, file)
	if err != nil || got != want {
		t.Errorf("the file was read again: %v", err)
	}
	if err := os.WriteFile(file, []byte("next"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FileDigest(&doneSoon{Context: t.Context()}, file); !errors.Is(err, context.Canceled) {
		t.Errorf("after a change the file was not read: %v", err)
	}
}

// doneSoon is a context that is cancelled once somebody has asked whether it
// is: too early for reading a file.
type doneSoon struct {
	context.Context
	asked bool
}

func (d *doneSoon) Err() error {
	if d.asked {
		return context.Canceled
	}
	d.asked = true
	return nil
}

func TestFileDigestOfYoungFileIsNotRemembered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "cache"), disk.Options{})
	file := filepath.Join(dir, "file")
	// Writing in the same tick of the file system's clock leaves no trace in a
	// file's times, so this fails sooner or later if young files are remembered.
	for i := range 300 {
		text := []byte{byte(i), byte(i >> 8)}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := fileDigest(t, s, file); got != cache.Of(text) {
			t.Fatalf("write %d: digest of an earlier text", i)
		}
	}
}

func TestFileDigestFollowsLinksToTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "cache"), disk.Options{})
	link := filepath.Join(dir, "link")
	for _, text := range []string{"one", "two"} {
		if err := os.WriteFile(filepath.Join(dir, text), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(link) // the first time there is none
		if err := os.Symlink(text, link); err != nil {
			t.Fatal(err)
		}
		if got := fileDigest(t, s, link); got != cache.Of([]byte(text)) {
			t.Errorf("link to %s: digest of something else", text)
		}
	}
	if err := os.Remove(filepath.Join(dir, "two")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FileDigest(t.Context(), link); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dangling link: %v, want fs.ErrNotExist", err)
	}
}

// oldFile returns a file that is old enough to be remembered, and a store.
func oldFile(t *testing.T, text string) (string, *disk.Store) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "cache"), disk.Options{})
	time.Sleep(2100 * time.Millisecond) // no call can set a ctime back
	return file, s
}

func fileDigest(t *testing.T, s *disk.Store, file string) cache.Digest {
	t.Helper()
	d, err := s.FileDigest(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
