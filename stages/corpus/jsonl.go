package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"repro/stages"
)

// maxLine bounds one line of a JSON Lines file: a paragraph, not a book.
const maxLine = 16 << 20

// ReadLines decodes each non-empty line of the JSON Lines file name as a T and
// hands it to yield. Errors carry the file and line and wrap stages.ErrInput.
func ReadLines[T any](name string, yield func(T) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return fmt.Errorf("%w: %s:%d: %w", stages.ErrInput, name, n, err)
		}
		if err := yield(v); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	return nil
}

// LoadLines returns all lines of a JSON Lines file.
func LoadLines[T any](name string) ([]T, error) {
	var all []T
	err := ReadLines(name, func(v T) error {
		all = append(all, v)
		return nil
	})
	return all, err
}

// WriteLines writes each value as one line of JSON to the new file name, text
// unescaped so that people can read it.
func WriteLines[T any](name string, values []T) error {
	return Create(name, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for i := range values {
			if err := enc.Encode(values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Create writes the new file name through a buffer.
func Create(name string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 256<<10)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}
