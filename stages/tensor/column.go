package tensor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"repro/stages/corpus"
)

// Column is a tensor of any type on its way into a file.
type Column struct {
	Name  string
	Dtype string
	Shape []int
	Write func(w io.Writer) error // writes the values, little-endian
}

func (c *Column) bytes() int64 {
	n := dtypeWidth(c.Dtype)
	for _, size := range c.Shape {
		n *= int64(size)
	}
	return n
}

// SaveColumns writes the new .safetensors file name. Wide types come first, as
// in the reference implementation, so that every tensor is aligned to its type;
// tensors of one type are in the order of their names.
func SaveColumns(name string, metadata map[string]string, columns []Column) error {
	slices.SortFunc(columns, func(a, b Column) int {
		return cmp.Or(cmp.Compare(dtypeWidth(b.Dtype), dtypeWidth(a.Dtype)), cmp.Compare(a.Name, b.Name))
	})
	header, err := columnsHeader(metadata, columns)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return corpus.Create(name, func(w io.Writer) error {
		if _, err := w.Write(header); err != nil {
			return err
		}
		for _, c := range columns {
			counted := &counter{to: w}
			if err := c.Write(counted); err != nil {
				return err
			}
			if counted.n != c.bytes() {
				return fmt.Errorf("tensor %q: wrote %d bytes of %d", c.Name, counted.n, c.bytes())
			}
		}
		return nil
	})
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// columnsHeader returns the length and the header, padded with spaces to a
// multiple of eight bytes.
func columnsHeader(metadata map[string]string, columns []Column) ([]byte, error) {
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
	if len(metadata) > 0 {
		if err := field(safetensorsMeta, metadata); err != nil {
			return nil, err
		}
	}
	at := int64(0)
	for _, c := range columns {
		e := entry{Dtype: c.Dtype, Shape: c.Shape, Offsets: [2]int64{at, at + c.bytes()}}
		at = e.Offsets[1]
		if e.Shape == nil {
			e.Shape = []int{} // a scalar; null is no shape
		}
		if err := e.check(at); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", c.Name, err)
		}
		if err := field(c.Name, e); err != nil {
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
