package tensor

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"repro/stages"
)

// Mapped is a .safetensors file that is mapped into memory: what nobody looks
// at is never read. Its tensors are valid until Close.
type Mapped struct {
	Metadata map[string]string
	memory   []byte
	reader   *Reader
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
	if info.Size() < safetensorsPrefix { // nor can nothing be mapped
		return nil, fmt.Errorf("%w: %s: shorter than a header's length", stages.ErrInput, name)
	}
	memory, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	m := &Mapped{memory: memory}
	m.reader, err = NewReader(bytes.NewReader(memory), info.Size())
	if err != nil {
		_ = m.Close()
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	m.Metadata = m.reader.Metadata
	return m, nil
}

// Bytes returns the values of a tensor, little-endian and read-only, and nil
// if the file has none of that name and type.
func (m *Mapped) Bytes(name, dtype string) []byte {
	e, ok := m.reader.entries[name]
	if !ok || e.Dtype != dtype {
		return nil
	}
	return m.memory[m.reader.base+e.Offsets[0] : m.reader.base+e.Offsets[1]]
}

// Close ends the mapping.
func (m *Mapped) Close() error { return syscall.Munmap(m.memory) }
