package tensor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"repro/stages"
	"repro/stages/corpus"
)

const (
	safetensorsPrefix    = 8           // the header's length, little-endian
	safetensorsMaxHeader = 100_000_000 // as in the reference implementation
	safetensorsMeta      = "__metadata__"
	safetensorsDtype     = "F32"
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

// LoadSafetensors reads the file name. Every tensor must be F32; damaged
// files and other types are errors that wrap stages.ErrInput.
func LoadSafetensors(name string) (*Safetensors, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s, err := ReadSafetensors(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return s, nil
}

// ReadSafetensors is LoadSafetensors for a file of size bytes.
func ReadSafetensors(r io.ReaderAt, size int64) (*Safetensors, error) {
	prefix := make([]byte, safetensorsPrefix)
	if _, err := r.ReadAt(prefix, 0); err != nil {
		return nil, fmt.Errorf("%w: shorter than a header's length", stages.ErrInput)
	}
	n := binary.LittleEndian.Uint64(prefix)
	if n > safetensorsMaxHeader || int64(n) > size-safetensorsPrefix {
		return nil, fmt.Errorf("%w: a header of %d bytes in a file of %d", stages.ErrInput, n, size)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, safetensorsPrefix); err != nil {
		return nil, fmt.Errorf("%w: the header is cut short: %w", stages.ErrInput, err)
	}
	base := safetensorsPrefix + int64(n)
	s, entries, err := parseSafetensorsHeader(header, size-base)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", stages.ErrInput, err)
	}
	for name, e := range entries {
		raw := make([]byte, e.Offsets[1]-e.Offsets[0])
		if _, err := r.ReadAt(raw, base+e.Offsets[0]); err != nil && len(raw) > 0 {
			return nil, fmt.Errorf("%w: tensor %q is cut short: %w", stages.ErrInput, name, err)
		}
		s.Tensors[name] = Tensor{Shape: e.Shape, Data: floats(raw)}
	}
	return s, nil
}

// parseSafetensorsHeader checks, as the reference implementation does, that
// the tensors fill the body of the file without gap or overlap.
func parseSafetensorsHeader(header []byte, body int64) (*Safetensors, map[string]entry, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(header, &fields); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	s := &Safetensors{Tensors: make(map[string]Tensor, len(fields))}
	if meta, ok := fields[safetensorsMeta]; ok {
		if err := json.Unmarshal(meta, &s.Metadata); err != nil {
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
	return s, entries, nil
}

func (e *entry) check(body int64) error {
	if e.Dtype != safetensorsDtype {
		return fmt.Errorf("type %q, want %s. Convert the weights to float32 first", e.Dtype, safetensorsDtype)
	}
	length := e.Offsets[1] - e.Offsets[0]
	if e.Offsets[0] < 0 || length < 0 || e.Offsets[1] > body {
		return fmt.Errorf("bytes %d to %d of %d", e.Offsets[0], e.Offsets[1], body)
	}
	want := int64(4)
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
	header, err := safetensorsHeader(s)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return corpus.Create(name, func(w io.Writer) error {
		if _, err := w.Write(header); err != nil {
			return err
		}
		var chunk []byte
		for _, key := range slices.Sorted(maps.Keys(s.Tensors)) {
			for part := range slices.Chunk(s.Tensors[key].Data, 16<<10) {
				chunk = appendFloats(chunk[:0], part)
				if _, err := w.Write(chunk); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// safetensorsHeader returns the length and the header, padded with spaces to a
// multiple of eight bytes.
func safetensorsHeader(s *Safetensors) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, safetensorsPrefix))
	b.WriteByte('{')
	field := func(name string, v any) error {
		if b.Len() > safetensorsPrefix+1 {
			b.WriteByte(',')
		}
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false) // as serde_json
		if err := enc.Encode(name); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
		b.WriteByte(':')
		if err := enc.Encode(v); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1)
		return nil
	}
	if len(s.Metadata) > 0 {
		if err := field(safetensorsMeta, s.Metadata); err != nil {
			return nil, err
		}
	}
	at := int64(0)
	for _, name := range slices.Sorted(maps.Keys(s.Tensors)) {
		t := s.Tensors[name]
		e := entry{Dtype: safetensorsDtype, Shape: t.Shape, Offsets: [2]int64{at, at + 4*int64(len(t.Data))}}
		at = e.Offsets[1]
		if e.Shape == nil {
			e.Shape = []int{} // a scalar; null is no shape
		}
		if err := e.check(at); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if err := field(name, e); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-safetensorsPrefix))
	return b.Bytes(), nil
}
