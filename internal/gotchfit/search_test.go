package gotchfit_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/gotchfit"
)

// write writes a file with the folders that it is in.
func write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// library compiles a shared library of C++.
func library(t *testing.T, name, source string, flags ...string) {
	t.Helper()
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("needs g++")
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("g++", append(flags, "-shared", "-fPIC", "-x", "c++", "-", "-o", name)...)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("g++: %v\n%s", err, out)
	}
}

// install makes an installation of libtorch, as far as Find looks at it.
func install(t *testing.T, include, lib, version string, standard int, flags ...string) {
	t.Helper()
	const api = "torch/csrc/api/include/torch"
	var header strings.Builder
	for i, part := range strings.Split(version, ".") {
		fmt.Fprintf(&header, "#define TORCH_VERSION_%s %s\n", []string{"MAJOR", "MINOR", "PATCH"}[i], part)
	}
	write(t, filepath.Join(include, api, "version.h"), header.String(), 0o644)
	write(t, filepath.Join(include, api, "all.h"), fmt.Sprintf("#if __cplusplus < %dL\n#error\n#endif\n", standard), 0o644)
	library(t, filepath.Join(lib, "libc10.so"), "#include <string>\nvoid f(std::string) {}\n", flags...)
	library(t, filepath.Join(lib, "libtorch.so"), "")
}

func TestFindReadsAnUnpackedZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, filepath.Join(dir, "include"), filepath.Join(dir, "lib"), "2.11.0", 202002)
	library(t, filepath.Join(dir, "lib/libtorch_cuda.so"), "")
	got, err := gotchfit.Find(t.Context(), gotchfit.Search{Libtorch: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := &gotchfit.Libtorch{
		Source: "LIBTORCH", Version: "2.11.0", CUDA: true, Standard: "c++20",
		Include: []string{dir + "/include", dir + "/include/torch/csrc/api/include"}, Lib: dir + "/lib",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if line, want := got.String(), "libtorch 2.11.0 (CUDA, C++11 ABI) of LIBTORCH, in "+dir+"/lib"; line != want {
		t.Errorf("described as %q, want %q", line, want)
	}
}

func TestFindSeesTheABI(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, filepath.Join(dir, "include"), filepath.Join(dir, "lib"), "1.13.1", 201402, "-D_GLIBCXX_USE_CXX11_ABI=0")
	got, err := gotchfit.Find(t.Context(), gotchfit.Search{Libtorch: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !got.OldABI || got.CUDA || got.Standard != "c++17" {
		t.Errorf("found %+v", got)
	}
}

func TestFindPrefersDebiansToPythons(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	system, torch, python := filepath.Join(dir, "usr"), filepath.Join(dir, "site/torch"), filepath.Join(dir, "python")
	install(t, filepath.Join(torch, "include"), filepath.Join(torch, "lib"), "2.6.0", 201703)
	write(t, python, "#!/bin/sh\necho "+torch+"\n", 0o755)
	search := gotchfit.Search{System: system, Python: python}
	got, err := gotchfit.Find(t.Context(), search)
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != "2.6.0" || got.Source != python+"'s torch" {
		t.Errorf("with Python's alone, found %v", got)
	}
	install(t, filepath.Join(system, "include"), filepath.Join(system, "lib/x86_64-linux-gnu"), "1.13.1", 201402)
	if got, err = gotchfit.Find(t.Context(), search); err != nil {
		t.Fatal(err)
	}
	if got.Version != "1.13.1" || got.Source != "Debian's libtorch-dev" {
		t.Errorf("with both, found %v", got)
	}
}

func TestFindTellsWhatItTriedAndWhatHelps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	none, bare := filepath.Join(dir, "none"), filepath.Join(dir, "bare")
	write(t, none, "#!/bin/sh\necho\n", 0o755)
	write(t, bare, "#!/bin/sh\necho "+dir+"/torch\n", 0o755)
	for name, c := range map[string]struct {
		search gotchfit.Search
		want   []string
	}{
		"nothing": {
			gotchfit.Search{System: dir, Python: none},
			[]string{"LIBTORCH is not set", dir + "/lib/*/libtorch.so", "has no module torch", "apt-get install libtorch-dev"},
		},
		"no Python":         {gotchfit.Search{System: dir, Python: dir + "/no"}, []string{dir + "/no"}},
		"a wrong LIBTORCH":  {gotchfit.Search{Libtorch: dir}, []string{"LIBTORCH is " + dir, "version.h", "unpack an official one"}},
		"without headers":   {gotchfit.Search{System: dir, Python: bare}, []string{"has torch in " + dir + "/torch", "version.h"}},
		"without libraries": {gotchfit.Search{Libtorch: headersOnly(t)}, []string{"headers of libtorch 2.0.1 but no library"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := gotchfit.Find(t.Context(), c.search)
			var notFound *gotchfit.NotFoundError
			if !errors.As(err, &notFound) {
				t.Fatalf("error %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in the error:\n%v", want, err)
				}
			}
		})
	}
}

func headersOnly(t *testing.T) string {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "include/torch/headeronly/version.h"),
		"#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 0\n#define TORCH_VERSION_PATCH 1\n", 0o644)
	return dir
}
