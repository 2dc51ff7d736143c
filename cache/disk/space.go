package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// spaceLow is what has to stay free for the index. Badger writes through
	// memory maps of sparse files: on a full disk that is a SIGBUS that kills
	// the process, not an error.
	spaceLow = 16 << 20
	// spaceReserve is the size of a file that is given up once space is low, so
	// that results that are done can still be recorded, and the index be closed
	// and opened again.
	spaceReserve = 32 << 20
)

// space watches the free space of the store's file system.
type space struct {
	dir      string
	reserved atomic.Bool // there is a reserve to give up
}

func (s *space) file() string { return filepath.Join(s.dir, "reserve") }

// open makes the reserve if it fits. A store on a nearly full disk opens
// without, so that old results can be removed from it.
func (s *space) open() error {
	_, err := os.Stat(s.file())
	s.reserved.Store(err == nil)
	if err := s.index(0); err != nil {
		return err
	}
	free, err := s.free()
	if err != nil || s.reserved.Load() || free < spaceLow+spaceReserve {
		return err
	}
	f, err := os.Create(s.file())
	if err != nil {
		return err
	}
	if err := errors.Join(allocate(f, spaceReserve), f.Close()); err != nil {
		return fmt.Errorf("reserve space in %s: %w", s.dir, err)
	}
	s.reserved.Store(true)
	return nil
}

// index returns an error wrapping ENOSPC if the index must not write size
// bytes, not even after giving up the reserve.
func (s *space) index(size int64) error {
	free, err := s.free()
	if err != nil || free >= spaceLow+size {
		return err
	}
	if s.reserved.Swap(false) {
		if err := os.Remove(s.file()); err != nil {
			return err
		}
		if free, err = s.free(); err != nil || free >= spaceLow+size {
			return err
		}
	}
	return s.full(free)
}

// blob returns an error wrapping ENOSPC if a blob of size bytes would take
// space that is kept for the index.
func (s *space) blob(size int64) error {
	keep := int64(spaceLow)
	if !s.reserved.Load() {
		keep += spaceReserve
	}
	free, err := s.free()
	if err == nil && free-size < keep {
		err = s.full(free)
	}
	return err
}

// Room returns an error wrapping ENOSPC if the file system has no room for size
// bytes more.
func (s *Store) Room(size int64) error { return s.space.blob(size) }

func (s *space) full(free int64) error {
	return fmt.Errorf("cache %s: only %d MiB free, some of it is needed to keep what is there: free some space: %w",
		s.dir, free>>20, unix.ENOSPC)
}

// free returns the bytes that this user may still write.
func (s *space) free() (int64, error) {
	var stat unix.Statfs_t
	if err := retry(func() error { return unix.Statfs(s.dir, &stat) }); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", s.dir, err)
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}
