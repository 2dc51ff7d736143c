package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Artifact is what a port of a stage carries: one file or one folder.
type Artifact struct {
	Digest Digest `json:"digest"`         // of the file, or of the folder's manifest (see Tree)
	Tree   bool   `json:"tree,omitempty"` // whether it is a folder
}

// Tree is the manifest of a folder: its files, sorted by path. Empty folders,
// permissions other than "executable", owners and times are no part of it.
type Tree []Entry

// Entry is one file of a Tree.
type Entry struct {
	Path   string // slash-separated, relative, clean, without ".."
	Digest Digest
	Exec   bool // executable by its owner
}

// treeHeader is the first line of every manifest; it carries the format's number.
const treeHeader = "repro tree 1\n"

// Encode returns the manifest's bytes: a header line, then a line
// "MODE HEX/SIZE PATH" for each file, where MODE is f or x.
func (t Tree) Encode() []byte {
	var b bytes.Buffer
	b.WriteString(treeHeader)
	for _, e := range t {
		mode := "f"
		if e.Exec {
			mode = "x"
		}
		fmt.Fprintf(&b, "%s %s %s\n", mode, e.Digest, e.Path)
	}
	return b.Bytes()
}

// ParseTree reads a manifest. It refuses paths that are not clean, that leave
// the folder, that are out of order or that occur twice, and so never lets a
// manifest from elsewhere write outside the folder it is unpacked into.
func ParseTree(b []byte) (Tree, error) {
	rest, ok := bytes.CutPrefix(b, []byte(treeHeader))
	if !ok {
		return nil, errors.New("folder manifest: no header")
	}
	var tree Tree
	for line := range strings.Lines(string(rest)) {
		line, ok := strings.CutSuffix(line, "\n")
		if !ok {
			return nil, errors.New("folder manifest: cut short")
		}
		entry, err := parseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("folder manifest: %w", err)
		}
		if n := len(tree); n > 0 && tree[n-1].Path >= entry.Path {
			return nil, fmt.Errorf("folder manifest: %q is out of order", entry.Path)
		}
		tree = append(tree, entry)
	}
	return tree, nil
}

func parseEntry(line string) (Entry, error) {
	mode, rest, _ := strings.Cut(line, " ")
	digest, name, ok := strings.Cut(rest, " ")
	if !ok || (mode != "f" && mode != "x") {
		return Entry{}, fmt.Errorf("bad line %q", line)
	}
	d, err := ParseDigest(digest)
	if err != nil {
		return Entry{}, err
	}
	if err := checkTreePath(name); err != nil {
		return Entry{}, err
	}
	return Entry{Path: name, Digest: d, Exec: mode == "x"}, nil
}

func checkTreePath(name string) error {
	if !fs.ValidPath(name) || name == "." || path.Clean(name) != name || strings.ContainsAny(name, "\n\\\x00") {
		return fmt.Errorf("path %q is not a clean relative path", name)
	}
	return nil
}

// LoadTree reads and parses the manifest of a folder from blobs.
func LoadTree(ctx context.Context, blobs Blobs, d Digest) (Tree, error) {
	b, err := ReadBlob(ctx, blobs, d)
	if err != nil {
		return nil, err
	}
	return ParseTree(b)
}

// ReadBlob returns the whole blob d. Use it for small blobs only.
func ReadBlob(ctx context.Context, blobs Blobs, d Digest) (_ []byte, err error) {
	r, err := blobs.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// PutBytes stores b and returns its digest.
func PutBytes(ctx context.Context, blobs Blobs, b []byte) (Digest, error) {
	d := Of(b)
	return d, blobs.Put(ctx, d, bytes.NewReader(b))
}

// ImportArtifact stores the file or folder at name. The files themselves may
// be moved into the store (see Importer), so name must not be used afterwards.
// A symbolic link, a device or any other special file is an error: it would
// mean something else on another machine.
func ImportArtifact(ctx context.Context, blobs Blobs, name string) (Artifact, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return Artifact{}, err
	}
	if info.Mode().IsRegular() {
		d, err := importFile(ctx, blobs, name)
		return Artifact{Digest: d}, err
	}
	if !info.IsDir() {
		return Artifact{}, fmt.Errorf("%s: not a regular file or folder", name)
	}
	tree, err := WalkTree(name, func(file string) (Digest, error) { return importFile(ctx, blobs, file) })
	if err != nil {
		return Artifact{}, err
	}
	d, err := PutBytes(ctx, blobs, tree.Encode())
	return Artifact{Digest: d, Tree: true}, err
}

// WalkTree returns the manifest of the folder dir; digest names each file.
func WalkTree(dir string, digest func(file string) (Digest, error)) (Tree, error) {
	var tree Tree
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s: not a regular file or folder", file)
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if err := checkTreePath(rel); err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		d, err := digest(file)
		if err != nil {
			return err
		}
		tree = append(tree, Entry{Path: rel, Digest: d, Exec: info.Mode()&0o100 != 0})
		return nil
	})
	slices.SortFunc(tree, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return tree, err
}

// ExportArtifact makes the artifact appear at name, read-only. Its parent
// folder must exist and name must not.
func ExportArtifact(ctx context.Context, blobs Blobs, a Artifact, name string) error {
	if !a.Tree {
		return exportFile(ctx, blobs, a.Digest, name, false)
	}
	tree, err := LoadTree(ctx, blobs, a.Digest)
	if err != nil {
		return err
	}
	if err := os.Mkdir(name, 0o755); err != nil {
		return err
	}
	for _, e := range tree {
		file := filepath.Join(name, filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := exportFile(ctx, blobs, e.Digest, file, e.Exec); err != nil {
			return err
		}
	}
	return nil
}

func importFile(ctx context.Context, blobs Blobs, name string) (Digest, error) {
	if importer, ok := blobs.(Importer); ok {
		return importer.Import(ctx, name)
	}
	d, err := OfFile(name)
	if err != nil {
		return Digest{}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return Digest{}, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return d, blobs.Put(ctx, d, f)
}

func exportFile(ctx context.Context, blobs Blobs, d Digest, name string, exec bool) error {
	if linker, ok := blobs.(Linker); ok && !exec {
		return linker.Link(ctx, d, name)
	}
	mode := fs.FileMode(0o444)
	if exec {
		mode = 0o555
	}
	return CopyBlob(ctx, blobs, d, name, mode)
}

// CopyBlob writes the blob d to the new file name, which shares nothing with
// the store.
func CopyBlob(ctx context.Context, blobs Blobs, d Digest, name string, mode fs.FileMode) (err error) {
	r, err := blobs.Open(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// OfFile returns the digest of the file name.
func OfFile(name string) (Digest, error) {
	f, err := os.Open(name)
	if err != nil {
		return Digest{}, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return OfReader(f)
}
