package build

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// keepStates is how many states of one plugin stay: going back to a recent
	// one should not build it again.
	keepStates = 5
	// inUse is for how long after its last use a folder may belong to a process
	// that is still at work.
	inUse = time.Hour
)

// used notes that a state of a plugin is in use.
func used(home string) {
	now := time.Now()
	_ = os.Chtimes(home, now, now) // then it is only pruned earlier
}

// prune removes states of the plugin that were not used for long, and what
// killed processes left. Nothing is lost: all of it can be made again.
func prune(root, name string) {
	type folder struct {
		path string
		at   time.Time
	}
	old := func(pattern string) []folder {
		paths, _ := filepath.Glob(filepath.Join(root, pattern))
		var list []folder
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.IsDir() && time.Since(info.ModTime()) > inUse {
				list = append(list, folder{path, info.ModTime()})
			}
		}
		slices.SortFunc(list, func(a, b folder) int { return cmp.Compare(b.at.UnixNano(), a.at.UnixNano()) })
		return list
	}
	states := old(homeName(name, "*"))
	for _, f := range states[min(len(states), keepStates):] {
		_ = discard(f.path)
		_ = os.RemoveAll(answersOf(f.path))
	}
	for _, pattern := range []string{"new-*", "old-*", "test-*", "fetch-*"} {
		for _, f := range old(pattern) {
			_ = discard(f.path)
		}
	}
}

// homeName names the folder of a state of a plugin. No plugin's name has a dot.
func homeName(plugin, state string) string { return plugin + "." + state }

// answersOf is where the answers of the plugin in a folder are remembered.
func answersOf(home string) string { return home + "-answers" }
