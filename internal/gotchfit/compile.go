package gotchfit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Library says what libtch.so was made from. It lies beside it as libtch.json.
type Library struct {
	Libtorch *Libtorch
	Inputs   string   // digest of the sources, the compiler, its arguments and the headers' version
	Pruned   []string // functions of gotch that this libtorch does not have
	Digest   string   // of libtch.so
}

// compiler is a C++ compiler with the arguments for a libtorch.
type compiler struct {
	name    string
	version string // first line of --version
	args    []string
}

func newCompiler(ctx context.Context, name string, l *Libtorch) (*compiler, error) {
	if name == "" {
		name = "g++"
	}
	out, err := exec.CommandContext(ctx, name, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("no C++ compiler (%w): install one (apt-get install g++) or name one in CXX", err)
	}
	version, _, _ := strings.Cut(string(out), "\n")
	// The functions only hand their arguments on: optimising them makes a small
	// operation 4 % faster, and compiling take half as long again.
	args := []string{"-std=" + l.Standard, "-O0", "-w", "-fPIC", "-shared"}
	if strings.Contains(version, "clang") {
		args = append(args, "-ferror-limit=0")
	} else {
		args = append(args, "-fmax-errors=0")
	}
	if l.OldABI {
		args = append(args, "-D_GLIBCXX_USE_CXX11_ABI=0")
	}
	for _, dir := range l.Include {
		if dir != "/usr/include" { // where compilers look anyway, but after their own
			args = append(args, "-isystem", dir)
		}
	}
	args = append(args, "-I.", "libtch.cpp", "-o", "libtch.so",
		"-Wl,--version-script=exports.map", "-Wl,-soname,libtch.so", "-Wl,-s",
		"-L"+l.Lib, "-Wl,-rpath,$ORIGIN:"+l.Lib,
		"-Wl,--no-as-needed", "-ltorch", "-ltorch_cpu")
	if l.CUDA {
		// Nothing refers to it, but without it there is no CUDA backend.
		args = append(args, "-ltorch_cuda", "-lc10_cuda")
	}
	args = append(args, "-lc10", "-Wl,--as-needed")
	return &compiler{name: name, version: version, args: args}, nil
}

// inputs is the digest of all that libtch.so depends on.
func (c *compiler) inputs(sources tree, l *Libtorch) string {
	var all bytes.Buffer
	fmt.Fprintf(&all, "%q %q %q %q\n", c.name, c.version, c.args, l.Version)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(&all, "%q %x\n", name, sha256.Sum256(sources[name]))
	}
	sum := sha256.Sum256(all.Bytes())
	return hex.EncodeToString(sum[:])
}

// compile makes libtch.so in the folder dir of the sources, and prunes them as
// often as the compiler finds functions that the libtorch does not have.
func (c *compiler) compile(ctx context.Context, dir string, sources tree, version string) (pruned []string, err error) {
	for {
		if err := sources.write(dir); err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, c.name, c.args...)
		cmd.Dir = dir
		output, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err == nil:
			slices.Sort(pruned)
			return pruned, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.As(err, &exit):
			return nil, err
		}
		more := sources.prune(string(output), version)
		if len(more) == 0 {
			return nil, fmt.Errorf("%s with libtorch %s: %w\n%s", c.name, version, err, firstErrors(string(output)))
		}
		pruned = append(pruned, more...)
	}
}

// readLibrary returns what is known of the libtch.so in dir, or nil if there is
// none or it is another than its description says.
func readLibrary(dir string) *Library {
	text, err := os.ReadFile(filepath.Join(dir, "libtch.json"))
	if err != nil {
		return nil
	}
	var l Library
	if json.Unmarshal(text, &l) != nil || fileDigest(filepath.Join(dir, "libtch.so")) != l.Digest {
		return nil
	}
	return &l
}

// build brings dir's libtch.so up to date and reports whether it had to compile.
func build(ctx context.Context, dir string, sources tree, l *Libtorch, cxx string) (*Library, bool, error) {
	c, err := newCompiler(ctx, cxx, l)
	if err != nil {
		return nil, false, err
	}
	inputs := c.inputs(sources, l)
	if old := readLibrary(dir); old != nil && old.Inputs == inputs {
		return old, false, nil
	}
	work, err := os.MkdirTemp(dir, "compile-")
	if err != nil {
		return nil, false, err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a leftover costs space only
	pruned, err := c.compile(ctx, work, sources, l.Version)
	if err != nil {
		return nil, false, err
	}
	made := filepath.Join(work, "libtch.so")
	library := &Library{Libtorch: l, Inputs: inputs, Pruned: pruned, Digest: fileDigest(made)}
	text, err := json.MarshalIndent(library, "", "  ")
	if err != nil {
		return nil, false, err
	}
	// A description of another file than the one there counts for nothing, so
	// the order of these two does not matter.
	if err := os.Rename(made, filepath.Join(dir, "libtch.so")); err != nil {
		return nil, false, err
	}
	return library, true, os.WriteFile(filepath.Join(dir, "libtch.json"), append(text, '\n'), 0o644)
}

// fileDigest returns "" for a file that cannot be read.
func fileDigest(name string) string {
	content, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
