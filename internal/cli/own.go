package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"repro/cache/disk"
	"repro/engine/worker"
	"repro/stages/collect"
	"repro/stages/plugin/build"
)

// own are the folders of a cache, and which of the names in them repro gives: a
// cache in a folder of the user's choice may hold the user's own files anywhere.
var own = map[string]func(name string) bool{
	"cache":        disk.IsPart,
	"runs":         isRecord,
	"partial":      collect.IsPartial,
	"checkpoints":  worker.IsCheckpoint,
	"revisions":    isRevision,
	"plugins":      build.IsOurs,
	"translations": isTranslation,
}

var (
	// A record, one that is being written, the folder of another project's, or
	// rootFile.
	recordShape      = regexp.MustCompile(`^(\d{8}T.*\.json|\.new-\d+|[0-9a-f]{12}|` + rootFile + `)$`)
	revisionShape    = regexp.MustCompile(`^([0-9a-f]{20}|\.unpack-\d+)$`)
	translationShape = regexp.MustCompile(`\.tsv$`)
)

func isRecord(name string) bool      { return recordShape.MatchString(name) }
func isRevision(name string) bool    { return revisionShape.MatchString(name) }
func isTranslation(name string) bool { return translationShape.MatchString(name) }

// owned returns the paths of what repro has made in a folder of the cache.
func (p *project) owned(folder string) ([]string, error) {
	return made(filepath.Join(p.dir, folder), own[folder])
}

// made returns the paths in a folder whose names repro gives, none if there is no
// such folder.
func made(dir string, given func(name string) bool) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		if given(entry.Name()) {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	return paths, nil
}

// owns returns what tells which files repro has made: in the cache, in the
// project's folder, and the links to both. That they are there makes no tree
// another than it was committed.
func (p *project) owns() func(name string) bool {
	dirs := []string{filepath.Join(p.root, reproDir), p.dir}
	var links, homes []string
	for _, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			continue
		}
		if parent, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil { // as git names it
			links = append(links, filepath.Join(parent, filepath.Base(abs)))
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			homes = append(homes, real)
		}
	}
	return func(name string) bool {
		return slices.Contains(links, name) || slices.ContainsFunc(homes, func(home string) bool {
			rel, err := filepath.Rel(home, name)
			if err != nil || !filepath.IsLocal(rel) {
				return false
			}
			parts := strings.SplitN(rel, string(filepath.Separator), 3)
			given, known := own[parts[0]]
			return rel == ".gitignore" && filepath.Base(home) == reproDir || known && len(parts) > 1 && given(parts[1])
		})
	}
}
