package disk

import (
	"bytes"
	"context"
	"path/filepath"
	"time"

	"repro/cache"
)

// racyWindow is how long a file must have been left alone before its digest is
// remembered. A file that was changed just now may be changed again within the
// same tick of the file system's clock, without a trace in its identity. Two
// seconds is the grain of the coarsest file system in use (FAT).
const racyWindow = 2 * time.Second

// FileDigest returns the digest of the regular file name; symbolic links are
// followed. It reads the file only if the file's identity is not as it was
// when the digest was remembered.
//
// Digests are remembered by absolute path, with the identity as a part of the
// value: most editors and git replace a file by a new one, so rows by inode
// would pile up, while a path has one row however often it changes.
func (s *Store) FileDigest(ctx context.Context, name string) (cache.Digest, error) {
	if err := ctx.Err(); err != nil {
		return cache.Digest{}, err
	}
	name, err := filepath.Abs(name)
	if err != nil {
		return cache.Digest{}, err
	}
	id, err := stat(name)
	if err != nil {
		return cache.Digest{}, err
	}
	key := string(rune(classFile)) + name
	value, _, err := s.get(key)
	if err != nil {
		return cache.Digest{}, err
	}
	if rest, ok := bytes.CutPrefix(value, id.encode()); ok {
		d := decoder{rest: rest}
		if digest := d.digest(); d.end() == nil {
			return digest, nil
		}
	}
	started := time.Now()
	digest, id, err := hashFile(ctx, name)
	if err != nil {
		return cache.Digest{}, err
	}
	if settled := started.Add(-racyWindow).UnixNano(); id.mtime < settled && id.ctime < settled {
		// Not remembering only costs time, so a store that can write no more
		// still answers; the next Record says what is wrong.
		_ = s.queue.add(row{key: key, value: appendDigest(id.encode(), digest)})
	}
	return digest, nil
}
