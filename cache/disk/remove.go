package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	badger "github.com/dgraph-io/badger/v4"
	"golang.org/x/sys/unix"
)

// Remove removes what Blobs has yielded, and makes that durable. Nothing else
// may use the store meanwhile. Results that name a removed blob stay, and are as
// if somebody had removed its file: no longer complete.
//
// At whatever moment the process is killed, each blob is there whole or not at
// all. Files go first, as a row without its file is no blob (see Store.find) and
// a full disk has no room for rows; then the rows; and only when they are gone
// for good the bytes of small blobs, as a row alone says that those are there.
// What is left of the last step is found and removed by the next Remove.
func (s *Store) Remove(ctx context.Context, list []Stored) error {
	for _, stored := range list {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if stored.File == "" {
			continue
		}
		if err := os.Remove(stored.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a blob: %w", err)
		}
	}
	// Giving up the reserve in the middle would fail that group (see commit).
	if err := s.space.index(spaceReserve); err != nil && !errors.Is(err, unix.ENOSPC) {
		return err
	}
	for _, stored := range list {
		if stored.Digest.IsZero() {
			continue
		}
		if stored.File == "" {
			s.removed += stored.Bytes
		}
		if err := s.delete(ctx, digestKey(classBlob, stored.Digest)); err != nil {
			return err
		}
	}
	if err := s.Sync(ctx); err != nil {
		return err
	}
	if err := s.removeBytes(ctx); err != nil {
		return err
	}
	if err := s.Sync(ctx); err != nil {
		return err
	}
	settle(s.index.db)
	s.compact = true
	return nil
}

// removeBytes removes the bytes of small blobs that are none any more.
func (s *Store) removeBytes(ctx context.Context) error {
	for part := range 256 {
		blobs := map[string]bool{}
		note := func(item *badger.Item) error {
			blobs[string(item.Key()[1:])] = true
			return nil
		}
		if err := s.index.iterate(string([]byte{classBlob, byte(part)}), note); err != nil {
			return err
		}
		var gone []string
		compare := func(item *badger.Item) error {
			if !blobs[string(item.Key()[1:])] {
				gone = append(gone, string(item.KeyCopy(nil)))
			}
			return nil
		}
		if err := s.index.iterate(string([]byte{classBytes, byte(part)}), compare); err != nil {
			return err
		}
		for _, key := range gone {
			if err := s.delete(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) delete(ctx context.Context, key string) error {
	if err := s.queue.room(ctx); err != nil {
		return err
	}
	return s.queue.add(row{key: key, gone: true})
}

// shrink gives back the space of removed rows: Badger only marks them as removed,
// and drops them, with their marks, as it merges tables. For that there has to be
// room for what stays once more. The index is closed.
func (s *Store) shrink() error {
	tables, err := filepath.Glob(filepath.Join(s.index.dir, "*.sst"))
	if err != nil {
		return err
	}
	size := -s.removed
	for _, name := range tables {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	if err := s.space.index(max(size, 0)); err != nil {
		return fmt.Errorf("the index is not made smaller yet: %w", err)
	}
	return compactIndex(s.index.dir, s.warn)
}

// compactIndex merges all tables of a closed index. What a process wrote last is
// in tables only once it has closed the index, so this opens it anew.
func compactIndex(dir string, warn func(string)) error {
	o := indexOptions(dir, warn)
	o.NumCompactors = 0                 // only what is asked for here
	o.NumLevelZeroTablesStall = 1 << 20 // nobody would end the wait
	o.CompactL0OnClose = true
	db, err := badger.Open(o)
	if err != nil {
		return fmt.Errorf("make the index %s smaller: %w", dir, err)
	}
	settle(db)
	return errors.Join(db.Flatten(1), db.Close())
}

// settle waits until Badger knows that no transaction can see removed rows any
// more: merging drops only those. It keeps count of that behind a channel with
// room for 100 notes, so once twice as many went through, those before are read.
func settle(db *badger.DB) {
	for range 100 {
		db.NewTransaction(false).Discard() // two notes
	}
}
