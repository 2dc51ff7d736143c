package tensor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

const (
	safetensorsPrefix    = 8           // the header's length, little-endian
	safetensorsMaxHeader = 100_000_000 // as in the reference implementation
	safetensorsMeta      = "__metadata__"
)

// Tensor is a dense array of any shape in row-major order.
type Tensor struct {
	Shape []int
	Data  []float32 // as many values as the product of Shape
}

// Safetensors is the content of a .safetensors file.
type Safetensors struct {
	Tensors  map[string]Tensor
	Metadata map[string]string // free text; may be nil
}

// entry describes one tensor in the header.
type entry struct {
	Dtype   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // bytes from the end of the header
}

// LoadSafetensors reads the file name whole. Tensors of other float types
// become float32 as Reader.Floats says; damaged files and tensors that are not
// of floats are errors that wrap stages.ErrInput. For large files, see Reader.
func LoadSafetensors(name string) (*Safetensors, error) {
	r, err := OpenSafetensors(name)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	s, err := r.all()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return s, nil
}

// ReadSafetensors is LoadSafetensors for a file of size bytes.
func ReadSafetensors(r io.ReaderAt, size int64) (*Safetensors, error) {
	reader, err := NewReader(r, size)
	if err != nil {
		return nil, err
	}
	return reader.all()
}

// all reads every tensor.
func (r *Reader) all() (*Safetensors, error) {
	s := &Safetensors{Tensors: make(map[string]Tensor, len(r.entries)), Metadata: r.Metadata}
	for name, e := range r.entries {
		values, err := r.Floats(name, nil)
		if err != nil {
			return nil, err
		}
		s.Tensors[name] = Tensor{Shape: e.Shape, Data: values}
	}
	return s, nil
}

// parseSafetensorsHeader checks, as the reference implementation does, that
// the tensors fill the body of the file without gap or overlap.
func parseSafetensorsHeader(header []byte, body int64) (map[string]string, map[string]entry, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(header, &fields); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	var meta map[string]string
	if raw, ok := fields[safetensorsMeta]; ok {
		if err := json.Unmarshal(raw, &meta); err != nil {
			return nil, nil, fmt.Errorf("header: %s: %w", safetensorsMeta, err)
		}
		delete(fields, safetensorsMeta)
	}
	entries := make(map[string]entry, len(fields))
	for name, field := range fields {
		var e entry
		if err := json.Unmarshal(field, &e); err != nil {
			return nil, nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		if err := e.check(body); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries[name] = e
	}
	end := int64(0)
	for _, e := range slices.SortedFunc(maps.Values(entries), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	}) {
		if e.Offsets[0] != end {
			return nil, nil, fmt.Errorf("a gap or overlap at byte %d of the values", end)
		}
		end = e.Offsets[1]
	}
	if end != body {
		return nil, nil, fmt.Errorf("the tensors fill %d bytes of %d", end, body)
	}
	return meta, entries, nil
}

func (e *entry) check(body int64) error {
	width := dtypeWidth(e.Dtype)
	if width == 0 {
		return fmt.Errorf("unknown type %q", e.Dtype)
	}
	length := e.Offsets[1] - e.Offsets[0]
	if e.Offsets[0] < 0 || length < 0 || e.Offsets[1] > body {
		return fmt.Errorf("bytes %d to %d of %d", e.Offsets[0], e.Offsets[1], body)
	}
	want := width
	for _, n := range e.Shape {
		if n < 0 || (n > 0 && want > body/int64(n)) {
			return fmt.Errorf("shape %v does not fit into %d bytes", e.Shape, body)
		}
		want *= int64(n)
	}
	if want != length {
		return fmt.Errorf("shape %v does not match %d bytes", e.Shape, length)
	}
	return nil
}

// SaveSafetensors writes s to the new file name, the tensors in the order of
// their names, byte for byte as safetensors.save_file does.
func SaveSafetensors(name string, s *Safetensors) error {
	columns := make([]Column, 0, len(s.Tensors))
	for key, t := range s.Tensors {
		columns = append(columns, Column{Name: key, Dtype: DtypeF32, Shape: t.Shape, Write: func(w io.Writer) error {
			return WriteFloats(w, t.Data)
		}})
	}
	return SaveColumns(name, s.Metadata, columns)
}
