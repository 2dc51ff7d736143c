package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// openWork empties the folder dir of what dead processes left in it. Failing
// is no reason not to open.
func openWork(dir string, warn func(string)) *work {
	w := &work{dir: dir, warn: warn, slots: make(chan struct{}, removers)}
	leftovers, err := os.ReadDir(dir)
	if err != nil {
		warn(err.Error())
	}
	for _, entry := range leftovers {
		w.remove(filepath.Join(dir, entry.Name()))
	}
	w.wait()
	return w
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
