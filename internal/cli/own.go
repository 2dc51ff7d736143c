package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

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
	dir := filepath.Join(p.dir, folder)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		if own[folder](entry.Name()) {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	return paths, nil
}
