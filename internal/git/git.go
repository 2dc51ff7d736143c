// Package git asks git about the state of a checkout. In goes a folder; out
// come the facts that a run's record keeps.
package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNone: there is no git, no checkout here, or no commit yet.
var ErrNone = errors.New("not a git checkout with a commit")

// State is where a checkout stands.
type State struct {
	Commit string // full hash of HEAD
	Dirty  string // SHA-256 over all differences from HEAD; empty if there are none
}

// hashLimit is up to which size an untracked file counts with its content; a
// larger one, most likely data, counts with its size.
const hashLimit = 1 << 20

// StateOf returns the state of the checkout that holds dir, or wraps ErrNone. An
// untracked file that leave reports true of, by its absolute path, is no
// difference; leave may be nil.
func StateOf(ctx context.Context, dir string, leave func(name string) bool) (State, error) {
	head, err := output(ctx, dir, "rev-parse", "--verify", "HEAD^{commit}")
	if err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrNone, err)
	}
	state := State{Commit: strings.TrimSpace(string(head))}
	status, err := output(ctx, dir, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
	if err != nil {
		return state, err
	}
	if len(status) == 0 {
		return state, nil
	}
	top, err := output(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return state, err
	}
	root := strings.TrimSpace(string(top))
	var left strings.Builder // of status
	var untracked []string
	for entry := range strings.SplitAfterSeq(string(status), "\x00") {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(entry, "\x00"), "?? "); ok {
			name = filepath.Join(root, name)
			if leave != nil && leave(name) {
				continue
			}
			untracked = append(untracked, name)
		}
		left.WriteString(entry)
	}
	if left.Len() == 0 {
		return state, nil
	}
	diff, err := output(ctx, dir, "diff", "--binary", "--no-color", "--no-ext-diff", "HEAD")
	if err != nil {
		return state, err
	}
	h := sha256.New()
	h.Write([]byte(left.String()))
	h.Write(diff)
	for _, name := range untracked {
		if err := addUntracked(h, name); err != nil {
			return state, err
		}
	}
	state.Dirty = hex.EncodeToString(h.Sum(nil))
	return state, nil
}

func addUntracked(h io.Writer, name string) error {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > hashLimit {
		// A file that went away in between differs in the list of names already.
		if info != nil {
			fmt.Fprintf(h, "\x00%d", info.Size()) //nolint:errcheck // a hash takes everything
		}
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	_, err = io.Copy(h, f)
	return err
}

// output asks git about the checkout that holds dir.
func output(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return run(ctx, dir, looking(), args...)
}

// looking returns the environment of a git that is only asked. Messages and
// colours must not depend on who runs this, and looking must not write into the
// repository.
func looking() []string { return append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0") }

func run(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = dir, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
