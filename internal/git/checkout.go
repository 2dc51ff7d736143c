package git

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Checkout makes the new folder dir with the files of one commit of a
// repository, which is a URL or a path, as they are below folder ("" for all).
// It fetches no more than that commit where the server allows it.
func Checkout(ctx context.Context, dir, repository, commit, folder string) (err error) {
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // a leftover costs space only
	output := func(ctx context.Context, dir string, args ...string) ([]byte, error) {
		return run(ctx, dir, apart(), args...)
	}
	if _, err := output(ctx, work, "init", "--quiet", "--bare"); err != nil {
		return err
	}
	if _, err := output(ctx, work, "fetch", "--quiet", "--depth=1", "--", repository, commit); err != nil {
		// Not every server gives out commits by their hash: then all of it, which
		// has the commit if any branch or tag has it.
		_, allErr := output(ctx, work, "fetch", "--quiet", "--", repository, "+refs/heads/*:refs/fetched/heads/*", "+refs/tags/*:refs/fetched/tags/*")
		if allErr != nil {
			return fmt.Errorf("cannot fetch %s: %w", repository, allErr)
		}
	}
	if _, err := output(ctx, work, "cat-file", "-e", commit+"^{commit}"); err != nil {
		return fmt.Errorf("the repository %s has no commit %s on its branches and tags", repository, commit)
	}
	tree := commit
	if folder = strings.Trim(filepath.ToSlash(folder), "/"); folder != "" {
		tree += ":" + folder
	}
	archive, err := output(ctx, work, "archive", "--format=tar", tree)
	if err != nil {
		return fmt.Errorf("commit %s of %s: %w", commit, repository, err)
	}
	files := filepath.Join(work, "files")
	if err := unpack(files, bytes.NewReader(archive)); err != nil {
		return fmt.Errorf("commit %s of %s: %w", commit, repository, err)
	}
	if err := os.Rename(files, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// apart returns the environment of a git that has nothing to do with the
// repository that the user is in: hooks and aliases set variables that would
// make it write there.
func apart() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "GIT_") && !slices.Contains(transport, name)
	})
	return append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
}

// transport are the variables that say how to reach a server.
var transport = []string{"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_COMMAND", "GIT_ASKPASS"}

// unpack writes what git archived: files and folders, at paths within dir.
func unpack(dir string, archive io.Reader) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("%q leaves the folder", h.Name)
		}
		name := filepath.Join(dir, filepath.FromSlash(h.Name))
		switch h.Typeflag {
		case tar.TypeXGlobalHeader:
		case tar.TypeDir:
			err = os.MkdirAll(name, 0o755)
		case tar.TypeReg:
			err = writeFile(name, r, fs.FileMode(h.Mode)&0o111|0o644)
		default:
			err = fmt.Errorf("%s is neither a file nor a folder", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(name string, content io.Reader, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
