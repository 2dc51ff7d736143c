package collect

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// entry is one file of an archive or folder. Folders are no entries: only
// files matter to the cache.
type entry struct {
	name  string // as the archive has it
	other string // what it is, if not a regular file: "symbolic link"
	exec  bool
	open  func() (io.ReadCloser, error) // valid until the next entry
}

// format is what a file is, by its first bytes.
type format string

const (
	formatZip   format = "zip"
	formatTar   format = "tar"
	formatGzip  format = "gzip"
	formatZstd  format = "zstd"
	formatOther format = ""
)

// maxZstdWindow is the most memory that a zstd file may ask for; the zstd
// program draws the same line.
const maxZstdWindow = 128 << 20

// sniff returns the format of a file that begins with head (512 bytes, or all).
func sniff(head []byte) format {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return formatZip
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return formatGzip
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return formatZstd
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return formatTar
	}
	return formatOther
}

// peek returns the format of what r yields, and r with nothing taken from it.
func peek(r io.Reader) (format, io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return formatOther, nil, err
	}
	return sniff(head), buffered, nil
}

// decompress returns what the compressed stream r holds.
func decompress(f format, r io.Reader) (io.ReadCloser, error) {
	switch f {
	case formatGzip:
		return gzip.NewReader(r)
	case formatZstd:
		dec, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, err
		}
		return dec.IOReadCloser(), nil
	}
	return nil, errors.New("it is neither gzip nor zstd: leave decompress out, or unpack an archive with unpack = true")
}

// eachEntry hands over the entries of the archive in f, which is size bytes
// long. Compressed streams are read through capped, which bounds them.
func eachEntry(f *os.File, size int64, capped func(io.Reader) io.Reader, yield func(entry) error) error {
	kind, r, err := peek(f)
	if err != nil {
		return err
	}
	switch kind {
	case formatZip:
		return eachZipEntry(f, size, yield)
	case formatTar:
		return eachTarEntry(r, yield)
	case formatOther:
		return errors.New("it is no archive: formats are zip, tar, tar.gz and tar.zst")
	}
	stream, err := decompress(kind, r)
	if err != nil {
		return err
	}
	defer stream.Close() //nolint:errcheck // opened for reading only
	inner, r, err := peek(capped(stream))
	if err != nil {
		return err
	}
	if inner != formatTar {
		return fmt.Errorf("it is one file in %s, no archive: use decompress = true in place of unpack", kind)
	}
	if err := eachTarEntry(r, yield); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r) // to the checksum at its end
	return err
}

func eachTarEntry(r io.Reader, yield func(entry) error) error {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e := entry{
			name: header.Name,
			exec: header.Mode&0o100 != 0,
			open: func() (io.ReadCloser, error) { return io.NopCloser(archive), nil },
		}
		switch header.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg, tar.TypeGNUSparse:
		case tar.TypeSymlink:
			e.other = "symbolic link"
		case tar.TypeLink:
			e.other = "hard link"
		default:
			e.other = "special file"
		}
		if err := yield(e); err != nil {
			return err
		}
	}
}

func eachZipEntry(r io.ReaderAt, size int64, yield func(entry) error) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, file := range archive.File {
		mode := file.Mode()
		if mode.IsDir() || strings.HasSuffix(file.Name, "/") {
			continue
		}
		e := entry{name: file.Name, exec: mode&0o100 != 0, open: file.Open}
		switch {
		case mode&fs.ModeSymlink != 0:
			e.other = "symbolic link"
		case !mode.IsRegular():
			e.other = "special file"
		case file.Flags&1 != 0:
			e.other = "encrypted file"
		}
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

// eachFolderEntry hands over the files of a folder, sorted by name in each.
func eachFolderEntry(ctx context.Context, dir string, yield func(entry) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{
			name: filepath.ToSlash(name),
			exec: info.Mode()&0o100 != 0,
			open: func() (io.ReadCloser, error) { return os.Open(path) },
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			e.other = "symbolic link"
		case !info.Mode().IsRegular():
			e.other = "special file"
		}
		return yield(e)
	})
}
