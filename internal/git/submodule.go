package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// gitlink is the mode of a submodule in a tree.
const gitlink = "160000"

// unpackSubmodules fills the folders of submodules, which a checkout leaves to
// git submodule, with the commits that r names.
func (r *Revision) unpackSubmodules(ctx context.Context, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, ".gitmodules")); err != nil {
		return nil
	}
	list, err := output(ctx, r.Top, "ls-tree", "-r", "-z", r.Commit)
	if err != nil {
		return incomplete(ctx, r.Top, r, err)
	}
	for entry := range strings.SplitSeq(string(list), "\x00") {
		fields, path, ok := strings.Cut(entry, "\t")
		mode, rest, _ := strings.Cut(fields, " ")
		if !ok || mode != gitlink {
			continue
		}
		_, commit, _ := strings.Cut(rest, " ")
		// Without a checkout of its own, git would answer for the outer repository.
		top := filepath.Join(r.Top, filepath.FromSlash(path))
		if _, err := os.Stat(filepath.Join(top, ".git")); err != nil {
			return fmt.Errorf("the submodule %s of %s is not there: fetch it with: git submodule update --init %s", path, r.Name, path)
		}
		inner := &Revision{Name: r.Name + ":" + path, Commit: commit, Top: top}
		folder := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.Remove(folder); err != nil && !os.IsNotExist(err) { // empty, if it is there
			return err
		}
		if err := inner.Unpack(ctx, folder); err != nil {
			return err
		}
	}
	return nil
}
