package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"repro/cache/gc"
	"repro/cache/runs"
	"repro/internal/git"
)

// rootFile says, beside records that a folder elsewhere holds, where the projects
// are that write them, one a line: their tags decide what is kept.
const rootFile = "project"

// noteRoot writes down where the project is, if its cache is elsewhere.
func (p *project) noteRoot() error {
	if p.past != nil {
		return nil
	}
	root, err := filepath.EvalSymlinks(p.root)
	if err != nil {
		return err
	}
	if home, err := filepath.EvalSymlinks(p.dir); p.flags.cacheDir == "" && err == nil && home == filepath.Join(root, reproDir) {
		return nil
	}
	known, err := notedRoots(p.runs)
	if err != nil || slices.Contains(known, root) {
		return err
	}
	if err := os.MkdirAll(p.runs, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(p.runs, rootFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(root + "\n")
	return errors.Join(err, f.Close())
}

// notedRoots returns where the projects are that write records to a folder, as
// far as they have noted it.
func notedRoots(records string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(records, rootFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), err
}

// projects returns the projects whose records are in the cache: this one, or all
// that share it.
func (p *project) projects(ctx context.Context, t *terminal) ([]gc.Project, error) {
	parent := filepath.Join(p.dir, "runs")
	entries, err := os.ReadDir(parent)
	if _, link := os.Lstat(parent); errors.Is(err, fs.ErrNotExist) && link != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	folders := []string{parent}
	for _, entry := range entries {
		dir := filepath.Join(parent, entry.Name())
		isFolder := entry.IsDir()
		if entry.Type()&fs.ModeSymlink != 0 { // who has moved it elsewhere needs it
			info, err := os.Stat(dir)
			if err != nil {
				return nil, err
			}
			isFolder = info.IsDir()
		}
		if isFolder {
			folders = append(folders, dir)
		}
	}
	var list []gc.Project
	for _, dir := range folders {
		roots, err := p.roots(dir)
		if err != nil {
			return nil, err
		}
		list = append(list, gc.Project{Runs: dir, Refs: p.refs(ctx, t, dir, roots)})
	}
	return list, nil
}

// roots returns the folders of the projects that write records to a folder, as
// their own names are; none if nobody has noted them.
func (p *project) roots(records string) ([]string, error) {
	roots, err := notedRoots(records)
	if err != nil {
		return nil, err
	}
	add := func(root string) {
		if real, err := filepath.EvalSymlinks(root); err == nil && !slices.Contains(roots, real) {
			roots = append(roots, real)
		}
	}
	if records == p.runs {
		add(p.root)
	}
	// A project's own .repro may be named as the cache.
	home, err := filepath.EvalSymlinks(p.dir)
	if err == nil && filepath.Base(home) == reproDir && records == filepath.Join(p.dir, "runs") {
		add(filepath.Dir(home))
	}
	return roots, nil
}

// refs returns what points at the commits of the projects in the folders roots.
// If that cannot be told, something may point at any of them.
func (p *project) refs(ctx context.Context, t *terminal, records string, roots []string) func(commit string) []string {
	ask := sync.OnceValues(func() (*commits, error) { return p.commits(ctx, records, roots) })
	var told, missed bool
	return func(commit string) []string {
		if commit == "" {
			return nil
		}
		known, err := ask()
		switch {
		case err != nil:
			if !told {
				told = true
				t.say("warning: which commits are tagged in the project with the records %s cannot be told, so all that it had committed stays (if it is gone for good, remove that folder): %s",
					records, firstLine(err))
			}
		case known.there[commit]:
			return known.refs[commit]
		case !missed:
			missed = true
			t.say("note: %s has no commit %.12s, nor maybe others with records in %s. What was made of such commits stays, as they may be tagged elsewhere; to let go of it, remove the records",
				strings.Join(roots, ", "), commit, records)
		}
		return []string{"may be tagged"}
	}
}

// commits are what repositories know of commits.
type commits struct {
	refs  map[string][]string // see git.Refs
	there map[string]bool     // those that a repository has, of all on record
}

// commits asks the repositories of the projects in the folders roots.
func (p *project) commits(ctx context.Context, records string, roots []string) (*commits, error) {
	if len(roots) == 0 {
		return nil, errors.New("it is not known where it is")
	}
	headers, err := runs.Open(records).List()
	if err != nil {
		return nil, err
	}
	var recorded []string
	for _, h := range headers {
		if h.Commit != "" && !slices.Contains(recorded, h.Commit) {
			recorded = append(recorded, h.Commit)
		}
	}
	here, err := filepath.EvalSymlinks(p.root)
	if err != nil {
		return nil, err
	}
	all := &commits{refs: map[string][]string{}, there: map[string]bool{}}
	for _, root := range roots {
		// Only of the user's own project may git's variables speak.
		repository := git.Elsewhere(root)
		if root == here {
			repository = git.Here(root)
		}
		refs, err := repository.Refs(ctx)
		if err != nil {
			return nil, err
		}
		for commit, names := range refs {
			for _, name := range names {
				if !slices.Contains(all.refs[commit], name) {
					all.refs[commit] = append(all.refs[commit], name)
				}
			}
		}
		for commit := range repository.Subjects(ctx, recorded) {
			all.there[commit] = true
		}
	}
	return all, nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return line
}
