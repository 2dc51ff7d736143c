package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// removers is how many folders are removed at once. Removing one waits for the
// disk most of the time, several times as long as a small stage takes.
const removers = 8

// work is the folder of scratch folders.
type work struct {
	dir     string
	warn    func(string)
	slots   chan struct{}
	pending sync.WaitGroup
}

// workShape is how the names are that WorkDir and receive give.
var workShape = regexp.MustCompile(`^(work|blob)-\d+$`)

// IsWork reports whether something in work/ has a name that the store gives.
func IsWork(name string) bool { return workShape.MatchString(name) }

func newWork(dir string, warn func(string)) *work {
	return &work{dir: dir, warn: warn, slots: make(chan struct{}, removers)}
}

// empty removes what dead processes left. Failing is no reason not to open.
func (w *work) empty() {
	leftovers, err := os.ReadDir(w.dir)
	if err != nil {
		w.warn(err.Error())
	}
	for _, entry := range leftovers {
		if IsWork(entry.Name()) {
			w.remove(filepath.Join(w.dir, entry.Name()))
		}
	}
	w.wait()
}

// remove removes dir in the background.
func (w *work) remove(dir string) {
	w.pending.Go(func() {
		w.slots <- struct{}{}
		defer func() { <-w.slots }()
		if err := removeAll(dir); err != nil {
			w.warn(fmt.Sprintf("remove a folder of a stage: %v", err))
		}
	})
}

func (w *work) wait() { w.pending.Wait() }

// WorkDir makes a new empty folder on the file system of the store, so that
// Import can move files out of it. What a dead process leaves is removed by
// Open.
func (s *Store) WorkDir() (string, error) { return os.MkdirTemp(s.work.dir, "work-") }

// Discard removes a folder made by WorkDir, in the background; Close waits for
// it.
func (s *Store) Discard(dir string) { s.work.remove(dir) }

// removeAll is os.RemoveAll for folders that a stage may have made read-only.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = os.Chmod(name, 0o700)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(dir))
}
