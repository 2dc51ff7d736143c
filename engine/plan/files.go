package plan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"repro/cache"
)

// found is what a path of the workflow means on this machine.
type found struct {
	matches []match
	err     error
}

type match struct {
	name   string // as the workflow would name it, with slashes
	source Source
}

// find expands a path or pattern, relative to the workflow's folder, and names
// what it finds by content.
func (p *planner) find(ctx context.Context, pattern string) ([]match, error) {
	known, ok := p.files[pattern]
	if !ok {
		known.matches, known.err = p.expand(ctx, pattern)
		p.files[pattern] = known
	}
	return known.matches, known.err
}

func (p *planner) expand(ctx context.Context, pattern string) ([]match, error) {
	dir := p.plan.Workflow.Dir
	names := []string{pattern}
	if strings.ContainsAny(pattern, "*?[{") {
		var err error
		names, err = doublestar.FilepathGlob(resolve(dir, pattern), doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s matches no file below %s", pattern, dir)
		}
		slices.Sort(names)
	}
	matches := make([]match, 0, len(names))
	for _, name := range names {
		path := resolve(dir, name)
		artifact, err := p.digest(ctx, path)
		if err != nil {
			return nil, err
		}
		if rel, err := filepath.Rel(dir, path); err == nil {
			name = rel
		}
		matches = append(matches, match{name: filepath.ToSlash(name), source: Source{Path: path, Artifact: artifact}})
	}
	return matches, nil
}

func resolve(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

func (p *planner) digest(ctx context.Context, path string) (cache.Artifact, error) {
	// A link of the user's stands for what it points to.
	info, err := os.Stat(path)
	if err != nil {
		return cache.Artifact{}, err
	}
	digest := func(file string) (cache.Digest, error) { return p.options.Files.FileDigest(ctx, file) }
	switch {
	case info.Mode().IsRegular():
		d, err := digest(path)
		return cache.Artifact{Digest: d}, err
	case info.IsDir():
		tree, err := cache.WalkTree(path, digest)
		return cache.Artifact{Digest: cache.Of(tree.Encode()), Tree: true}, err
	default:
		return cache.Artifact{}, fmt.Errorf("%s: not a regular file or folder", path)
	}
}
