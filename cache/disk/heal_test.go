package disk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
)

// warnings collects what a store warns of.
type warnings struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *warnings) add(message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.WriteString(message + "\n")
}

func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestDamagedBlobFileIsFoundAndHealed(t *testing.T) {
	t.Parallel()
	want := cachetest.Bytes(100<<10, 1)
	d := cache.Of(want)
	for name, test := range map[string]struct {
		quiet bool // the file's time is as before
		find  func(t *testing.T, s *disk.Store)
	}{
		"by asking": {find: func(t *testing.T, s *disk.Store) {}},
		"by reading": {quiet: true, find: func(t *testing.T, s *disk.Store) {
			if _, err := cache.ReadBlob(t.Context(), s, d); !errors.Is(err, cache.ErrCorrupt) {
				t.Errorf("read: %v, want ErrCorrupt", err)
			}
		}},
		"by verifying": {find: func(t *testing.T, s *disk.Store) {
			if err := s.Verify(t.Context(), d); !errors.Is(err, cache.ErrCorrupt) {
				t.Errorf("verify: %v, want ErrCorrupt", err)
			}
		}},
		"by putting": {find: func(t *testing.T, s *disk.Store) {
			if _, err := cache.PutBytes(t.Context(), s, want); err != nil {
				t.Errorf("put: %v", err)
			}
			if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || !bytes.Equal(got, want) {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			damage(t, s, d, false)
		}},
		"by linking": {find: func(t *testing.T, s *disk.Store) {
			if err := s.Link(t.Context(), d, filepath.Join(t.TempDir(), "link")); !errors.Is(err, cache.ErrMiss) {
				t.Errorf("link: %v, want ErrMiss", err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var warned warnings
			s := open(t, dir, disk.Options{Warn: warned.add})
			if _, err := cache.PutBytes(t.Context(), s, want); err != nil {
				t.Fatal(err)
			}
			damage(t, s, d, test.quiet)
			test.find(t, s)
			if missing, err := s.Missing(t.Context(), []cache.Digest{d}); err != nil || len(missing) != 1 {
				t.Errorf("missing: %v, %v; want the blob", missing, err)
			}
			if !strings.Contains(warned.String(), d.Hex()) {
				t.Errorf("warnings %q do not name the blob", warned.String())
			}
			if kept, err := os.ReadFile(filepath.Join(dir, "corrupt", d.Hex())); err != nil || len(kept) != len(want) {
				t.Errorf("kept for inspection: %d bytes, %v", len(kept), err)
			}
			if _, err := cache.PutBytes(t.Context(), s, want); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, disk.Options{})
			if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || !bytes.Equal(got, want) {
				t.Errorf("after healing: read %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestTouchedButGoodBlobFileStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var warned warnings
	s := open(t, dir, disk.Options{Warn: warned.add})
	d, err := cache.PutBytes(t.Context(), s, cachetest.Bytes(100<<10, 1))
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(blobFile(dir, d), later, later); err != nil {
		t.Fatal(err)
	}
	if missing, err := s.Missing(t.Context(), []cache.Digest{d}); err != nil || len(missing) > 0 {
		t.Errorf("missing: %v, %v; want none", missing, err)
	}
	if err := s.Verify(t.Context(), d); err != nil {
		t.Errorf("verify: %v", err)
	}
	if warned.String() != "" {
		t.Errorf("warned: %s", warned.String())
	}
}

func TestRemovedBlobFileIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	b := cachetest.Bytes(100<<10, 1)
	d, err := cache.PutBytes(t.Context(), s, b)
	if err != nil {
		t.Fatal(err)
	}
	// Once while it waits to be synced, once after that.
	for range 2 {
		if err := os.Remove(blobFile(dir, d)); err != nil {
			t.Fatal(err)
		}
		if err := s.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if missing, err := s.Missing(t.Context(), []cache.Digest{d}); err != nil || len(missing) != 1 {
			t.Errorf("missing: %v, %v; want the blob", missing, err)
		}
		if _, err := s.Open(t.Context(), d); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("open: %v, want ErrMiss", err)
		}
		if err := s.Put(t.Context(), d, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		if err := s.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedIndexRowsAreMadeAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small := cachetest.Bytes(5000, 1)
	key := cache.Of([]byte("action"))
	const port = "an output with a name that occurs nowhere else"
	r := &cache.Result{Outputs: map[string]cache.Artifact{port: {Digest: cache.Of(small)}}}
	fill := func(s *disk.Store) {
		t.Helper()
		if _, err := cache.PutBytes(t.Context(), s, small); err != nil {
			t.Fatal(err)
		}
		if err := s.Record(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	fill(open(t, dir, disk.Options{}))
	flip(t, dir, small[1000:1100])
	flip(t, dir, []byte(port))

	var warned warnings
	s := open(t, dir, disk.Options{Warn: warned.add})
	if _, err := s.Lookup(t.Context(), key); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("lookup: %v, want ErrMiss", err)
	}
	if _, err := s.Open(t.Context(), cache.Of(small)); !errors.Is(err, cache.ErrCorrupt) {
		t.Errorf("open: %v, want ErrCorrupt", err)
	}
	if missing, err := s.Missing(t.Context(), []cache.Digest{cache.Of(small)}); err != nil || len(missing) != 1 {
		t.Errorf("missing: %v, %v; want the blob", missing, err)
	}
	if !strings.Contains(warned.String(), "damaged") {
		t.Errorf("warnings: %q", warned.String())
	}
	fill(s)
	s = open(t, dir, disk.Options{})
	if got, err := cache.ReadBlob(t.Context(), s, cache.Of(small)); err != nil || !bytes.Equal(got, small) {
		t.Errorf("after healing: read %d bytes, %v", len(got), err)
	}
	if _, err := s.Lookup(t.Context(), key); err != nil {
		t.Errorf("after healing: lookup: %v", err)
	}
}

func blobFile(dir string, d cache.Digest) string {
	return filepath.Join(dir, "blobs", d.Hex()[:2], d.Hex())
}

// damage flips a bit of the file of d, in place.
func damage(t *testing.T, s *disk.Store, d cache.Digest, quiet bool) {
	t.Helper()
	link := filepath.Join(t.TempDir(), "link")
	if err := s.Link(t.Context(), d, link); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(link)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(link, 0o644); err != nil {
		t.Fatal(err)
	}
	b[len(b)/3] ^= 4
	if err := os.WriteFile(link, b, 0o644); err != nil {
		t.Fatal(err)
	}
	when := info.ModTime()
	if !quiet {
		when = when.Add(time.Second) // file systems' clocks may be too coarse to show it
	}
	if err := os.Chtimes(link, when, when); err != nil {
		t.Fatal(err)
	}
}

// flip flips a bit of the text wherever it is in the files of a closed index.
func flip(t *testing.T, dir string, text []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "index", "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(b, text); at >= 0 {
			found++
			b[at+len(text)/2] ^= 1
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found == 0 {
		t.Fatalf("%q is nowhere in the index", text)
	}
}
