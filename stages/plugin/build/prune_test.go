package build_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"repro/stages/plugin/build"
)

func TestOldStatesArePruned(t *testing.T) {
	t.Parallel()
	needGRPC(t)
	o := options(t)
	var homes []string
	state := func(n int) string {
		t.Helper()
		dir := folder(t, map[string]string{"plugin.hcl": pythonManifest, "mine.py": pythonPlugin + fmt.Sprintf("# %d\n", n)})
		p, err := build.Build(t.Context(), "mine", dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(p.Copied)
	}
	for n := range 9 {
		homes = append(homes, state(n))
	}
	leftover := filepath.Join(o.Root, "new-leftover")
	other := filepath.Join(o.Root, "mine-too.123")
	for _, dir := range []string{leftover, other} {
		if err := os.Mkdir(dir, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	// Long ago, the first of them used last.
	for n, home := range append(slices.Clone(homes), leftover, other) {
		at := time.Now().Add(-time.Duration(n+2) * time.Hour)
		if err := os.Chtimes(home, at, at); err != nil {
			t.Fatal(err)
		}
	}
	newest := state(9)
	for n, home := range append(homes, newest, other) {
		_, err := os.Stat(home)
		if there, want := err == nil, n < 5 || n >= 9; there != want {
			t.Errorf("state %d: there %t, want %t", n, there, want)
		}
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Error("the leftover of a killed process is there")
	}
}
