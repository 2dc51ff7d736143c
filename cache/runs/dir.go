package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const extension = ".json"

// Dir is a folder of records.
type Dir struct{ path string }

// Open returns the records in the folder path. The first record makes it.
func Open(path string) *Dir { return &Dir{path: path} }

// Write stores the record, whole or not at all, in place of an earlier one
// with its ID: a run writes one when it starts and one when it ends.
func (d *Dir) Write(r *Run) (err error) {
	if err := CheckID(r.ID); err != nil {
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.path, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.path, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the record of the run: %w", err), os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), d.file(r.ID)); err != nil {
		return err
	}
	folder, err := os.Open(d.path)
	if err != nil {
		return err
	}
	// The new name is durable only now.
	return errors.Join(folder.Sync(), folder.Close())
}

// Load returns the record with this ID. The error wraps fs.ErrNotExist if
// there is none.
func (d *Dir) Load(id string) (*Run, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	r := &Run{}
	return r, d.read(id, r)
}

// Written returns when the record with this ID was written here, which for an
// imported one is later than its run.
func (d *Dir) Written(id string) (time.Time, error) {
	info, err := os.Stat(d.file(id))
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// List returns the headers of all records, newest first. A file that cannot be
// read as a record is left out: one damaged file must not hide all others.
func (d *Dir) List() ([]Header, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Header
	for _, entry := range slices.Backward(entries) {
		id, ok := strings.CutSuffix(entry.Name(), extension)
		if !ok || strings.HasPrefix(id, ".") {
			continue
		}
		var h Header
		if err := d.readHeader(id, &h); err == nil && h.ID == id {
			list = append(list, h)
		}
	}
	return list, nil
}

// All yields every record, oldest first. Unlike List, it yields an error for a
// file that cannot be read as a record.
func (d *Dir) All() iter.Seq2[*Run, error] {
	return func(yield func(*Run, error) bool) {
		entries, err := os.ReadDir(d.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(nil, err)
			return
		}
		for _, entry := range entries {
			id, ok := strings.CutSuffix(entry.Name(), extension)
			if !ok || strings.HasPrefix(id, ".") {
				continue
			}
			r := &Run{}
			err := d.read(id, r)
			if err == nil && (r.ID != id || CheckID(id) != nil) {
				err = fmt.Errorf("%s: it is not the record of run %s", d.file(id), id)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// idShape is what New makes.
var idShape = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]+$`)

// CheckID refuses what New would not make, and so an ID that would name a file
// elsewhere: people type them, and bundles bring them.
func CheckID(id string) error {
	if !idShape.MatchString(id) {
		return fmt.Errorf("%q is not the ID of a run", id)
	}
	return nil
}

func (d *Dir) file(id string) string { return filepath.Join(d.path, id+extension) }

func (d *Dir) read(id string, to any) error {
	data, err := os.ReadFile(d.file(id))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return fmt.Errorf("%s: %w", d.file(id), err)
	}
	return nil
}

// readHeader reads the fields of a header, which stand before the stages, and
// not the stages, of which there may be thousands.
func (d *Dir) readHeader(id string, h *Header) error {
	f, err := os.Open(d.file(id))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	dec := json.NewDecoder(f)
	if _, err := dec.Token(); err != nil {
		return err
	}
	fields := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		if name == "stages" {
			break
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		fields[fmt.Sprint(name)] = value
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, h)
}
