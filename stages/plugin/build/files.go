package build

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// list returns the files below root of a file system that are part of a
// plugin, slash-separated: not what editors, tools and version control leave.
func list(fsys fs.FS, root string) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == root:
			return nil
		case ignored(path.Base(name)):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is neither a file nor a folder: links cannot be part of a plugin, as what they point to may change", name)
		}
		files = append(files, name)
		return nil
	})
	return files, err
}

func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__pycache__" || name == "go.work" || name == "go.work.sum"
}

// digest returns the hash of files, names and contents, as Go's checksum
// database computes it.
func digest(fsys fs.FS, files []string) (string, error) {
	all, err := sums(fsys, files)
	if err != nil {
		return "", err
	}
	return hash(all)
}

// hash returns the digest of files whose sums are known.
func hash(sums map[string]string) (string, error) {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		if strings.Contains(name, "\n") {
			return "", fmt.Errorf("%q: the name of a plugin's file cannot have a line break", name)
		}
		fmt.Fprintf(h, "%s  %s\n", sums[name], name) //nolint:errcheck // a hash takes everything
	}
	return "h1:" + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// sums returns the SHA-256 of each file, in hexadecimal.
func sums(fsys fs.FS, files []string) (map[string]string, error) {
	all := make(map[string]string, len(files))
	for _, name := range files {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		all[name] = hex.EncodeToString(h.Sum(nil))
	}
	return all, nil
}

// copyFiles copies files to the new folder dir.
func copyFiles(dir string, fsys fs.FS, files []string) error {
	for _, name := range files {
		if err := copyFile(filepath.Join(dir, filepath.FromSlash(name)), fsys, name); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to string, fsys fs.FS, name string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	from, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // opened for reading only
	info, err := from.Stat()
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// sealFile holds the digest of a settled folder's other files.
const sealFile = ".seal"

// settle makes the folder name whole or not at all: fill writes into a new
// folder, which then gets the name. A folder of that name is left as it is if
// it is still what it was, and so is one that another process makes meanwhile.
// A folder that somebody wrote into, or that a power cut left without its
// content, is made anew.
func settle(name string, fill func(dir string) error) error {
	if sealed(name) {
		return nil
	}
	parent := filepath.Dir(name)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	if err := discard(name); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		return err
	}
	defer discard(dir) //nolint:errcheck // nothing is there if it was renamed
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := fill(dir); err != nil {
		return err
	}
	if err := seal(dir); err != nil {
		return err
	}
	if err := os.Rename(dir, name); err != nil {
		if sealed(name) {
			return nil
		}
		return err
	}
	return nil
}

// seal notes what is in the folder and makes it read-only, as far as that goes.
func seal(dir string) error {
	sum, err := contents(dir)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, sealFile), []byte(sum)); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == dir { // the folder itself has yet to be renamed
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.Chmod(name, info.Mode().Perm()&^0o222)
	})
}

// sealed reports whether the folder is there as it was sealed.
func sealed(dir string) bool {
	want, err := os.ReadFile(filepath.Join(dir, sealFile))
	if err != nil {
		return false
	}
	got, err := contents(dir)
	return err == nil && got == string(want)
}

func contents(dir string) (string, error) {
	files, err := list(os.DirFS(dir), ".")
	if err != nil {
		return "", err
	}
	return digest(os.DirFS(dir), files)
}

// discard removes a folder, read-only or not. It is renamed first, so that
// nobody finds half of it.
func discard(name string) error {
	if _, err := os.Stat(name); err != nil {
		return nil //nolint:nilerr // nothing is there
	}
	away, err := os.MkdirTemp(filepath.Dir(name), "old-")
	if err != nil {
		return err
	}
	if err := os.Rename(name, filepath.Join(away, "it")); err != nil {
		return err
	}
	_ = filepath.WalkDir(away, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
	return os.RemoveAll(away)
}
