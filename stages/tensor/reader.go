package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"repro/stages"
)

// readBytes is how many bytes of a tensor are in memory before they are
// converted.
const readBytes = 256 << 10

// Reader reads the tensors of a .safetensors file one by one. It may be used by
// several goroutines.
type Reader struct {
	Metadata map[string]string // free text; may be nil
	from     io.ReaderAt
	base     int64 // where the values begin
	entries  map[string]entry
	file     io.Closer // nil if the file is not the reader's
}

// OpenSafetensors opens the file name. The caller must close the reader. A
// damaged file is an error that wraps stages.ErrInput.
func OpenSafetensors(name string) (*Reader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, err := NewReader(f, info.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", name, err), f.Close())
	}
	r.file = f
	return r, nil
}

// NewReader returns a reader of a file of size bytes.
func NewReader(r io.ReaderAt, size int64) (*Reader, error) {
	if size < safetensorsPrefix {
		return nil, fmt.Errorf("%w: shorter than a header's length", stages.ErrInput)
	}
	prefix := make([]byte, safetensorsPrefix)
	if err := readAt(r, prefix, 0); err != nil {
		return nil, fmt.Errorf("the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix)
	if n > safetensorsMaxHeader || int64(n) > size-safetensorsPrefix {
		return nil, fmt.Errorf("%w: a header of %d bytes in a file of %d", stages.ErrInput, n, size)
	}
	header := make([]byte, n)
	if err := readAt(r, header, safetensorsPrefix); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	base := safetensorsPrefix + int64(n)
	meta, entries, err := parseSafetensorsHeader(header, size-base)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", stages.ErrInput, err)
	}
	return &Reader{Metadata: meta, from: r, base: base, entries: entries}, nil
}

// readAt fills b. A file that ends before is a bad input; a disk that fails is
// not.
func readAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: cut short", stages.ErrInput)
	default:
		return err
	}
}

// Close closes the file of OpenSafetensors.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Names returns the names of all tensors, sorted.
func (r *Reader) Names() []string { return slices.Sorted(maps.Keys(r.entries)) }

// Info describes a tensor in a file.
type Info struct {
	Dtype string // as safetensors names it
	Shape []int
}

// Info returns the type and shape of a tensor, and false if there is none of
// that name.
func (r *Reader) Info(name string) (Info, bool) {
	e, ok := r.entries[name]
	return Info{Dtype: e.Dtype, Shape: e.Shape}, ok
}

// Floats returns the values of a tensor of F16, BF16, F32 or F64 in row-major
// order as float32: exactly, but for F64, which is rounded to the nearest. They
// are in memory of buffer if they fit there. Another type, or a name that the
// file does not have, is an error that wraps stages.ErrInput.
func (r *Reader) Floats(name string, buffer []float32) ([]float32, error) {
	e, ok := r.entries[name]
	if !ok {
		return nil, fmt.Errorf("%w: no tensor %q", stages.ErrInput, name)
	}
	if !isFloat(e.Dtype) {
		return nil, fmt.Errorf("%w: tensor %q: type %q, want F16, BF16, F32 or F64", stages.ErrInput, name, e.Dtype)
	}
	width, size := dtypeWidth(e.Dtype), e.Offsets[1]-e.Offsets[0]
	n := int(size / width)
	if cap(buffer) < n {
		buffer = make([]float32, n)
	}
	values := buffer[:n]
	raw := make([]byte, min(size, readBytes))
	for at := int64(0); at < size; at += int64(len(raw)) {
		raw = raw[:min(size-at, readBytes)]
		if err := readAt(r.from, raw, r.base+e.Offsets[0]+at); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		decode(values[at/width:][:int64(len(raw))/width], raw, e.Dtype)
	}
	return values, nil
}
