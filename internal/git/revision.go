package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrUnknownRevision: the repository has no commit of that name.
var ErrUnknownRevision = errors.New("unknown revision")

// Revision is a commit of a repository on this machine.
type Revision struct {
	Name   string // as somebody called it: "HEAD~1", "main"
	Commit string // full hash
	Tree   string // full hash of its files
	Top    string // the checkout's folder
}

// Resolve finds the commit that name means in the checkout that holds dir. The
// error wraps ErrNone without a repository, and ErrUnknownRevision if there is
// no such commit, which in a shallow clone may only not have been fetched.
func Resolve(ctx context.Context, dir, name string) (*Revision, error) {
	top, err := output(ctx, dir, "rev-parse", "--show-toplevel")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("there is no program git on this machine: install it (Debian: apt-get install git)")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	r := &Revision{Name: name, Top: strings.TrimSpace(string(top))}
	// A name that starts with a dash would be an option, and one such as ":/text"
	// takes nothing behind it.
	object, err := output(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
	if err != nil {
		return nil, unknown(ctx, dir, name)
	}
	if r.Commit, err = peel(ctx, dir, strings.TrimSpace(string(object)), "commit"); err != nil {
		return nil, unknown(ctx, dir, name)
	}
	if r.Tree, err = peel(ctx, dir, r.Commit, "tree"); err != nil {
		return nil, incomplete(ctx, dir, r, err)
	}
	return r, nil
}

// peel returns the commit or tree that an object leads to.
func peel(ctx context.Context, dir, object, kind string) (string, error) {
	out, err := output(ctx, dir, "rev-parse", "--verify", "--quiet", object+"^{"+kind+"}")
	return strings.TrimSpace(string(out)), err
}

func unknown(ctx context.Context, dir, name string) error {
	hint := "see: git log --oneline"
	if shallow(ctx, dir) {
		hint = "this clone is shallow and has only the newest commits: fetch the others with: git fetch --unshallow"
	} else if _, err := output(ctx, dir, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		hint = "the repository has no commit yet"
	}
	return fmt.Errorf("%w %q: %s", ErrUnknownRevision, name, hint)
}

func shallow(ctx context.Context, dir string) bool {
	out, err := output(ctx, dir, "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

// incomplete says that git knows a commit, but does not have all of it.
func incomplete(ctx context.Context, dir string, r *Revision, err error) error {
	hint := "fetch it again, or see: git fsck"
	if shallow(ctx, dir) {
		hint = "fetch them with: git fetch --unshallow"
	}
	return fmt.Errorf("objects of commit %s (%s) are missing from the repository; %s: %w", r.Commit[:12], r.Name, hint, err)
}

// Unpack makes the new folder dir with the commit's files, as a checkout would
// have them, line endings and filters included. It reads the repository's
// objects through an index of its own: neither the user's index nor the
// working tree is touched. Submodules come from their own repositories.
func (r *Revision) Unpack(ctx context.Context, dir string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a leftover costs space only
	env := append(os.Environ(), "LC_ALL=C", "GIT_INDEX_FILE="+filepath.Join(work, "index"))
	if _, err := run(ctx, r.Top, env, "read-tree", r.Commit); err != nil {
		return incomplete(ctx, r.Top, r, err)
	}
	files := filepath.Join(work, "files")
	if err := os.Mkdir(files, 0o755); err != nil {
		return err
	}
	if _, err := run(ctx, r.Top, env, "checkout-index", "--all", "--prefix="+files+"/"); err != nil {
		return incomplete(ctx, r.Top, r, err)
	}
	if err := r.unpackSubmodules(ctx, files); err != nil {
		return err
	}
	if err := os.Rename(files, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
