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
	leftover := filepath.Join(o.Root, "new-123")
	other := filepath.Join(o.Root, "mine-too.123")
	users := filepath.Join(o.Root, "new-ideas") // the cache may be in a folder of the user's
	for _, dir := range []string{leftover, other, users} {
		if err := os.Mkdir(dir, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	// Long ago, the first of them used last.
	for n, home := range append(slices.Clone(homes), leftover, other, users) {
		at := time.Now().Add(-time.Duration(n+2) * time.Hour)
		if err := os.Chtimes(home, at, at); err != nil {
			t.Fatal(err)
		}
	}
	newest := state(9)
	for n, home := range append(homes, newest, other, users) {
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
	const old, used, gone, users = "mine.0123456789abcdef01234567", "mine.1123456789abcdef01234567", "gone.2123456789abcdef01234567", "my.stories"
	for name, age := range map[string]time.Duration{
		kept: 9 * time.Hour, kept + "-answers": 9 * time.Hour,
		old: 5 * time.Hour, old + "-answers": time.Minute, // they are of no use alone
		used: 2 * time.Hour, used + "-answers": 9 * time.Hour,
		gone + "-answers": 5 * time.Hour, "new-1": time.Minute, "fetch-12": 5 * time.Hour,
		// What a kept run's plugin would be built of again, and the user's own.
		"sdk-go-0123456789abcdef01234567": 5 * time.Hour, "git-0123456789ab-0123456789ab": 5 * time.Hour,
		users: 5 * time.Hour, "new-ideas": 5 * time.Hour, "mine": 5 * time.Hour,
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
		now.Add(-4 * time.Hour): {"fetch-12", gone + "-answers", old, old + "-answers"},
		// Whatever is asked for, the last hour stays.
		now.Add(time.Hour): {"fetch-12", gone + "-answers", old, old + "-answers", used, used + "-answers"},
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
