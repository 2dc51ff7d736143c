package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"repro/cache"
)

// hashAttempts is how often a file is hashed that changes while it is.
const hashAttempts = 5

// identity is what the file system says about a file: as long as it stays the
// same, so do the bytes, unless they were changed within the grain of its
// clock.
type identity struct {
	device, inode uint64
	size          int64
	mtime, ctime  int64  // nanoseconds since 1970
	links         uint64 // names that the file has
}

// encode returns what has to stay the same for the bytes to be the same.
func (i identity) encode() []byte {
	b := binary.AppendUvarint(nil, i.device)
	b = binary.AppendUvarint(b, i.inode)
	b = binary.AppendVarint(b, i.size)
	b = binary.AppendVarint(b, i.mtime)
	return binary.AppendVarint(b, i.ctime)
}

// stamp is the part of an identity by which a blob's file is known to be
// untouched. The time of the last status change is not in it: making a hard
// link changes that.
func (i identity) stamp() []byte {
	b := binary.AppendVarint(nil, i.size)
	b = binary.AppendVarint(b, i.mtime)
	return binary.AppendUvarint(b, i.inode)
}

// stat returns the identity of the regular file that name, after following
// symbolic links, stands for.
func stat(name string) (identity, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(name, &st) }); err != nil {
		return identity{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return newIdentity(&st, name)
}

func statOpen(f *os.File) (identity, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return identity{}, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return newIdentity(&st, f.Name())
}

func newIdentity(st *unix.Stat_t, name string) (identity, error) {
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return identity{}, fmt.Errorf("%s: not a regular file", name)
	}
	return identity{
		device: uint64(st.Dev),
		inode:  st.Ino,
		size:   st.Size,
		mtime:  st.Mtim.Nano(),
		ctime:  st.Ctim.Nano(),
		links:  uint64(st.Nlink),
	}, nil
}

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// hashFile returns the digest of the regular file name and the identity that
// the file had from the first byte read to the last.
func hashFile(ctx context.Context, name string) (cache.Digest, identity, error) {
	for range hashAttempts {
		d, before, after, err := hashOnce(ctx, name)
		if err != nil || before == after {
			return d, before, err
		}
	}
	return cache.Digest{}, identity{}, fmt.Errorf("%s: changes while it is read", name)
}

func hashOnce(ctx context.Context, name string) (d cache.Digest, before, after identity, err error) {
	f, err := os.Open(name)
	if err != nil {
		return d, before, after, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	if before, err = statOpen(f); err != nil {
		return d, before, after, err
	}
	hash := cache.NewHasher()
	if _, err = io.CopyBuffer(hash, contextReader{ctx, f}, buffer(before.size)); err != nil {
		return d, before, after, fmt.Errorf("hash %s: %w", name, err)
	}
	after, err = statOpen(f)
	return hash.Digest(), before, after, err
}
