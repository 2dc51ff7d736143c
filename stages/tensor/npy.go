package tensor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"repro/stages"
)

// The layout of a .npy file of format 1.0: magic, version, the header's length
// as two bytes, the header (a Python dict that ends in a newline), the values.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
const (
	npyMagic  = "\x93NUMPY\x01\x00"
	npyPrefix = len(npyMagic) + 2
	npyAlign  = 64
	npyDigits = 21 // NumPy leaves room for this many digits of rows, so that a file can grow in place
)

// Matrix is a dense array of shape [Rows, Cols] in row-major order.
type Matrix struct {
	Rows, Cols int
	Data       []float32 // Rows × Cols values
}

// Row returns row i, which shares memory with m.
func (m *Matrix) Row(i int) []float32 { return m.Data[i*m.Cols : (i+1)*m.Cols] }

// LoadNPY reads a 2-D array of little-endian float32 in C order from the file
// name. Anything else is an error that wraps stages.ErrInput.
func LoadNPY(name string) (*Matrix, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, err := ReadNPY(bufio.NewReader(f), info.Size())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return m, nil
}

// ReadNPY is LoadNPY for a stream of exactly size bytes.
func ReadNPY(r io.Reader, size int64) (*Matrix, error) {
	m, start, err := readNPYHeader(r)
	if err != nil {
		return nil, err
	}
	body := size - start
	if !fits(body, m.Rows, m.Cols) {
		return nil, fmt.Errorf("%w: shape (%d, %d) does not match %d bytes of values", stages.ErrInput, m.Rows, m.Cols, body)
	}
	raw := make([]byte, body)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("%w: the values are cut short", stages.ErrInput)
	}
	m.Data = floats(raw)
	return m, nil
}

// fits reports whether body bytes are exactly rows × cols float32 values,
// without overflow for absurd shapes.
func fits(body int64, rows, cols int) bool {
	if rows == 0 || cols == 0 {
		return body == 0
	}
	return body%4 == 0 && int64(rows) <= body && int64(cols) <= body &&
		body/4/int64(rows) == int64(cols) && body/4%int64(rows) == 0
}

// The fields of a header may stand in any order.
var (
	npyDescr   = regexp.MustCompile(`'descr': *'<f4'`)
	npyFortran = regexp.MustCompile(`'fortran_order': *False`)
	npyShape   = regexp.MustCompile(`'shape': *\((\d{1,18}), *(\d{1,18}),?\)`)
)

func parseNPYHeader(header string) (*Matrix, error) {
	shape := npyShape.FindStringSubmatch(header)
	if shape == nil || !npyDescr.MatchString(header) || !npyFortran.MatchString(header) {
		return nil, fmt.Errorf("%w: want a 2-D array of '<f4' in C order, but the header is %q", stages.ErrInput, header)
	}
	rows, errRows := strconv.Atoi(shape[1])
	cols, errCols := strconv.Atoi(shape[2])
	if err := errors.Join(errRows, errCols); err != nil {
		return nil, fmt.Errorf("%w: %w", stages.ErrInput, err)
	}
	return &Matrix{Rows: rows, Cols: cols}, nil
}

// npyHeader returns the first bytes of a file of this shape, exactly as
// numpy.save writes them. Their number does not depend on rows.
func npyHeader(rows, cols int) []byte {
	dict := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, cols)
	dict += strings.Repeat(" ", npyDigits-len(strconv.Itoa(rows)))
	// The newline counts; when only it is missing, NumPy pads a whole block.
	pad := npyAlign - (npyPrefix+len(dict)+1)%npyAlign
	dict += strings.Repeat(" ", pad) + "\n"
	b := append([]byte(npyMagic), 0, 0)
	binary.LittleEndian.PutUint16(b[len(npyMagic):], uint16(len(dict)))
	return append(b, dict...)
}

// NPYWriter writes a matrix row by row, in constant memory.
type NPYWriter struct {
	file       *os.File
	buf        *bufio.Writer
	row        []byte
	rows, cols int
}

// CreateNPY creates the new file name for rows of cols values. The caller
// closes the writer; without a successful Close the file is of no use.
func CreateNPY(name string, cols int) (*NPYWriter, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	w := &NPYWriter{file: f, buf: bufio.NewWriterSize(f, 256<<10), cols: cols}
	_, err = w.buf.Write(npyHeader(0, cols))
	return w, err
}

// Write appends one row.
func (w *NPYWriter) Write(row []float32) error {
	if len(row) != w.cols {
		return fmt.Errorf("write %s: row %d has %d values, want %d", w.file.Name(), w.rows, len(row), w.cols)
	}
	w.rows++
	w.row = appendFloats(w.row[:0], row)
	_, err := w.buf.Write(w.row)
	return err
}

// Close writes the final number of rows into the header and closes the file.
func (w *NPYWriter) Close() error {
	err := w.buf.Flush()
	if err == nil {
		_, err = w.file.WriteAt(npyHeader(w.rows, w.cols), 0)
	}
	return errors.Join(err, w.file.Close())
}

// SaveNPY writes m to the new file name.
func SaveNPY(name string, m *Matrix) error {
	w, err := CreateNPY(name, m.Cols)
	if err != nil {
		return err
	}
	for i := range m.Rows {
		if err := w.Write(m.Row(i)); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}
