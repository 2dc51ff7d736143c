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

func TestUnusedFoldersAreThoseThatNobodyNeeds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	identity := map[string]string{"files": "h1:a"}
	kept := build.Home("mine", identity)
	now := time.Now()
	for name, age := range map[string]time.Duration{
		kept: 9 * time.Hour, kept + "-answers": 9 * time.Hour,
		"mine.old": 5 * time.Hour, "mine.old-answers": time.Minute, // it is of no use alone
		"mine.used": 2 * time.Hour, "mine.used-answers": 9 * time.Hour,
		"gone.x-answers": 5 * time.Hour, "sdk-go-old": 5 * time.Hour, "git-a": 5 * time.Hour, "new-1": time.Minute,
	} {
		dir := filepath.Join(root, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	for before, want := range map[time.Time][]string{
		now.Add(-4 * time.Hour): {"git-a", "gone.x-answers", "mine.old", "mine.old-answers", "sdk-go-old"},
		// Whatever is asked for, the last hour stays.
		now.Add(time.Hour): {"git-a", "gone.x-answers", "mine.old", "mine.old-answers", "mine.used", "mine.used-answers", "sdk-go-old"},
	} {
		list, err := build.Unused(root, map[string]bool{kept: true}, before)
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			list[i] = filepath.Base(list[i])
		}
		if !slices.Equal(list, want) {
			t.Errorf("before %s: %v, want %v", before, list, want)
		}
	}
}
