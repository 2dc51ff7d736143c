package worker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"repro/cache"
)

// Checkpoints keeps what unfinished attempts at actions leave for the next
// ones: a folder for each, named by the hash of the action's key, so that what
// was made from other inputs or parameters is never found, and by the time of
// the attempt. Who has it must be the only one: the lock of the store beside it
// sees to that.
//
// Each attempt takes over the folder under a name of its own. A process that
// outlives its killed engine by a moment, as a plugin may, then has lost it, and
// cannot write where the next attempt does.
type Checkpoints struct{ dir string }

// checkpointAge is how long a checkpoint stays that nobody touches.
const checkpointAge = 30 * 24 * time.Hour

// OpenCheckpoints returns those in the folder dir, making it if there is none,
// and removes those that nobody has touched for 30 days.
func OpenCheckpoints(dir string) (*Checkpoints, error) {
	dir, err := filepath.Abs(dir) // a plugin has a working directory of its own
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if IsCheckpoint(entry.Name()) && time.Since(touched(path)) > checkpointAge {
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

// attemptTime is when an attempt began, in the name of its folder.
const attemptTime = "20060102T150405.000000000Z"

var checkpointShape = regexp.MustCompile(`^[0-9a-f]{64}-\d{8}T\d{6}\.\d{9}Z$`)

// IsCheckpoint reports whether a folder among checkpoints has a name that an
// attempt gives. All else there is somebody else's.
func IsCheckpoint(name string) bool { return checkpointShape.MatchString(name) }

// claim returns the folder of a new attempt at the action with that key, with
// what the last one left; "" if none are kept.
func (c *Checkpoints) claim(key cache.Digest) (string, error) {
	if c == nil {
		return "", nil
	}
	// Somebody may have cleaned up while the run goes on.
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return "", err
	}
	now := time.Now()
	path := filepath.Join(c.dir, key.Hex()+"-"+now.UTC().Format(attemptTime))
	left, err := c.left(key)
	if err != nil || len(left) == 0 {
		return path, err
	}
	last := len(left) - 1
	for _, older := range left[:last] { // of a process that had lost its own
		_ = os.RemoveAll(older)
	}
	_ = os.Chtimes(left[last], now, now) // an attempt is a touch
	return path, os.Rename(left[last], path)
}

// left returns the folders of attempts at the action, the last one last.
func (c *Checkpoints) left(key cache.Digest) ([]string, error) {
	if c == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(c.dir) // sorted
	if err != nil {
		return nil, err
	}
	var all []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), key.Hex()+"-") {
			all = append(all, filepath.Join(c.dir, entry.Name()))
		}
	}
	return all, nil
}

// drop takes away all that attempts at the action have left, each whole or not
// at all: it moves into the folder to, which is about to be removed.
func (c *Checkpoints) drop(key cache.Digest, to string) error {
	left, err := c.left(key)
	for _, path := range left {
		if os.Rename(path, filepath.Join(to, filepath.Base(path))) != nil { // on another file system
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// existing returns the path if there is something.
func existing(path string) string {
	if _, err := os.Lstat(path); path == "" || err != nil {
		return ""
	}
	return path
}
