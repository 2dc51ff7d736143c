package tensor

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"repro/stages"
)

// NPYFile is a matrix of float32 that stays in its file, of which rows are read
// when they are wanted.
type NPYFile struct {
	Rows, Cols int
	file       *os.File
	start      int64 // of the values
}

// OpenNPY opens the file name, which must be as LoadNPY wants it.
func OpenNPY(name string) (_ *NPYFile, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, start, err := readNPYHeader(f)
	if err == nil && !fits(info.Size()-start, m.Rows, m.Cols) {
		err = fmt.Errorf("%w: shape (%d, %d) does not match %d bytes of values", stages.ErrInput, m.Rows, m.Cols, info.Size()-start)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return &NPYFile{Rows: m.Rows, Cols: m.Cols, file: f, start: start}, nil
}

// Close closes the file.
func (m *NPYFile) Close() error { return m.file.Close() }

// Reader returns a reader of rows, of which each goroutine needs its own.
func (m *NPYFile) Reader() *RowReader { return &RowReader{from: m} }

// RowReader reads rows of an NPYFile.
type RowReader struct {
	from *NPYFile
	raw  []byte
}

// Read reads n rows, from row first on, into dst: row first+i begins at
// dst[i*stride]. What is between rows stays as it is.
func (r *RowReader) Read(dst []float32, stride, first, n int) error {
	size := 4 * r.from.Cols
	if need := n * size; cap(r.raw) < need {
		r.raw = make([]byte, need)
	}
	raw := r.raw[:n*size]
	if _, err := r.from.file.ReadAt(raw, r.from.start+int64(first)*int64(size)); err != nil {
		return fmt.Errorf("read %s: rows %d to %d: %w", r.from.file.Name(), first, first+n-1, err)
	}
	for i := range n {
		row, values := raw[i*size:(i+1)*size], dst[i*stride:i*stride+r.from.Cols]
		for k := range values {
			values[k] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*k:]))
		}
	}
	return nil
}

// readNPYHeader returns the shape and where the values start.
func readNPYHeader(r io.Reader) (*Matrix, int64, error) {
	prefix := make([]byte, npyPrefix)
	if _, err := io.ReadFull(r, prefix); err != nil || string(prefix[:len(npyMagic)]) != npyMagic {
		return nil, 0, fmt.Errorf("%w: not a .npy file of format 1.0", stages.ErrInput)
	}
	header := make([]byte, binary.LittleEndian.Uint16(prefix[len(npyMagic):]))
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, 0, fmt.Errorf("%w: the header is cut short", stages.ErrInput)
	}
	m, err := parseNPYHeader(string(header))
	return m, int64(npyPrefix + len(header)), err
}
