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

	"repro/cache"
)

// blob is what the store knows of a blob without reading its bytes.
type blob struct {
	state blobState
	stamp []byte // the blob's row: the stamp of its file, empty if it has none
}

type blobState int

const (
	absent  blobState = iota
	inIndex           // a small blob
	inFile            // a file as it was when it was stored
	touched           // a file that is not; its bytes may be good all the same
)

// find returns what r shows of the blob d.
func (s *Store) find(r reader, d cache.Digest) (blob, error) {
	value, ok, err := r.get(digestKey(classBlob, d))
	if err != nil || !ok {
		return blob{}, err
	}
	if len(value) == 0 {
		return blob{state: inIndex}, nil
	}
	id, err := stat(s.blobFile(d))
	if errors.Is(err, fs.ErrNotExist) {
		return blob{}, nil
	}
	if err != nil {
		return blob{}, err
	}
	if !bytes.Equal(id.stamp(), value) {
		return blob{state: touched, stamp: value}, nil
	}
	return blob{state: inFile, stamp: value}, nil
}

// locate is find for a single blob.
func (s *Store) locate(d cache.Digest) (b blob, err error) {
	err = s.read(func(r reader) error {
		b, err = s.find(r, d)
		return err
	})
	return b, err
}

// holds reports whether the store has the blob d, hashing its file again if
// that was touched.
func (s *Store) holds(ctx context.Context, d cache.Digest) (bool, error) {
	b, err := s.locate(d)
	if err != nil || b.state != touched {
		return b.state != absent, err
	}
	got, id, err := hashFile(ctx, s.blobFile(d))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if got != d {
		if err := s.drop(d, b.stamp); !errors.Is(err, cache.ErrCorrupt) {
			return false, err
		}
		return false, nil
	}
	return true, s.restamp(d, b.stamp, id)
}

// restamp notes the new identity of a file that was hashed again, unless the
// blob's row is no longer the one of stamp.
func (s *Store) restamp(d cache.Digest, stamp []byte, id identity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := digestKey(classBlob, d)
	if now, ok, err := s.get(key); err != nil || !ok || !bytes.Equal(now, stamp) {
		return err
	}
	return s.queue.add(row{key: key, value: id.stamp()})
}

// drop takes the blob d, which was found damaged, out of the store and returns
// an error that wraps cache.ErrCorrupt. It does nothing else if the blob's row
// is no longer the one of stamp: somebody dropped or replaced it meanwhile.
func (s *Store) drop(d cache.Digest, stamp []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	corrupt := fmt.Errorf("blob %s of cache %s: %w", d.Short(), s.dir, cache.ErrCorrupt)
	now, ok, err := s.get(digestKey(classBlob, d))
	if err != nil {
		return err
	}
	if !ok || !bytes.Equal(now, stamp) {
		return corrupt
	}
	where := ""
	if len(stamp) > 0 {
		kept := filepath.Join(s.dir, "corrupt", d.Hex())
		if err := os.Rename(s.blobFile(d), kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w; move it away: %w", corrupt, err)
		}
		where = " and moved to " + kept
	}
	s.warn(fmt.Sprintf("blob %s was found damaged%s; what needs it is made again", d, where))
	err = s.queue.add(
		row{key: digestKey(classBytes, d), gone: true},
		row{key: digestKey(classBlob, d), gone: true},
	)
	if err != nil {
		return fmt.Errorf("%w; note that it is gone: %w", corrupt, err)
	}
	return corrupt
}

// verifier reads a blob's file. The Read that brings the last byte returns an
// error instead if the bytes are wrong.
type verifier struct {
	store *Store
	want  cache.Digest
	stamp []byte
	file  *os.File
	hash  *cache.Hasher
	size  int64
	err   error // what every further Read returns
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.file.Read(p)
	v.hash.Write(p[:n]) //nolint:errcheck // never fails
	v.size += int64(n)
	if err == nil && v.size < v.want.Size {
		return n, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		v.err = err
		return n, err
	}
	if v.hash.Digest() != v.want {
		v.err = v.store.drop(v.want, v.stamp)
		return 0, v.err
	}
	return n, err
}

func (v *verifier) Close() error { return v.file.Close() }
