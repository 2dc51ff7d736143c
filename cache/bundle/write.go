package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"repro/cache"
)

// Write writes a bundle of the files, in the order of their paths, and of their
// digests. Files are read once, one after the other, and never held in memory.
// A file that does not have its digest is an error that wraps cache.ErrCorrupt.
func Write(ctx context.Context, w io.Writer, files []File) error {
	files = slices.SortedFunc(slices.Values(files), func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	var sums bytes.Buffer
	for i, f := range files {
		if !fs.ValidPath(f.Path) || !clean(f.Path) || f.Path == "." {
			return fmt.Errorf("%q cannot be the path of a file in a bundle", f.Path)
		}
		if i > 0 && files[i-1].Path == f.Path {
			return fmt.Errorf("the bundle would have two files %s", f.Path)
		}
		fmt.Fprintf(&sums, "%s  %s\n", f.Digest.Hex(), f.Path)
	}
	files = append(files, Bytes(SumsFile, sums.Bytes()))
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	z := zip.NewWriter(w)
	// A sixth of the time of the standard library's, for 3 % more bytes.
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	for _, f := range files {
		if err := f.write(ctx, z); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return z.Close()
}

// noClock is the time of all files, so that the same files make the same bytes:
// the earliest that zip files have.
var noClock = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// write adds the file to a zip file.
func (f File) write(ctx context.Context, z *zip.Writer) (err error) {
	h := &zip.FileHeader{Name: f.Path, Method: zip.Deflate, Modified: noClock}
	h.SetMode(0o644)
	if f.Exec {
		h.SetMode(0o755)
	}
	to, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	from, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	hasher := cache.NewHasher()
	if _, err := io.Copy(io.MultiWriter(to, hasher), contextReader{ctx, from}); err != nil {
		return err
	}
	if got := hasher.Digest(); got != f.Digest {
		return fmt.Errorf("%w: it changed while it was read", cache.ErrCorrupt)
	}
	return nil
}

// contextReader ends with the error of its context.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}
