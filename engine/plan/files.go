package plan

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"repro/cache"
)

// found is what a path of the workflow means on this machine.
type found struct {
	matches []Source
	err     error
}

// find expands a path or pattern, relative to the workflow's folder, and names
// what it finds by content.
func (p *planner) find(ctx context.Context, pattern string) ([]Source, error) {
	known, ok := p.files[pattern]
	if !ok {
		known.matches, known.err = p.expand(ctx, pattern)
		p.files[pattern] = known
	}
	return known.matches, known.err
}

func (p *planner) expand(ctx context.Context, pattern string) ([]Source, error) {
	names, err := glob(p.plan.Workflow.Path, pattern)
	if err != nil {
		return nil, err
	}
	matches := make([]Source, 0, len(names))
	for _, name := range names {
		source, err := p.source(ctx, p.plan.Workflow.Path(name))
		if err != nil {
			return nil, err
		}
		source.Name = filepath.ToSlash(name)
		matches = append(matches, source)
	}
	return matches, nil
}

// glob returns the names, as pattern has them, of what it matches: the file or
// folder of that very name if there is one, else files.
func glob(resolve func(string) string, pattern string) ([]string, error) {
	if _, err := os.Stat(resolve(pattern)); err == nil || !strings.ContainsAny(pattern, "*?[{") {
		return []string{pattern}, err
	}
	base, rest := doublestar.SplitPattern(filepath.ToSlash(pattern))
	names, err := doublestar.Glob(os.DirFS(resolve(base)), rest, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s matches no file", resolve(pattern))
	}
	for i, name := range names {
		names[i] = path.Join(base, name)
	}
	slices.Sort(names)
	return names, nil
}

// source names what is at path by its content. A link of the user's stands for
// what it points to.
func (p *planner) source(ctx context.Context, path string) (Source, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Source{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, err
	}
	digest := func(file string) (cache.Digest, error) { return p.options.Files.FileDigest(ctx, file) }
	switch {
	case info.Mode().IsRegular():
		d, err := digest(path)
		return Source{Path: path, Artifact: cache.Artifact{Digest: d}}, err
	case info.IsDir():
		tree, err := cache.WalkTree(path, digest)
		return Source{Path: path, Artifact: cache.Artifact{Digest: cache.Of(tree.Encode()), Tree: true}}, err
	default:
		return Source{}, fmt.Errorf("%s: not a regular file or folder", path)
	}
}
