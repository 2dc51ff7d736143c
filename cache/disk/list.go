package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	badger "github.com/dgraph-io/badger/v4"
	"golang.org/x/sys/unix"

	"repro/cache"
)

// Stored is a blob as it lies in the store, or a file that is none.
type Stored struct {
	Digest  cache.Digest // zero for a file that is no blob: a leftover, or a damaged one that was moved away
	File    string       // where its bytes are; "" for a small blob, whose bytes are in the index
	Bytes   int64        // that it takes: of a file its blocks on the disk
	Changed time.Time    // when its file was last written, moved or linked; zero for a small blob, which has no time
}

// Blobs yields all blobs, and all files of blobs/ and corrupt/ that are none.
// It shows what is durable.
func (s *Store) Blobs(ctx context.Context) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		if err := s.Sync(ctx); err != nil {
			yield(Stored{}, err)
			return
		}
		// Rows and files are both sorted by hash, so one of 256 parts after
		// another is enough to know what belongs together.
		for part := range 256 {
			list, err := s.part(ctx, byte(part))
			if err != nil {
				yield(Stored{}, err)
				return
			}
			for _, stored := range list {
				if !yield(stored, nil) {
					return
				}
			}
		}
		corrupt, err := listFiles(filepath.Join(s.dir, "corrupt"))
		if err != nil {
			yield(Stored{}, err)
			return
		}
		for _, stored := range corrupt {
			if !yield(stored, nil) {
				return
			}
		}
	}
}

// part returns what there is of the blobs whose hash starts with first.
func (s *Store) part(ctx context.Context, first byte) ([]Stored, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	files, err := listFiles(filepath.Join(s.dir, "blobs", fmt.Sprintf("%02x", first)))
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(files))
	for i, f := range files {
		at[f.File] = i
	}
	list := files
	err = s.index.each(string([]byte{classBlob, first}), func(key string, value []byte) {
		d := keyDigest(key)
		if len(value) == 0 {
			list = append(list, Stored{Digest: d, Bytes: d.Size})
		} else if i, ok := at[s.blobFile(d)]; ok {
			list[i].Digest = d
		} else { // somebody removed the file: the row can go
			list = append(list, Stored{Digest: d, File: s.blobFile(d)})
		}
	})
	return list, err
}

// listFiles returns the files of a folder, none if there is no such folder.
func listFiles(dir string) ([]Stored, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := make([]Stored, 0, len(entries))
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		var st unix.Stat_t
		if err := retry(func() error { return unix.Lstat(name, &st) }); err != nil {
			return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
		}
		const block = 512 // bytes, whatever the file system's own
		list = append(list, Stored{File: name, Bytes: st.Blocks * block, Changed: time.Unix(0, max(st.Ctim.Nano(), st.Mtim.Nano()))})
	}
	return list, nil
}

// Known is an action that has results.
type Known struct {
	Key     cache.Digest
	Results []*cache.Result // oldest first; nil if they are in a form that this version does not know
}

// Actions yields every action that has results. It shows what is durable.
func (s *Store) Actions(ctx context.Context) iter.Seq2[Known, error] {
	return func(yield func(Known, error) bool) {
		if err := s.Sync(ctx); err != nil {
			yield(Known{}, err)
			return
		}
		for part := range 256 {
			var list []Known
			err := s.index.each(string([]byte{classResult, byte(part)}), func(key string, value []byte) {
				known := Known{Key: keyDigest(key)}
				if len(value) > 0 && value[0] == resultFormat {
					known.Results, _, _ = parseResults(value)
				}
				list = append(list, known)
			})
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Known{}, err)
				return
			}
			for _, known := range list {
				if !yield(known, nil) {
					return
				}
			}
		}
	}
}

// each calls visit with the committed rows whose keys start with prefix, in the
// order of their keys. visit must not call the store.
func (x *index) each(prefix string, visit func(key string, value []byte)) error {
	return x.iterate(prefix, func(item *badger.Item) error {
		sealed, err := item.ValueCopy(nil)
		if err != nil {
			return err
		}
		key := string(item.Key())
		if value, ok := x.unseal(key, sealed); ok {
			visit(key, value)
		}
		return nil
	})
}

func (x *index) iterate(prefix string, visit func(*badger.Item) error) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return fmt.Errorf("cache index %s: %w", x.dir, fs.ErrClosed)
	}
	err := x.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte(prefix)})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := visit(it.Item()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read cache index %s: %w", x.dir, err)
	}
	return nil
}
