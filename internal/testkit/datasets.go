// Package testkit holds what several packages' tests need: where the real data
// is, and golden files.
package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Datasets returns the folder with XQuAD-R, MLQA-R and SQuADShifts: REPRO_DATASETS,
// or ../shared/datasets beside the checkout. It skips the test, saying so, where
// there is none: the data is not part of this project.
func Datasets(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("REPRO_DATASETS")
	if dir == "" {
		dir = filepath.Join(Root(), "..", "shared", "datasets")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real datasets: set REPRO_DATASETS to a folder with xquad-r, mlqa-r and squadshifts (%v)", err)
	}
	return dir
}

// Root returns the root folder of the module.
func Root() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		panic("testkit: no caller information")
	}
	return filepath.Join(filepath.Dir(file), "..", "..")
}
