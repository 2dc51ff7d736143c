package conformance

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// difference names the first place where the files below two folders differ,
// "batches/batches.jsonl, line 3", or returns "" if there is none.
func difference(a, b string) (string, error) {
	filesA, err := files(a)
	if err != nil {
		return "", err
	}
	filesB, err := files(b)
	if err != nil {
		return "", err
	}
	all := maps.Clone(filesA)
	maps.Copy(all, filesB)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !filesA[name] || !filesB[name] {
			return name + ", which is there only once", nil
		}
		line, err := differentLine(filepath.Join(a, name), filepath.Join(b, name))
		if err != nil {
			return "", err
		}
		if line > 0 {
			return fmt.Sprintf("%s, line %d", name, line), nil
		}
	}
	return "", nil
}

// files returns the paths of all files below a folder.
func files(root string) (map[string]bool, error) {
	all := map[string]bool{}
	return all, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var rel string
			rel, err = filepath.Rel(root, name)
			all[rel] = true
		}
		return err
	})
}

// differentLine returns the first line, from 1, in which two files differ, or 0.
func differentLine(a, b string) (int, error) {
	textA, err := os.ReadFile(a)
	if err != nil {
		return 0, err
	}
	textB, err := os.ReadFile(b)
	if err != nil || bytes.Equal(textA, textB) {
		return 0, err
	}
	n := 0
	for n < min(len(textA), len(textB)) && textA[n] == textB[n] {
		n++
	}
	return 1 + bytes.Count(textA[:n], []byte("\n")), nil
}
