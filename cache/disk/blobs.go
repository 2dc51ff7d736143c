package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"repro/cache"
)

// buffer returns the memory through which a file of size bytes is read.
func buffer(size int64) []byte {
	const most = 256 << 10
	return make([]byte, max(1, min(size, most)))
}

// Missing returns those of want that the store does not hold, in order. A blob
// whose file was touched since it was stored is hashed again.
func (s *Store) Missing(ctx context.Context, want []cache.Digest) ([]cache.Digest, error) {
	states := make([]blobState, len(want))
	err := s.read(func(r reader) error {
		for i, d := range want {
			if err := ctx.Err(); err != nil {
				return err
			}
			b, err := s.find(r, d)
			if err != nil {
				return err
			}
			states[i] = b.state
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var missing []cache.Digest
	for i, d := range want {
		held := states[i] != absent
		if states[i] == touched { // hashing may take long and changes rows, so it is not done in read
			held, err = s.holds(ctx, d)
		}
		if err != nil {
			return nil, err
		}
		if !held {
			missing = append(missing, d)
		}
	}
	return missing, nil
}

// Open returns the blob's bytes; they are verified while they are read.
func (s *Store) Open(ctx context.Context, d cache.Digest) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := s.locate(d)
	switch {
	case err != nil:
		return nil, err
	case b.state == absent:
		return nil, fmt.Errorf("blob %s: %w", d.Short(), cache.ErrMiss)
	case b.state == inIndex:
		value, err := s.smallBytes(d)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(value)), nil
	}
	f, err := os.Open(s.blobFile(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %s: %w", d.Short(), cache.ErrMiss)
	}
	if err != nil {
		return nil, err
	}
	return &verifier{store: s, want: d, stamp: b.stamp, file: f, hash: cache.NewHasher()}, nil
}

// smallBytes returns the verified bytes of a blob that is in the index.
func (s *Store) smallBytes(d cache.Digest) ([]byte, error) {
	value, ok, err := s.get(digestKey(classBytes, d))
	if err != nil {
		return nil, err
	}
	if !ok || cache.Of(value) != d {
		return nil, s.drop(d, nil)
	}
	return value, nil
}

// Put stores what r yields under d.
func (s *Store) Put(ctx context.Context, d cache.Digest, r io.Reader) error {
	if err := s.queue.room(ctx); err != nil {
		return err
	}
	if held, err := s.holds(ctx, d); err != nil || held {
		return err
	}
	if d.Size <= s.small {
		b, err := io.ReadAll(io.LimitReader(contextReader{ctx, r}, max(d.Size, 0)+1))
		if err != nil {
			return fmt.Errorf("store blob %s: %w", d.Short(), err)
		}
		if cache.Of(b) != d {
			return fmt.Errorf("store blob %s: %w", d.Short(), cache.ErrCorrupt)
		}
		return s.putSmall(d, b)
	}
	return s.receive(d, contextReader{ctx, r})
}

func (s *Store) putSmall(d cache.Digest, b []byte) error {
	return s.queue.add(
		row{key: digestKey(classBytes, d), value: b},
		row{key: digestKey(classBlob, d)},
	)
}

// receive writes what r yields to a file and takes that over if it is d.
func (s *Store) receive(d cache.Digest, r io.Reader) (err error) {
	if err := s.space.blob(d.Size); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.work.dir, "blob-")
	if err != nil {
		return fmt.Errorf("store blob in %s: %w", s.dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	hash := cache.NewHasher()
	// One byte more than there should be is enough to know that r is wrong.
	_, err = io.CopyBuffer(io.MultiWriter(f, hash), io.LimitReader(r, d.Size), buffer(d.Size))
	if err == nil {
		_, err = io.CopyN(hash, r, 1)
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err := errors.Join(err, f.Chmod(0o444), f.Close()); err != nil {
		return fmt.Errorf("store blob in %s: %w", s.dir, err)
	}
	if hash.Digest() != d {
		return fmt.Errorf("store blob %s: %w", d.Short(), cache.ErrCorrupt)
	}
	id, err := stat(f.Name())
	if err != nil {
		return err
	}
	return s.adopt(d, f.Name(), id)
}

// adopt moves the read-only file name, whose bytes are d's and whose identity
// is id, to its place among the blobs. If the blob came in meanwhile, the file
// is removed.
func (s *Store) adopt(d cache.Digest, name string, id identity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.locate(d)
	if err != nil {
		return err
	}
	if b.state == inFile || b.state == inIndex {
		return os.Remove(name)
	}
	file := s.blobFile(d)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("store blob in %s: %w", s.dir, err)
	}
	if err := os.Rename(name, file); err != nil {
		return err
	}
	return s.queue.add(row{key: digestKey(classBlob, d), value: id.stamp()})
}

// syncBlobs makes the new blob files among rows durable. It leaves out the rows
// of files that are gone: somebody removed them, or they were found damaged.
func (s *Store) syncBlobs(rows []row) ([]row, error) {
	var kept []row
	var files []string
	folders := map[string]bool{}
	for _, r := range rows {
		if r.key[0] == classBlob && len(r.value) > 0 {
			file := s.blobFile(keyDigest(r.key))
			if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			files = append(files, file)
			folders[filepath.Dir(file)] = true
			folders[filepath.Join(s.dir, "blobs")] = true
		}
		kept = append(kept, r)
	}
	// File systems put concurrent syncs into one write of their journal.
	var syncs errgroup.Group
	syncs.SetLimit(8)
	for _, file := range files {
		syncs.Go(func() error {
			if err := syncFile(file); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
	}
	if err := syncs.Wait(); err != nil {
		return nil, err
	}
	for folder := range folders {
		if err := syncFolder(folder); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// blobFile returns where the file of the blob d is or would be.
func (s *Store) blobFile(d cache.Digest) string {
	name := d.Hex()
	return filepath.Join(s.dir, "blobs", name[:2], name)
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder makes the names in a folder durable, where the file system knows
// how to.
func syncFolder(name string) error {
	if err := syncFile(name); !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

// contextReader stops reading when ctx is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
