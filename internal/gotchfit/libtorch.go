package gotchfit

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Libtorch is an installed libtorch with its headers.
type Libtorch struct {
	Source   string   // what led to it, for people: "LIBTORCH", "Debian's libtorch-dev" …
	Version  string   // as its headers say: "2.11.0"
	Include  []string // folders of headers, in the order to search
	Lib      string   // folder of libtorch.so
	CUDA     bool     // can use NVIDIA GPUs
	OldABI   bool     // compiled with the strings that libstdc++ had before C++11
	Standard string   // of C++, which the headers ask for: "c++17"
}

// String describes the installation in one line.
func (l *Libtorch) String() string {
	device, abi := "CPU", "C++11 ABI"
	if l.CUDA {
		device = "CUDA"
	}
	if l.OldABI {
		abi = "pre-C++11 ABI"
	}
	return fmt.Sprintf("libtorch %s (%s, %s) of %s, in %s", l.Version, device, abi, l.Source, l.Lib)
}

// apiDir holds the headers of the C++ frontend, below a folder of headers.
const apiDir = "torch/csrc/api/include"

// inspect looks at the installation with headers below include and libraries in
// lib. The error of an absent one wraps fs.ErrNotExist.
func inspect(source, include, lib string) (*Libtorch, error) {
	version, err := headerVersion(include)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(lib, "libtorch.so")); err != nil {
		return nil, fmt.Errorf("headers of libtorch %s but no library: %w", version, err)
	}
	l := &Libtorch{
		Source: source, Version: version, Lib: lib,
		Include: []string{include, filepath.Join(include, apiDir)},
	}
	if _, err := os.Stat(filepath.Join(lib, "libtorch_cuda.so")); err == nil {
		l.CUDA = true
	}
	if l.OldABI, err = usesOldABI(filepath.Join(lib, "libc10.so")); err != nil {
		return nil, err
	}
	if l.Standard, err = standard(include); err != nil {
		return nil, err
	}
	return l, nil
}

var versionPart = regexp.MustCompile(`(?m)^#define TORCH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)`)

// headerVersion reads torch/version.h, whose text moved during 2.x.
func headerVersion(include string) (string, error) {
	for _, name := range []string{"torch/headeronly/version.h", apiDir + "/torch/version.h"} {
		text, err := os.ReadFile(filepath.Join(include, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", err
		}
		var parts []string
		for _, m := range versionPart.FindAllSubmatch(text, -1) {
			parts = append(parts, string(m[1]))
		}
		if len(parts) == 3 {
			return strings.Join(parts, "."), nil
		}
	}
	return "", &fs.PathError{Op: "find", Path: filepath.Join(include, apiDir, "torch/version.h"), Err: fs.ErrNotExist}
}

// usesOldABI reports whether a library of C++ exports no name with the
// namespace of libstdc++'s strings since C++11. libc10, for one, has exceptions
// that take strings.
func usesOldABI(library string) (bool, error) {
	file, err := elf.Open(library)
	if err != nil {
		return false, err
	}
	defer file.Close() //nolint:errcheck // opened for reading
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return false, fmt.Errorf("read the symbols of %s: %w", library, err)
	}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && strings.Contains(s.Name, "__cxx11") {
			return false, nil
		}
	}
	return true, nil
}

var standardCheck = regexp.MustCompile(`__cplusplus < (\d{4})\d\dL`)

// standard returns the least standard of C++ that the headers accept, but at
// least C++17, which gotch needs.
func standard(include string) (string, error) {
	text, err := os.ReadFile(filepath.Join(include, apiDir, "torch/all.h"))
	if err != nil {
		return "", err
	}
	if m := standardCheck.FindSubmatch(text); m != nil && string(m[1]) > "2017" {
		return "c++20", nil
	}
	return "c++17", nil
}
