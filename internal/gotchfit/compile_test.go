package gotchfit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/gotchfit"
)

// A wrapper of four functions: two that no libtorch has, one of them within a
// template, and one for each kind of result.
const wrapperOfFour = `void atg_good(int *out__) {
  PROTECT(
    out__[0] = libtorch::good();
  )
}

void atg_gone(int *out__) {
  PROTECT(
    out__[0] = libtorch::gone();
  )
}

int atg_deep() {
  PROTECT(
    return libtorch::deep(1);
  )
  return -1;
}

int atg_last() {
  return 4;
}
`

func sources() gotchfit.Files {
	return gotchfit.Files{
		"torch_api_generated.cpp.h": []byte(wrapperOfFour),
		"exports.map":               []byte("{ global: atg_*; local: *; };\n"),
		"libtch.cpp": []byte(`#include <stdexcept>
#define PROTECT(x) try { x } catch (const std::exception &) {}
namespace libtorch {
int good() { return 1; }
template <class T> int deep(T x) { return x.missing(); }
}
extern "C" {
#include "torch_api_generated.cpp.h"
}
`),
	}
}

// libtorch returns an installation to link with, which has nothing in it.
func libtorch(t *testing.T) *gotchfit.Libtorch {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"torch", "torch_cpu", "c10"} {
		library(t, filepath.Join(dir, "lib"+name+".so"), "")
	}
	return &gotchfit.Libtorch{Version: "9.0.0", Lib: dir, Standard: "c++17"}
}

func TestFunctionsThatLibtorchDoesNotHaveThrow(t *testing.T) {
	t.Parallel()
	l, dir, files := libtorch(t), t.TempDir(), sources()
	made, compiled, err := gotchfit.Build(t.Context(), dir, files, l)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"atg_deep", "atg_gone"}, made.Pruned); !compiled || diff != "" {
		t.Errorf("compiled: %v; pruned (-want +got):\n%s", compiled, diff)
	}
	text := string(files["torch_api_generated.cpp.h"])
	if !strings.Contains(text, `libtorch 9.0.0 has no atg_gone`) || !strings.Contains(text, "libtorch::good()") {
		t.Errorf("the wrapper is now\n%s", text)
	}
	out, err := exec.Command("readelf", "--dyn-syms", "--wide", filepath.Join(dir, "libtch.so")).Output()
	if err != nil {
		t.Skipf("readelf: %v", err)
	}
	for _, name := range []string{"atg_good", "atg_gone", "atg_deep", "atg_last"} {
		if !strings.Contains(string(out), name) {
			t.Errorf("libtch.so does not export %s", name)
		}
	}
}

func TestNothingIsCompiledTwice(t *testing.T) {
	t.Parallel()
	l, dir := libtorch(t), t.TempDir()
	build := func() bool {
		t.Helper()
		_, compiled, err := gotchfit.Build(t.Context(), dir, sources(), l)
		if err != nil {
			t.Fatal(err)
		}
		return compiled
	}
	if !build() || build() {
		t.Error("compiled not once")
	}
	if err := os.WriteFile(filepath.Join(dir, "libtch.so"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if !build() {
		t.Error("a spoiled libtch.so was kept")
	}
	l.Version = "9.0.1"
	if !build() {
		t.Error("a libtch.so for another libtorch was kept")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "compile-*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestWhatCannotBePrunedIsAnError(t *testing.T) {
	t.Parallel()
	files := sources()
	files["libtch.cpp"] = append(files["libtch.cpp"], "int broken() { return nowhere; }\n"...)
	dir := t.TempDir()
	_, _, err := gotchfit.Build(t.Context(), dir, files, libtorch(t))
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error %v, not the compiler's", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "libtch.so")); err == nil {
		t.Error("there is a libtch.so")
	}
}
