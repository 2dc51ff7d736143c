package collect

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sumsFile is the name of the lists that sha256sum writes and mirrors carry.
const sumsFile = "SHA256SUMS"

// mirrors finds files by checksum in folders. Lists of checksums are asked
// first; only then are files hashed, each at most once in the life of the
// process. Nothing is taken unverified.
type mirrors struct {
	folders []string
	turn    chan struct{} // holds one token: who has it may hash, and use hashed
	hashed  map[mirrorFile]sum
}

// mirrorFile is one state of a file in a mirror.
type mirrorFile struct {
	path  string
	size  int64
	mtime int64 // nanoseconds since 1970
}

func newMirrors(folders []string) *mirrors {
	m := &mirrors{folders: folders, turn: make(chan struct{}, 1), hashed: map[mirrorFile]sum{}}
	m.turn <- struct{}{}
	return m
}

// copy makes the new file dst of the first file with the wanted sum, and
// reports whether there was one. A mirror that cannot be read is skipped.
func (m *mirrors) copy(ctx context.Context, want sum, dst string, logf func(string, ...any)) (bool, error) {
	if len(m.folders) == 0 {
		return false, nil
	}
	files, listed, err := m.list(ctx, want, logf)
	if err != nil {
		return false, err
	}
	for _, file := range listed {
		if ok, err := m.take(ctx, file, want, dst, logf); ok || err != nil {
			return ok, err
		}
	}
	file, err := m.hash(ctx, files, want, logf)
	if err != nil || file == "" {
		return false, err
	}
	return m.take(ctx, file, want, dst, logf)
}

// take copies file to dst if it still is what is wanted.
func (m *mirrors) take(ctx context.Context, file string, want sum, dst string, logf func(string, ...any)) (bool, error) {
	got, err := copyFile(ctx, file, dst)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		logf("mirror: %v", err)
		return false, nil
	case !want.matches(got):
		logf("mirror: %s has another checksum than its %s says, or has just changed", file, sumsFile)
		return false, os.Remove(dst)
	}
	logf("mirror: %s", file)
	return true, nil
}

// list walks the mirrors. It returns the files that could be the wanted one,
// and those that a list of checksums says are.
func (m *mirrors) list(ctx context.Context, want sum, logf func(string, ...any)) (files []mirrorFile, listed []string, _ error) {
	for _, folder := range m.folders {
		root, err := filepath.EvalSymlinks(folder) // WalkDir follows no link, not even at its root
		if err != nil {
			logf("mirror: %v", err)
			continue
		}
		err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				logf("mirror: %v", err)
				return nil
			}
			if !entry.Type().IsRegular() {
				return nil
			}
			if entry.Name() == sumsFile {
				listed = append(listed, readSums(path, want, logf)...)
			}
			info, err := entry.Info()
			if err == nil && (want.size == 0 || info.Size() == want.size) {
				files = append(files, mirrorFile{path, info.Size(), info.ModTime().UnixNano()})
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return files, listed, nil
}

// readSums returns the files that a list of sha256sum gives the wanted sum to.
func readSums(list string, want sum, logf func(string, ...any)) []string {
	f, err := os.Open(list)
	if err != nil {
		logf("mirror: %v", err)
		return nil
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	var files []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		digits, name, ok := strings.Cut(strings.TrimRight(lines.Text(), "\r"), " ")
		// After the digits: a blank and a blank, or a blank and a star (binary).
		if !ok || len(name) < 2 || !strings.EqualFold(digits, want.String()) {
			continue
		}
		if name = filepath.FromSlash(name[1:]); filepath.IsLocal(name) {
			files = append(files, filepath.Join(filepath.Dir(list), name))
		}
	}
	if err := lines.Err(); err != nil {
		logf("mirror: %s: %v", list, err)
	}
	return files
}

// hash returns the first of files with the wanted sum, or "". It waits for its
// turn: two that hash the same disk at once gain nothing, and the second may
// find its answer among the sums of the first.
func (m *mirrors) hash(ctx context.Context, files []mirrorFile, want sum, logf func(string, ...any)) (string, error) {
	select {
	case <-m.turn:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { m.turn <- struct{}{} }()
	for _, file := range files {
		if got, known := m.hashed[file]; known && want.matches(got) {
			return file.path, nil
		}
	}
	for _, file := range files {
		if _, known := m.hashed[file]; known {
			continue
		}
		got, err := sumOfFile(ctx, file.path)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil {
			logf("mirror: %v", err)
			got = sum{} // which nothing has
		}
		m.hashed[file] = got
		if want.matches(got) {
			return file.path, nil
		}
	}
	return "", nil
}
