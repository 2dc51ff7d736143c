package collect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"
)

// partial is a file that a download has not finished, named for the checksum
// that it is to have, so that a later attempt, job or run can go on with it.
// Beside it lies the version of the file that the server told. A lock keeps two
// downloads from writing to the same one.
type partial struct {
	f    *os.File
	size int64
}

var partialShape = regexp.MustCompile(`^[0-9a-f]{64}\.part(\.version)?$`)

// IsPartial reports whether a file in Options.PartialDir has a name that a
// download gives.
func IsPartial(name string) bool { return partialShape.MatchString(name) }

// openPartial opens the partial file in the folder shared; if that is empty or
// another download has it at the moment, one in private.
func openPartial(shared, private string, want sum) (*partial, error) {
	if shared != "" {
		if err := os.MkdirAll(shared, 0o755); err != nil {
			return nil, err
		}
		p, err := lockPartial(filepath.Join(shared, want.String()+".part"))
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return p, err
		}
	}
	return lockPartial(filepath.Join(private, want.String()+".part"))
}

func lockPartial(name string) (_ *partial, err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// Whoever held the lock may have published the file since we opened it:
	// then it is no longer ours to write to.
	if now, err := os.Stat(name); err != nil || !os.SameFile(info, now) {
		return nil, fmt.Errorf("lock %s: %w", name, unix.EWOULDBLOCK)
	}
	return &partial{f: f, size: info.Size()}, nil
}

// Close gives up the file, with its content, to whoever comes next.
func (p *partial) Close() error { return p.f.Close() }

func (p *partial) write(b []byte) error {
	n, err := p.f.WriteAt(b, p.size)
	p.size += int64(n)
	return err
}

// sum reads the file from the beginning.
func (p *partial) sum(ctx context.Context) (sum, error) {
	if _, err := p.f.Seek(0, 0); err != nil {
		return sum{}, err
	}
	return sumOf(ctx, p.f)
}

// reset empties the file for the given version of what the server has.
func (p *partial) reset(version string) error {
	p.size = 0
	if err := p.f.Truncate(0); err != nil {
		return err
	}
	return os.WriteFile(p.versionFile(), []byte(version), 0o644)
}

// version returns the version that the content belongs to, "" if unknown.
func (p *partial) version() string {
	b, err := os.ReadFile(p.versionFile())
	if err != nil {
		return ""
	}
	return string(b)
}

func (p *partial) versionFile() string { return p.f.Name() + ".version" }

// discard removes the file.
func (p *partial) discard() error {
	return errors.Join(os.Remove(p.f.Name()), p.removeVersion())
}

// publish moves the file to the new name dst.
func (p *partial) publish(ctx context.Context, dst string) error {
	err := os.Rename(p.f.Name(), dst)
	if errors.Is(err, unix.EXDEV) { // another file system
		if _, err = copyFile(ctx, p.f.Name(), dst); err == nil {
			err = os.Remove(p.f.Name())
		}
	}
	return errors.Join(err, p.removeVersion())
}

func (p *partial) removeVersion() error {
	if err := os.Remove(p.versionFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
