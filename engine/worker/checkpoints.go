package worker

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"repro/cache"
)

// Checkpoints keeps what unfinished attempts at actions leave for the next
// ones: a folder for each, named by the hash of the action's key, so that what
// was made from other inputs or parameters is never found. Who has it must be
// the only one: the lock of the store beside it sees to that.
type Checkpoints struct{ dir string }

// checkpointAge is how long a checkpoint stays that nobody touches.
const checkpointAge = 30 * 24 * time.Hour

// OpenCheckpoints returns those in the folder dir, making it if there is none,
// and removes what nobody has touched for 30 days.
func OpenCheckpoints(dir string) (*Checkpoints, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if time.Since(touched(path)) > checkpointAge {
			_ = os.RemoveAll(path) // what stays is in nobody's way
		}
	}
	return &Checkpoints{dir: dir}, nil
}

// touched returns when something in the folder was last written; now if that
// cannot be told.
func touched(dir string) (last time.Time) {
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	if err != nil {
		return time.Now()
	}
	return last
}

// path returns the folder of the action with that key; "" if none are kept. An
// attempt that finds something there counts as a touch.
func (c *Checkpoints) path(key cache.Digest) (string, error) {
	if c == nil {
		return "", nil
	}
	path := filepath.Join(c.dir, key.Hex())
	if left(path) != "" {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // it only decides when it is forgotten
	}
	// Somebody may have cleaned up while the run goes on.
	return path, os.MkdirAll(c.dir, 0o755)
}

// left returns the path if there is something.
func left(path string) string {
	if path == "" {
		return ""
	}
	if _, err := os.Lstat(path); err != nil {
		return ""
	}
	return path
}

// drop takes away what an action has left, whole or not at all: it moves into
// the folder to, which is about to be removed.
func drop(path, to string) error {
	if left(path) == "" {
		return nil
	}
	if os.Rename(path, filepath.Join(to, "dropped-checkpoint")) == nil {
		return nil
	}
	return os.RemoveAll(path) // on another file system
}
