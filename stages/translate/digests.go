package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// digests remembers what is known of files as long as they stay as they are:
// tools are asked for at every instance of a stage while planning.
type digests struct {
	mu    sync.Mutex
	files map[string]fileDigest
}

type fileDigest struct {
	info  fs.FileInfo
	value string
}

// of returns what compute says of a file, from memory if the file is the same
// by device, inode, size and time. It is always called with the same compute
// for a file.
func (d *digests) of(path string, compute func(path string) (string, error)) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.files[path]; ok && os.SameFile(known.info, info) && known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
		return known.value, nil
	}
	value, err := compute(path)
	if err != nil {
		return "", err
	}
	// A file that was just written may be written again within the same tick.
	if time.Since(info.ModTime()) > 2*time.Second {
		if d.files == nil {
			d.files = map[string]fileDigest{}
		}
		d.files[path] = fileDigest{info: info, value: value}
	}
	return value, nil
}

// contentDigest returns the SHA-256 of a file.
func contentDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}
