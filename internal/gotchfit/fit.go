package gotchfit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Options say what Fit works with.
type Options struct {
	Search    Search
	Compiler  string   // of C++; "" for g++
	Main      string   // folder of the main module, which imports gotch
	Out       string   // folder to make or bring up to date
	Additions []string // files of C++ that are compiled into libtch.so, and their headers
}

// Report says what Fit found and did.
type Report struct {
	Library
	Compiled bool // false: libtch.so was up to date
}

// Fit makes the folder o.Out as the package comment says. When nothing changed
// it does nothing.
func Fit(ctx context.Context, o Options) (*Report, error) {
	libtorch, err := Find(ctx, o.Search)
	if err != nil {
		return nil, err
	}
	cached, err := download(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, err
	}
	if err := writeModule(cached, o); err != nil {
		return nil, err
	}
	gotch, err := readTree(cached, wrapperFiles)
	if err != nil {
		return nil, err
	}
	additions := tree{}
	for _, name := range o.Additions {
		if additions[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	sources, err := wrapper(gotch, additions)
	if err != nil {
		return nil, err
	}
	library, compiled, err := build(ctx, o.Out, sources, libtorch, o.Compiler)
	if err != nil {
		return nil, err
	}
	return &Report{Library: *library, Compiled: compiled}, nil
}

// writeModule writes the mended copy of gotch and the workspace that has it.
func writeModule(cached string, o Options) error {
	gotch, err := readTree(cached, kept)
	if err != nil {
		return err
	}
	module, err := mend(gotch)
	if err != nil {
		return err
	}
	if err := module.write(filepath.Join(o.Out, "module")); err != nil {
		return err
	}
	main, err := relative(o.Out, o.Main)
	if err != nil {
		return err
	}
	work := fmt.Sprintf("// Made by internal/gotchfit.\n\ngo 1.26.0\n\nuse (\n\t%s\n\t./module\n)\n", main)
	return writeIfNew(filepath.Join(o.Out, "go.work"), []byte(work))
}

// relative returns the path from one folder to another.
func relative(from, to string) (string, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	return filepath.ToSlash(rel), err
}
