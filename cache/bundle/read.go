package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"repro/cache"
	"repro/cache/runs"
)

// How much of a bundle is read into memory: no bundle comes near it, and one
// that was made to fill a machine is refused.
const (
	mostText = 256 << 20 // of run.json, results.jsonl and the like
	mostItem = 64 << 20  // of an action or a folder's manifest
)

// mostRatio is how much larger than a zip file its files can be: deflate takes
// at least two bits for 258 bytes. More would have files that share their bytes.
const mostRatio = 1032

// Reader is an open bundle. It must be closed.
type Reader struct {
	Run     *runs.Run
	Results []Result

	name    string
	zip     *zip.ReadCloser
	digests map[*zip.File]cache.Digest
	files   map[cache.Digest]*zip.File // one of those that have the digest
	leftOut map[cache.Digest]bool
	needed  map[cache.Artifact]bool // those that want has looked at → whether they are whole
}

// Open opens the bundle in the file name and reads what it says of itself. The
// error wraps ErrInvalid if the file is there but is not a bundle.
func Open(name string) (_ *Reader, err error) {
	z, err := zip.OpenReader(name)
	var notThere *fs.PathError
	if errors.As(err, &notThere) {
		return nil, err
	}
	if err != nil {
		return nil, invalid("%s is no bundle, or was cut short: %w. Copy it once more, and compare sizes", name, err)
	}
	r := &Reader{name: name, zip: z}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", name, err), z.Close())
		}
	}()
	if err := r.index(); err != nil {
		return nil, err
	}
	return r, r.parse()
}

// Close closes the file.
func (r *Reader) Close() error { return r.zip.Close() }

// index notes which file has which digest.
func (r *Reader) index() error {
	info, err := os.Stat(r.name)
	if err != nil {
		return err
	}
	most := uint64(info.Size()) * mostRatio
	byPath := make(map[string]*zip.File, len(r.zip.File))
	for _, f := range r.zip.File {
		switch {
		case f.UncompressedSize64 > most:
			return invalid("its files would be larger than any of its %d bytes can be: %s of %d bytes", info.Size(), f.Name, f.UncompressedSize64)
		case !fs.ValidPath(f.Name) || !clean(f.Name):
			return invalid("it has a file %q, which would lie outside of its folder", f.Name)
		case !f.Mode().IsRegular():
			return invalid("%s is not a regular file", f.Name)
		case byPath[f.Name] != nil:
			return invalid("it has two files %s", f.Name)
		}
		byPath[f.Name] = f
		most -= f.UncompressedSize64
	}
	if byPath[SumsFile] == nil {
		return invalid("it has no file %s: it was not written by repro export", SumsFile)
	}
	sums, err := readAll(byPath[SumsFile], mostText)
	if err != nil {
		return err
	}
	r.digests = make(map[*zip.File]cache.Digest, len(byPath))
	r.files = make(map[cache.Digest]*zip.File, len(byPath))
	for line := range strings.Lines(string(sums)) {
		hex, path, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		hash, err := cache.ParseHash(hex)
		if !ok || err != nil {
			return invalid("%s has the line %q", SumsFile, line)
		}
		f := byPath[path]
		if f == nil {
			return invalid("it lacks the file %s", path)
		}
		if _, twice := r.digests[f]; twice {
			return invalid("%s lists %s twice", SumsFile, path)
		}
		d := cache.Digest{Hash: hash, Size: int64(f.UncompressedSize64)}
		r.digests[f], r.files[d] = d, f
	}
	for path, f := range byPath {
		if _, listed := r.digests[f]; !listed && path != SumsFile {
			return invalid("it has a file %s that %s does not list", path, SumsFile)
		}
	}
	return nil
}

// parse reads the files that Import needs.
func (r *Reader) parse() error {
	var h header
	// The version comes first: other versions may have other files.
	if err := r.decode(headerFile, &h); err != nil {
		return err
	}
	if h.Bundle != Version {
		return invalid("it is a bundle of version %d, and this repro reads version %d. It was written by repro %s: use that, or export it anew", h.Bundle, Version, h.Repro)
	}
	r.leftOut = make(map[cache.Digest]bool, len(h.LeftOut))
	for _, d := range h.LeftOut {
		r.leftOut[d] = true
	}
	r.Run = &runs.Run{}
	if err := r.decode(recordFile, r.Run); err != nil {
		return err
	}
	if err := runs.CheckID(r.Run.ID); err != nil {
		return invalid("%s: %w", recordFile, err)
	}
	b, err := r.text(resultsFile)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, mostItem)
	for n := 1; lines.Scan(); n++ {
		var line Result
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return invalid("%s, line %d: %w", resultsFile, n, err)
		}
		if line.Result == nil || !line.Result.Class.Known() || line.Result.Took < 0 {
			return invalid("%s, line %d: not a result", resultsFile, n)
		}
		r.Results = append(r.Results, line)
	}
	if err := lines.Err(); err != nil {
		return invalid("%s: %w", resultsFile, err)
	}
	return nil
}

func (r *Reader) decode(path string, to any) error {
	b, err := r.text(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return invalid("%s: %w", path, err)
	}
	return nil
}

// text returns the verified bytes of the file at path.
func (r *Reader) text(path string) ([]byte, error) {
	for f, d := range r.digests {
		if f.Name == path {
			return verified(f, d, mostText)
		}
	}
	return nil, invalid("it has no file %s", path)
}

// verified returns the bytes of a file, which must have the digest d.
func verified(f *zip.File, d cache.Digest, most uint64) ([]byte, error) {
	b, err := readAll(f, most)
	if err == nil && cache.Of(b) != d {
		err = damaged(f, cache.ErrCorrupt)
	}
	return b, err
}

func readAll(f *zip.File, most uint64) (_ []byte, err error) {
	if f.UncompressedSize64 > most {
		return nil, invalid("%s is of %d bytes, and %d are the most", f.Name, f.UncompressedSize64, most)
	}
	in, err := open(f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	b, err := io.ReadAll(in)
	if err != nil {
		return nil, damaged(f, err)
	}
	return b, nil
}

// open opens a file of the bundle for at most one byte more than it says that
// it has: what inflates to more is found out without inflating it all.
func open(f *zip.File) (io.ReadCloser, error) {
	in, err := f.Open()
	if err != nil {
		return nil, damaged(f, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(in, int64(f.UncompressedSize64)+1), in}, nil
}

func damaged(f *zip.File, err error) error {
	return invalid("%s is damaged: %w. Copy the bundle once more", f.Name, err)
}
