package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"repro/cache/gc"
	"repro/internal/git"
)

// rootFile says, beside the records of a project that shares its cache with
// others, where the project is: its tags decide what is kept.
const rootFile = "project"

// noteRoot writes down where the project is, if its cache is shared.
func (p *project) noteRoot() error {
	if p.flags.cacheDir == "" || p.past != nil {
		return nil
	}
	name := filepath.Join(p.runs, rootFile)
	if exists(name) {
		return nil
	}
	if err := os.MkdirAll(p.runs, 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(p.root+"\n"), 0o644)
}

// projects returns the projects whose records are in the cache: this one, or all
// that share it.
func (p *project) projects(ctx context.Context, t *terminal) ([]gc.Project, error) {
	parent := filepath.Join(p.dir, "runs")
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	owner, err := filepath.Abs(p.dir) // a project's own .repro may be shared too
	if err != nil {
		return nil, err
	}
	list := []gc.Project{{Runs: parent, Refs: refs(ctx, t, parent, filepath.Dir(owner))}}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		dir := filepath.Join(parent, entry.Name())
		root := p.root
		if dir != p.runs {
			text, err := os.ReadFile(filepath.Join(dir, rootFile))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			root = strings.TrimSpace(string(text)) // "" in a cache of an earlier version
		}
		list = append(list, gc.Project{Runs: dir, Refs: refs(ctx, t, dir, root)})
	}
	return list, nil
}

// refs returns what points at the commits of the project in the folder root. If
// that cannot be told, something may point at any of them.
func refs(ctx context.Context, t *terminal, records, root string) func(commit string) []string {
	known, err := map[string][]string(nil), errors.New("it is not known where it is")
	if root != "" {
		known, err = git.Refs(ctx, root)
	}
	told := false
	return func(commit string) []string {
		if commit == "" || err == nil {
			return known[commit]
		}
		if !told {
			told = true
			t.say("warning: which commits are tagged in the project with the records %s cannot be told, so all that it had committed stays (if it is gone for good, remove that folder): %s",
				records, firstLine(err))
		}
		return []string{"may be tagged"}
	}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return line
}
