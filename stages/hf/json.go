package hf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"repro/stages"
	"repro/stages/corpus"
)

// maxJSON bounds what is read of one JSON file, in bytes. The largest, the
// index of a sharded model, has some hundred bytes for each tensor.
const maxJSON = 16 << 20

// badf is an error about the content of a file.
func badf(name, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", stages.ErrInput, name, fmt.Errorf(format, args...))
}

// readJSON decodes the file name into v. A missing file is an error that wraps
// fs.ErrNotExist and stages.ErrInput.
func readJSON(name string, v any) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", stages.ErrInput, err)
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	data, err := io.ReadAll(io.LimitReader(f, maxJSON+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxJSON {
		return badf(name, "more than %d bytes", maxJSON)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return badf(name, "%w", err)
	}
	return nil
}

// readOptional is readJSON, but leaves v as it is if there is no file. It tells
// whether there is one.
func readOptional(name string, v any) (bool, error) {
	err := readJSON(name, v)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// writeJSON writes v to the new file name.
func writeJSON(name string, v any) error {
	return corpus.Create(name, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}
