package build

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

// Used notes that a folder in Options.Root is in use.
func Used(home string) {
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
	for _, f := range old("*-*") {
		if leftShape.MatchString(filepath.Base(f.path)) {
			_ = discard(f.path)
		}
	}
}

var (
	homeShape    = regexp.MustCompile(`^.+\.[0-9a-f]{24}(-answers)?$`)         // see homeName, shorten and answersOf
	leftShape    = regexp.MustCompile(`^(new|old|test|fetch)-\d+$`)            // of processes that were killed
	fetchedShape = regexp.MustCompile(`^(git|sdk)-[0-9a-z]+-[0-9a-f]{12,24}$`) // what plugins are built of
)

// IsOurs reports whether a folder in Options.Root has a name that is given here,
// or to the source of a plugin from a repository.
func IsOurs(name string) bool {
	return homeShape.MatchString(name) || leftShape.MatchString(name) || fetchedShape.MatchString(name)
}

// Home returns the name of the folder, in Options.Root, of the plugin with this
// identity.
func Home(name string, identity map[string]string) string {
	return homeName(name, shorten(fingerprint(name, identity)))
}

// Unused returns what was built in root and not used since before, but for what
// is in keep (see Home), and what killed processes left. Nothing is lost with it:
// all of it can be made again, as what it is made of stays. What was used in the
// last hour may belong to a process at work.
func Unused(root string, keep map[string]bool, before time.Time) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	if latest := time.Now().Add(-inUse); before.After(latest) {
		before = latest
	}
	var list []string
	for _, entry := range entries {
		if name := entry.Name(); !homeShape.MatchString(name) && !leftShape.MatchString(name) {
			continue
		}
		home := strings.TrimSuffix(entry.Name(), answersOf(""))
		info, err := os.Stat(filepath.Join(root, home))
		if errors.Is(err, fs.ErrNotExist) { // answers of a plugin that is gone
			info, err = entry.Info()
		}
		if err != nil {
			return nil, err
		}
		if !keep[home] && info.ModTime().Before(before) {
			list = append(list, filepath.Join(root, entry.Name()))
		}
	}
	return list, nil
}

// Discard removes a folder of Unused.
func Discard(dir string) error { return discard(dir) }

// homeName names the folder of a state of a plugin. No plugin's name has a dot.
func homeName(plugin, state string) string { return plugin + "." + state }

// answersOf is where the answers of the plugin in a folder are remembered.
func answersOf(home string) string { return home + "-answers" }
