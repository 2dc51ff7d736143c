package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"repro/stages"
)

const (
	// maxRatio bounds what an archive may unpack to, in multiples of its size.
	// Text of the most repetitive kind comes to 50.
	maxRatio = 200
	// ratioFloor is what any archive may unpack to.
	ratioFloor = 64 << 20
)

// unpacker writes the content of archives, whatever is in them, below one
// folder and within its limits.
type unpacker struct {
	job     *stages.Job
	params  params
	opts    Options
	root    *os.Root
	written int64 // bytes
	limit   int64 // most bytes to write, of all sources so far
	entries int64
	files   int64    // written
	leftOut []string // the first few entries that were not wanted
}

func newUnpacker(job *stages.Job, p params, opts Options) *unpacker {
	return &unpacker{job: job, params: p, opts: opts}
}

// unpack writes the content of all sources, archives and folders, to the new
// folder dir.
func (u *unpacker) unpack(ctx context.Context, sources []string, dir string) (err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	u.root, err = os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.root.Close()) }()
	for _, source := range sources {
		err := u.unpackOne(ctx, source)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return blame("unpack", source, err)
		}
	}
	if u.files == 0 {
		return fmt.Errorf("%w: unpack %s: no file in it%s", stages.ErrInput, strings.Join(sources, ", "), u.hint())
	}
	u.job.Logf("unpacked %d files, %d bytes", u.files, u.written)
	return nil
}

// hint says what there is when nothing of it was wanted.
func (u *unpacker) hint() string {
	if len(u.leftOut) == 0 {
		return ""
	}
	return fmt.Sprintf(" that strip = %d and include = %q leave; it has %s, …", u.params.Strip, u.params.Include, strings.Join(u.leftOut, ", "))
}

func (u *unpacker) unpackOne(ctx context.Context, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	add := func(e entry) error {
		if err := u.add(ctx, e); err != nil {
			return fmt.Errorf("%q: %w", e.name, err)
		}
		return nil
	}
	if info.IsDir() {
		u.limit = cmp.Or(u.params.MaxBytes, u.opts.MaxUnpacked)
		return eachFolderEntry(ctx, source, add)
	}
	u.setLimit(info.Size())
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	stream := func(r io.Reader) io.Reader {
		// Headers, and what is left out, are no part of what is written.
		return &cappedReader{r: withContext(ctx, r), count: new(int64), most: u.limit - u.written + ratioFloor, problem: u.tooLarge()}
	}
	return eachEntry(f, info.Size(), stream, add)
}

// decompress writes what the compressed file source holds to the new file dst.
func (u *unpacker) decompress(ctx context.Context, source, dst string) error {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	u.setLimit(info.Size())
	kind, r, err := peek(f)
	if err != nil {
		return err
	}
	stream, err := decompress(kind, r)
	if err != nil {
		return blame("decompress", source, err)
	}
	defer stream.Close() //nolint:errcheck // opened for reading only
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = errors.Join(u.write(ctx, out, stream), out.Close())
	if err != nil && ctx.Err() == nil {
		return blame("decompress", source, err)
	}
	return err
}

// blame says that source is at fault, unless it was the disk.
func blame(what, source string, err error) error {
	if disk, ok := errors.AsType[*fs.PathError](err); ok && disk.Op == "write" {
		return fmt.Errorf("%s %s: %w", what, source, err)
	}
	return fmt.Errorf("%w: %s %s: %w", stages.ErrInput, what, source, err)
}

// setLimit sets how much may be written once a source of size bytes is unpacked.
func (u *unpacker) setLimit(size int64) {
	u.limit = u.params.MaxBytes
	if u.limit == 0 {
		u.limit = min(u.opts.MaxUnpacked, u.written+max(ratioFloor, maxRatio*size))
	}
}

func (u *unpacker) tooLarge() error {
	return fmt.Errorf("it unpacks to more than %d bytes: if that is right, set max_bytes to what it needs", u.limit)
}

// add writes one entry, if it is wanted.
func (u *unpacker) add(ctx context.Context, e entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u.entries++
	if most := cmp.Or(u.params.MaxFiles, u.opts.MaxFiles); u.entries > most {
		return fmt.Errorf("more than %d entries: if that is right, set max_files to what it needs", most)
	}
	parts := strings.Split(e.name, "/")
	if path.IsAbs(e.name) || slices.Contains(parts, "..") {
		return errors.New("its path leaves the folder that it is unpacked to")
	}
	parts = strings.Split(path.Clean(e.name), "/")
	name := strings.Join(parts[min(u.params.Strip, len(parts)):], "/")
	if !u.wanted(name) {
		if len(u.leftOut) < 5 {
			u.leftOut = append(u.leftOut, fmt.Sprintf("%q", e.name))
		}
		return nil
	}
	if e.other != "" {
		return fmt.Errorf("it is a %s, and only regular files are unpacked: leave it out with include", e.other)
	}
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\n\\\x00") {
		return errors.New("its name is empty, not UTF-8, or has a backslash or line break: leave it out with include")
	}
	return u.addFile(ctx, name, e)
}

// wanted reports whether the entry with this path, after strip, is to be kept.
func (u *unpacker) wanted(name string) bool {
	if name == "" {
		return false
	}
	return len(u.params.Include) == 0 || slices.ContainsFunc(u.params.Include, func(glob string) bool {
		return doublestar.MatchUnvalidated(glob, name)
	})
}

func (u *unpacker) addFile(ctx context.Context, name string, e entry) error {
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("a file is where it needs a folder: %w", err)
	}
	mode := fs.FileMode(0o644)
	if e.exec {
		mode = 0o755
	}
	out, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, fs.ErrExist) {
		return errors.New("it occurs twice: two entries, or two sources, have the same path")
	}
	if err != nil {
		return err
	}
	in, err := e.open()
	if err != nil {
		return errors.Join(err, out.Close())
	}
	u.files++
	return errors.Join(u.write(ctx, out, in), in.Close(), out.Close())
}

// write copies r to w within the limit.
func (u *unpacker) write(ctx context.Context, w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, &cappedReader{
		r: withContext(ctx, r), count: &u.written, most: u.limit, problem: u.tooLarge(),
		tell: func() { u.job.Progress(u.written, 0, "B unpacked") },
	})
	return err
}

// cappedReader gives up once more than most bytes were read.
type cappedReader struct {
	r       io.Reader
	count   *int64 // bytes read so far
	most    int64
	problem error
	tell    func() // called after each read; may be nil
}

func (c *cappedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.count += int64(n)
	if *c.count > c.most {
		return 0, c.problem
	}
	if c.tell != nil {
		c.tell()
	}
	return n, err
}
