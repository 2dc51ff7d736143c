package cachetest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
)

func artifactsComeBack(t *testing.T, s cache.Store) {
	want := map[string][]byte{
		"a.txt":            []byte("a"),
		"empty":            nil,
		"deep/er/größe 日本": Bytes(1<<20, 5),
		"deep/same":        []byte("a"),
	}
	in := filepath.Join(t.TempDir(), "in")
	for name, b := range want {
		write(t, filepath.Join(in, name), b)
	}
	a, err := cache.ImportArtifact(t.Context(), s, in)
	if err != nil || !a.Tree {
		t.Fatalf("import: %+v, %v", a, err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := cache.ExportArtifact(t.Context(), s, a, out); err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	err = filepath.WalkDir(out, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(out, name) // name is below out
		got[filepath.ToSlash(rel)] = read(t, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s: %d bytes, want %d", name, len(got[name]), len(want[name]))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files came back, want %d", len(got), len(want))
	}
}

func importFiles(t *testing.T, s cache.Store) {
	importer, ok := s.(cache.Importer)
	if !ok {
		t.Skip("not a cache.Importer")
	}
	for name, size := range sizes {
		b := Bytes(size, 6)
		file := filepath.Join(t.TempDir(), "file")
		for range 2 { // the second time it is there already
			write(t, file, b)
			d, err := importer.Import(t.Context(), file)
			if err != nil || d != cache.Of(b) {
				t.Fatalf("%s: import: %v, %v", name, d, err)
			}
			if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%s: read %d bytes, %v; want %d", name, len(got), err, size)
			}
			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
		}
	}

	b := Bytes(1<<20, 7)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), b)
	if err := os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "second name")); err != nil {
		t.Skip("no hard links here:", err)
	}
	d, err := importer.Import(t.Context(), filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "second name"), []byte("changed"))
	if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || !bytes.Equal(got, b) {
		t.Errorf("after writing to the file's second name: read %d bytes, %v", len(got), err)
	}

	if err := os.Symlink("second name", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", ".", "absent"} {
		if _, err := importer.Import(t.Context(), filepath.Join(dir, name)); err == nil {
			t.Errorf("import of %q was not refused", name)
		}
	}
}

func linkBlobs(t *testing.T, s cache.Store) {
	linker, ok := s.(cache.Linker)
	if !ok {
		t.Skip("not a cache.Linker")
	}
	dir := t.TempDir()
	for name, size := range sizes {
		b := Bytes(size, 8)
		d := put(t, s, b)
		file := filepath.Join(dir, name)
		if err := linker.Link(t.Context(), d, file); err != nil {
			t.Fatalf("%s: link: %v", name, err)
		}
		if got := read(t, file); !bytes.Equal(got, b) {
			t.Errorf("%s: linked %d bytes, want %d", name, len(got), size)
		}
		info, err := os.Lstat(file)
		if err != nil || info.Mode() != 0o444 {
			t.Errorf("%s: mode %v, %v; want a read-only regular file", name, info.Mode(), err)
		}
		if err := linker.Link(t.Context(), d, file); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: link over a file: %v, want fs.ErrExist", name, err)
		}
		if err := linker.Verify(t.Context(), d); err != nil {
			t.Errorf("%s: verify: %v", name, err)
		}
	}
	absent := cache.Of([]byte("absent"))
	if err := linker.Link(t.Context(), absent, filepath.Join(dir, "absent")); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("link of a missing blob: %v, want ErrMiss", err)
	}
	if err := linker.Verify(t.Context(), absent); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("verify of a missing blob: %v, want ErrMiss", err)
	}
}

func verifyLinks(t *testing.T, s cache.Store) {
	linker, ok := s.(cache.Linker)
	if !ok {
		t.Skip("not a cache.Linker")
	}
	for name, size := range sizes {
		b := Bytes(size, 9)
		d := put(t, s, b)
		file := filepath.Join(t.TempDir(), name)
		if err := linker.Link(t.Context(), d, file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		write(t, file, append([]byte("changed "), b...))
		// Whether the file shares its bytes with the store is up to the store.
		err := linker.Verify(t.Context(), d)
		if err != nil && !errors.Is(err, cache.ErrCorrupt) {
			t.Errorf("%s: verify: %v, want nil or ErrCorrupt", name, err)
		}
		put(t, s, b)
		got, err := cache.ReadBlob(t.Context(), s, d)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: after putting it again: read %d bytes, %v; want %d", name, len(got), err, size)
		}
	}
}

func fileDigests(t *testing.T, s cache.Store) {
	files, ok := s.(cache.Files)
	if !ok {
		t.Skip("not a cache.Files")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	for _, text := range []string{"", "one", "two", "two", "longer"} {
		write(t, file, []byte(text))
		got, err := files.FileDigest(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cache.Of([]byte(text)), got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if _, err := files.FileDigest(t.Context(), filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("digest of a missing file: %v, want fs.ErrNotExist", err)
	}
	if _, err := files.FileDigest(t.Context(), dir); err == nil {
		t.Error("a folder was given a digest")
	}
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
