package gotchfit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
)

// Search says where to look for a libtorch. The zero value is this machine
// without LIBTORCH.
type Search struct {
	Libtorch string // unpacked official zip or a Python's torch folder: this and no other; "" for none
	System   string // where Debian's packages are installed; "" for /usr
	Python   string // interpreter; "" for python3
}

// NotFoundError says that there is no libtorch, and what would help.
type NotFoundError struct{ Tried []error }

func (e *NotFoundError) Error() string {
	var tried strings.Builder
	for _, err := range e.Tried {
		fmt.Fprintf(&tried, "\n  %v", err)
	}
	return "no libtorch with headers:" + tried.String() +
		"\nInstall one (apt-get install libtorch-dev libopenblas0-pthread), or unpack an official one and" +
		" set LIBTORCH to its folder, or set it to the folder torch of a Python that has PyTorch"
}

func (e *NotFoundError) Unwrap() []error { return e.Tried }

// Find returns the libtorch that s.Libtorch names or else the first of Debian's
// and the Python's. The error is a *NotFoundError if there is none.
func Find(ctx context.Context, s Search) (*Libtorch, error) {
	if s.Libtorch != "" {
		l, err := folder("LIBTORCH", s.Libtorch)
		if err != nil {
			return nil, &NotFoundError{Tried: []error{fmt.Errorf("LIBTORCH is %s: %w", s.Libtorch, err)}}
		}
		return l, nil
	}
	var tried []error
	l, err := debian(s.System)
	if err == nil {
		return l, nil
	}
	tried = append(tried, errors.New("LIBTORCH is not set"), fmt.Errorf("libtorch-dev: %w", err))
	if l, err = python(ctx, s.Python); err == nil {
		return l, nil
	}
	return nil, &NotFoundError{Tried: append(tried, err)}
}

// folder inspects an installation in one folder, as the official zips and
// Python packages are.
func folder(source, dir string) (*Libtorch, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return inspect(source, filepath.Join(dir, "include"), filepath.Join(dir, "lib"))
}

// debian inspects libtorch-dev, whose libraries lie in a folder named for the
// architecture.
func debian(system string) (*Libtorch, error) {
	if system == "" {
		system = "/usr"
	}
	libs, err := filepath.Glob(filepath.Join(system, "lib", "*", "libtorch.so"))
	if err != nil {
		return nil, err
	}
	if len(libs) == 0 {
		return nil, &fs.PathError{Op: "find", Path: filepath.Join(system, "lib/*/libtorch.so"), Err: fs.ErrNotExist}
	}
	return inspect("Debian's libtorch-dev", filepath.Join(system, "include"), filepath.Dir(libs[0]))
}

// python inspects the package torch of an interpreter, without loading it,
// which takes seconds.
func python(ctx context.Context, interpreter string) (*Libtorch, error) {
	if interpreter == "" {
		interpreter = "python3"
	}
	const where = `import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")`
	out, err := exec.CommandContext(ctx, interpreter, "-c", where).Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", interpreter, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return nil, fmt.Errorf("%s has no module torch: %w", interpreter, fs.ErrNotExist)
	}
	l, err := folder(interpreter+"'s torch", dir)
	if err != nil {
		return nil, fmt.Errorf("%s has torch in %s: %w", interpreter, dir, err)
	}
	return l, nil
}
