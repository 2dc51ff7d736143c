package cache_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/disk"
	"repro/cache/mem"
	"repro/internal/testkit"
)

func sampleTree() cache.Tree {
	return cache.Tree{
		{Path: "a b", Digest: cache.Of([]byte("space"))},
		{Path: "bin/run", Digest: cache.Of([]byte("x")), Exec: true},
		{Path: "carriage\rreturn\r", Digest: cache.Of(nil)},
		{Path: "größe/日本", Digest: cache.Of([]byte("unicode"))},
	}
}

func TestTreeBytesStayTheSame(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for line := range strings.Lines(string(sampleTree().Encode())) {
		fmt.Fprintf(&got, "%q\n", line)
	}
	testkit.Golden(t, "tree.golden", got.String())
}

func TestTreeComesBackFromItsBytes(t *testing.T) {
	t.Parallel()
	long := cache.Tree{{Path: strings.Repeat("long/", 1<<19) + "x", Digest: cache.Of(nil)}}
	for _, want := range []cache.Tree{nil, sampleTree(), long} {
		got, err := cache.ParseTree(want.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestBadTreeIsRefused(t *testing.T) {
	t.Parallel()
	file := func(path string) string { return "f " + cache.Of(nil).String() + " " + path + "\n" }
	for name, lines := range map[string]string{
		"parent":        file("../x"),
		"inner parent":  file("a/../../x"),
		"only dots":     file(".."),
		"the folder":    file("."),
		"no path":       file(""),
		"absolute":      file("/etc/passwd"),
		"trailing /":    file("a/"),
		"double /":      file("a//b"),
		"dot":           file("./a"),
		"backslash":     file(`a\..\b`),
		"zero byte":     file("a\x00b"),
		"not utf-8":     file("a\xff"),
		"twice":         file("a") + file("a"),
		"out of order":  file("b") + file("a"),
		"unknown mode":  "d" + file("a")[1:],
		"no mode":       file("a")[2:],
		"no digest":     "f a\n",
		"bad digest":    "f e3b0/0 a\n",
		"empty line":    "\n" + file("a"),
		"cut short":     file("a")[:len(file("a"))-1],
		"windows lines": strings.ReplaceAll(file("a"), " ", "\r"),
	} {
		if tree, err := cache.ParseTree([]byte("repro tree 1\n" + lines)); err == nil {
			t.Errorf("%s: read as %v", name, tree)
		}
	}
	for _, header := range []string{"", "repro tree 1", "repro tree 2\n", "\nrepro tree 1\n"} {
		if tree, err := cache.ParseTree([]byte(header)); err == nil {
			t.Errorf("header %q: read as %v", header, tree)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add(sampleTree().Encode())
	f.Add([]byte("repro tree 1\nf " + cache.Of(nil).String() + " ../x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tree, err := cache.ParseTree(b)
		if err != nil {
			return
		}
		if !bytes.Equal(tree.Encode(), b) {
			t.Errorf("%q is read as a folder with another manifest", b)
		}
		for _, e := range tree {
			if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
				t.Errorf("%q leaves the folder", e.Path)
			}
		}
	})
}

// stores are the ways in which artifacts are imported and exported: copied, and
// moved and linked.
func stores(t *testing.T) map[string]cache.Store {
	t.Helper()
	onDisk, err := disk.Open(filepath.Join(t.TempDir(), "cache"), disk.Options{SmallBlob: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onDisk.Close(); err != nil {
			t.Error(err)
		}
	})
	return map[string]cache.Store{"mem": mem.New(), "disk": onDisk}
}

func TestFolderGoesInAndOut(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		dir := t.TempDir()
		in := filepath.Join(dir, "in")
		// "b-" sorts before "b/" as a path, after it as a name.
		write(t, filepath.Join(in, "b-"), "minus", 0o644)
		write(t, filepath.Join(in, "b", "run"), "#!/bin/sh", 0o755)
		write(t, filepath.Join(in, "größe", "日本"), "", 0o600)
		if err := os.MkdirAll(filepath.Join(in, "empty", "folder"), 0o755); err != nil {
			t.Fatal(err)
		}
		a, err := cache.ImportArtifact(t.Context(), s, in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := cache.Tree{
			{Path: "b-", Digest: cache.Of([]byte("minus"))},
			{Path: "b/run", Digest: cache.Of([]byte("#!/bin/sh")), Exec: true},
			{Path: "größe/日本", Digest: cache.Of(nil)},
		}
		tree, err := cache.LoadTree(t.Context(), s, a.Digest)
		if err != nil || !a.Tree {
			t.Fatalf("%s: %+v, %v", name, a, err)
		}
		if diff := cmp.Diff(want, tree); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}

		out := filepath.Join(dir, "out")
		if err := cache.ExportArtifact(t.Context(), s, a, out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for path, mode := range map[string]fs.FileMode{"b-": 0o444, "b/run": 0o555, "größe/日本": 0o444} {
			info, err := os.Lstat(filepath.Join(out, path))
			if err != nil || info.Mode() != mode {
				t.Errorf("%s: %s: %v, %v; want mode %v", name, path, info, err, mode)
			}
		}
		again, err := cache.WalkTree(out, func(file string) (cache.Digest, error) {
			b, err := os.ReadFile(file)
			return cache.Of(b), err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Errorf("%s: exported (-want +got):\n%s", name, diff)
		}
		if err := cache.ExportArtifact(t.Context(), s, a, out); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: export over a folder: %v, want fs.ErrExist", name, err)
		}
	}
}

func TestFileGoesInAndOut(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "in"), "text", 0o755)
		a, err := cache.ImportArtifact(t.Context(), s, filepath.Join(dir, "in"))
		if want := (cache.Artifact{Digest: cache.Of([]byte("text"))}); err != nil || a != want {
			t.Fatalf("%s: %+v, %v", name, a, err)
		}
		out := filepath.Join(dir, "out")
		if err := cache.ExportArtifact(t.Context(), s, a, out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(out); err != nil || string(b) != "text" {
			t.Errorf("%s: exported %q, %v", name, b, err)
		}
		if err := cache.ExportArtifact(t.Context(), s, a, out); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: export over a file: %v, want fs.ErrExist", name, err)
		}
		lost := cache.Artifact{Digest: cache.Of([]byte("lost")), Tree: true}
		if err := cache.ExportArtifact(t.Context(), s, lost, filepath.Join(dir, "lost")); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("%s: export of a lost folder: %v, want ErrMiss", name, err)
		}
	}
}

func TestOnlyFilesAndFoldersAreImported(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "secret"), "secret", 0o600)
		in := filepath.Join(dir, "in")
		write(t, filepath.Join(in, "file"), "file", 0o644)
		for link, target := range map[string]string{
			"in/link":    "../secret",
			"in/inside":  "file",
			"in/dangles": "absent",
			"in/folder":  ".",
			"alone":      "secret",
		} {
			file := filepath.Join(dir, link)
			if err := os.Symlink(target, file); err != nil {
				t.Fatal(err)
			}
			whole := in
			if link == "alone" {
				whole = file
			}
			if a, err := cache.ImportArtifact(t.Context(), s, whole); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: with %s → %s: %+v, %v; want an error that names the link", name, link, target, a, err)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(in, "file"), "file", 0o644) // it may have been moved away
		}
		write(t, filepath.Join(in, `back\slash`), "", 0o644)
		if a, err := cache.ImportArtifact(t.Context(), s, in); err == nil {
			t.Errorf("%s: a path with a backslash was imported: %+v", name, a)
		}
		if _, err := cache.ImportArtifact(t.Context(), s, filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: import of nothing: %v, want fs.ErrNotExist", name, err)
		}
	}
}

// A manifest that was made by somebody else must not write outside of the
// folder that it is exported to.
func TestManifestThatLeavesItsFolderIsNotExported(t *testing.T) {
	t.Parallel()
	for name, s := range stores(t) {
		dir := t.TempDir()
		evil, err := cache.PutBytes(t.Context(), s, []byte("evil"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"../escaped", "a/../../escaped", filepath.Join(dir, "escaped")} {
			manifest, err := cache.PutBytes(t.Context(), s, cache.Tree{{Path: path, Digest: evil}}.Encode())
			if err != nil {
				t.Fatal(err)
			}
			a := cache.Artifact{Digest: manifest, Tree: true}
			if err := cache.ExportArtifact(t.Context(), s, a, filepath.Join(dir, "out")); err == nil {
				t.Errorf("%s: %q was exported", name, path)
			}
			if _, err := os.Lstat(filepath.Join(dir, "escaped")); err == nil {
				t.Errorf("%s: %q was written", name, path)
			}
		}
	}
}

func write(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
