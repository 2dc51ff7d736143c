package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"repro/cache"
)

// Import stores the regular file name. A large file on the store's file system
// that has no other name is moved into it; every other file is copied.
func (s *Store) Import(ctx context.Context, name string) (cache.Digest, error) {
	if err := s.queue.room(ctx); err != nil {
		return cache.Digest{}, err
	}
	if info, err := os.Lstat(name); err != nil {
		return cache.Digest{}, err
	} else if !info.Mode().IsRegular() {
		return cache.Digest{}, fmt.Errorf("%s: not a regular file", name)
	}
	d, id, err := hashFile(ctx, name)
	if err != nil {
		return cache.Digest{}, err
	}
	if held, err := s.holds(ctx, d); err != nil || held {
		return d, err
	}
	// A file with a second name could be changed through that, and a file of
	// somebody else's cannot be made read-only.
	if d.Size > s.small && id.links == 1 && os.Chmod(name, 0o444) == nil {
		// It may lie on another file system, or in a folder that was made read-only.
		if err := s.adopt(d, name, id); !errors.Is(err, unix.EXDEV) && !errors.Is(err, fs.ErrPermission) {
			return d, err
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return cache.Digest{}, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return d, s.Put(ctx, d, f)
}

// Link makes the blob d appear as a new read-only file at name: a hard link to
// the blob's file, or a copy of a small blob and wherever linking is not
// possible.
func (s *Store) Link(ctx context.Context, d cache.Digest, name string) error {
	if held, err := s.holds(ctx, d); err != nil {
		return err
	} else if !held {
		return fmt.Errorf("blob %s: %w", d.Short(), cache.ErrMiss)
	}
	b, err := s.locate(d)
	if err != nil {
		return err
	}
	if b.state == inFile {
		// Another file system, too many links already, links to files of other
		// people's not allowed, links not known at all.
		copied := []error{unix.EXDEV, unix.EMLINK, unix.EPERM, unix.ENOTSUP}
		err := os.Link(s.blobFile(d), name)
		if !slices.ContainsFunc(copied, func(target error) bool { return errors.Is(err, target) }) {
			return err
		}
	}
	return s.copyTo(ctx, d, name)
}

func (s *Store) copyTo(ctx context.Context, d cache.Digest, name string) (err error) {
	r, err := s.Open(ctx, d)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	_, err = io.CopyBuffer(f, contextReader{ctx, r}, buffer(d.Size))
	return errors.Join(err, f.Chmod(0o444), f.Close())
}

// Verify returns an error wrapping cache.ErrCorrupt, and drops the blob, if
// its bytes were changed since they were stored. It looks at the size, time
// and inode of a blob's file and hashes it if they are not as they were:
// whoever writes through a link and then sets the time back is not found here
// but when the blob is next opened.
func (s *Store) Verify(ctx context.Context, d cache.Digest) error {
	b, err := s.locate(d)
	if err != nil {
		return err
	}
	if b.state == inIndex {
		_, err := s.smallBytes(d)
		return err
	}
	held, err := s.holds(ctx, d)
	if err != nil || held {
		return err
	}
	if b.state == touched {
		return fmt.Errorf("blob %s: %w", d.Short(), cache.ErrCorrupt)
	}
	return fmt.Errorf("blob %s: %w", d.Short(), cache.ErrMiss)
}
