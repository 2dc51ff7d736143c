package stagetest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// snapshot returns what is below root, which may be a file: slash-separated
// path → kind, executable bit and SHA-256. A link is no output: its target may
// lie anywhere.
func snapshot(root string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case entry.IsDir():
			all[rel] = "folder"
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is neither a file nor a folder", rel)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		all[rel] = "file sha256:" + hex.EncodeToString(sum[:])
		if info.Mode()&0o100 != 0 {
			all[rel] = "executable " + all[rel]
		}
		return nil
	})
	return all, err
}
