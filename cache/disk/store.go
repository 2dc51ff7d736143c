// Package disk is the cache on this machine: a folder that one process owns at
// a time. In come blobs and the results of actions; out come the same blobs,
// verified, and the results, in this process or a later one.
//
// # Layout
//
//	owner      locked by the process that has the store open; holds its pid
//	index/     Badger: rows for blobs, bytes of small blobs, results, file fingerprints
//	blobs/ab/  one read-only file for each large blob, named by its hash
//	work/      scratch folders and files being received; emptied by Open
//	corrupt/   blobs that were found damaged, kept for inspection
//	reserve    space given up when the disk is full, so that the index can close
//
// # Invariant
//
// A result in the index names only blobs that are completely on disk, whatever
// moment the process is killed at or the power fails. Three rules make it so:
//
//  1. A blob counts only if it has a row. A file in blobs/ without one is a
//     leftover: it is not trusted, and the next Put of it replaces it.
//  2. Rows wait in memory, in one queue. A group of them (see queue) is written
//     in this order: every new blob file is synced, then the folders that hold
//     them, and only then the rows, in synced transactions, those of blobs
//     before those of results.
//  3. Whoever records a result has put its blobs before, so they are in the
//     same group or in an earlier one.
//
// Remove keeps the invariant the other way round: a result whose blobs go stays
// in the index, as one that is not complete, and no moment shows half a blob.
//
// A group that cannot be written is dropped as a whole, and the error is
// returned by every later call that writes, by Sync and by Close.
package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	badger "github.com/dgraph-io/badger/v4"

	"repro/cache"
)

// Options change what a Store does. The zero value is useful.
type Options struct {
	// SmallBlob is the size in bytes up to which a blob is kept in the index
	// instead of in a file of its own: 0 means 16 KiB, the most is 64 KiB, and
	// a negative size keeps every blob in a file. It may differ from one Open
	// to the next.
	SmallBlob int
	// Warn is told what the owner of the cache should know though nothing
	// failed, such as a damaged blob. It may be called by several goroutines at
	// once and must not call the store; nil tells nobody.
	Warn func(message string)
	// AtRest is called by Open once the folder is this process's own, and before
	// anything in it changes. An error ends Open; nil stands for nothing to do.
	AtRest func() error
	// KeepWork leaves what dead processes left in work/ for the next Open.
	KeepWork bool
}

const (
	defaultSmallBlob = 16 << 10
	maxSmallBlob     = 64 << 10 // far below what one transaction of the index can hold
)

// Store is a cache.Store in a folder. It is also a cache.Importer, a
// cache.Linker and a cache.Files. Its methods may be called concurrently.
type Store struct {
	dir   string
	small int64 // size of the largest blob that is kept in the index
	warn  func(string)

	owner *os.File
	space *space
	index *index
	queue *queue

	// mu is held while rows are changed that depend on what was there before,
	// and while blob files appear under or vanish from their names.
	mu sync.Mutex

	work *work

	compact bool  // Close makes the index smaller: rows were removed
	removed int64 // bytes of small blobs in them

	closing sync.Once
	closed  error // what Close returned
}

var (
	_ cache.Store    = (*Store)(nil)
	_ cache.Importer = (*Store)(nil)
	_ cache.Linker   = (*Store)(nil)
	_ cache.Files    = (*Store)(nil)
)

// parts are what a store's folder holds.
var parts = []string{"owner", "index", "blobs", "work", "corrupt", "reserve"}

// IsPart reports whether a name in a store's folder is one that the store gives.
func IsPart(name string) bool { return slices.Contains(parts, name) }

// Exists reports whether there is a store in the folder dir, which may be there
// for something else. It opens nothing.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "index", badger.ManifestFilename))
	return err == nil
}

// Open opens the store in the folder dir, making it if there is none. The
// error wraps cache.ErrBusy if another process has it open, and
// syscall.ENOSPC if the disk is too full to work with.
func Open(dir string, o Options) (_ *Store, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, small: int64(o.SmallBlob), warn: o.Warn}
	if s.small == 0 {
		s.small = defaultSmallBlob
	}
	s.small = min(s.small, maxSmallBlob)
	if s.warn == nil {
		s.warn = func(string) {}
	}
	for _, sub := range []string{"", "blobs", "work", "corrupt"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("open cache: %w", err)
		}
	}
	s.owner, err = lockOwner(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.owner.Close())
		}
	}()
	if o.AtRest != nil {
		if err := o.AtRest(); err != nil {
			return nil, err
		}
	}
	s.work = newWork(filepath.Join(dir, "work"), s.warn)
	if !o.KeepWork {
		s.work.empty()
	}
	s.space = &space{dir: dir}
	if err := s.space.open(); err != nil {
		return nil, err
	}
	s.index, err = openIndex(filepath.Join(dir, "index"), s.warn)
	if err != nil {
		return nil, err
	}
	s.queue = newQueue(s.commit)
	return s, nil
}

// Sync makes everything put and recorded so far durable.
func (s *Store) Sync(ctx context.Context) error { return s.queue.sync(ctx) }

// Close writes what is pending and gives the folder back. It returns the error
// that writing met, if any. Blobs opened before may still be read.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.work.wait()
		written := s.queue.close()
		// Closing the index writes a table through a memory map, which on a full
		// disk would kill the process: give it what was kept for this.
		if err := s.space.index(0); err != nil {
			s.warn(err.Error())
		}
		s.closed = errors.Join(written, s.index.close())
		if s.compact && s.closed == nil {
			if err := s.shrink(); err != nil {
				s.warn(err.Error()) // it costs space only
			}
		}
		s.closed = errors.Join(s.closed, s.owner.Close())
	})
	return s.closed
}

// commit makes the rows of one group durable; see the invariant above. If
// space is too low for another group it returns an error all the same.
func (s *Store) commit(rows []row) error {
	var size int64
	for _, r := range rows {
		size += int64(len(r.key) + len(r.value) + rowCost)
	}
	reserved := s.space.reserved.Load()
	// What is written to the log now is written to a table later.
	if err := s.space.index(2 * size); err != nil {
		return err
	}
	rows, err := s.syncBlobs(rows)
	if err != nil {
		return err
	}
	if err := s.index.write(rows); err != nil {
		return err
	}
	if reserved && !s.space.reserved.Load() {
		free, err := s.space.free()
		return errors.Join(err, s.space.full(free))
	}
	return nil
}
