package tensor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"repro/stages"
	"repro/stages/corpus"
)

// The types of tensors, as safetensors names them.
const (
	dtypeF32 = "F32"
	DtypeU8  = "U8"
	DtypeU16 = "U16"
	DtypeU32 = "U32"
	DtypeU64 = "U64"
)

// dtypeWidth returns the bytes of one value, 0 for a type that is not known.
func dtypeWidth(dtype string) int64 {
	switch dtype {
	case DtypeU8:
		return 1
	case DtypeU16:
		return 2
	case dtypeF32, DtypeU32:
		return 4
	case DtypeU64:
		return 8
	default:
		return 0
	}
}

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

// Mapped is a .safetensors file that is mapped into memory: what nobody looks
// at is never read. Its tensors are valid until Close.
type Mapped struct {
	Metadata map[string]string
	memory   []byte
	body     []byte
	entries  map[string]entry
}

// Map maps the file name. A damaged one is an error that wraps
// stages.ErrInput.
func Map(name string) (*Mapped, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if size < safetensorsPrefix {
		return nil, fmt.Errorf("%w: %s: shorter than a header's length", stages.ErrInput, name)
	}
	memory, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	m := &Mapped{memory: memory}
	n := binary.LittleEndian.Uint64(memory)
	if n > safetensorsMaxHeader || int64(n) > size-safetensorsPrefix {
		err = fmt.Errorf("a header of %d bytes in a file of %d", n, size)
	} else {
		m.body = memory[safetensorsPrefix+int64(n):]
		m.Metadata, m.entries, err = parseSafetensorsHeader(memory[safetensorsPrefix:safetensorsPrefix+int64(n)], int64(len(m.body)))
	}
	if err != nil {
		_ = m.Close()
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	return m, nil
}

// Bytes returns the values of a tensor, little-endian and read-only, and nil
// if the file has none of that name and type.
func (m *Mapped) Bytes(name, dtype string) []byte {
	e, ok := m.entries[name]
	if !ok || e.Dtype != dtype {
		return nil
	}
	return m.body[e.Offsets[0]:e.Offsets[1]]
}

// Close ends the mapping.
func (m *Mapped) Close() error { return syscall.Munmap(m.memory) }
