package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-retryablehttp"

	"repro/stages"
)

type stage struct {
	opts    Options
	mirrors *mirrors
	client  *retryablehttp.Client
}

// Run implements stages.Stage.
func (s *stage) Run(ctx context.Context, job *stages.Job) error {
	p, err := decode(job.Params)
	if err != nil {
		return err
	}
	sources := job.Paths(portSource)
	switch {
	case p.URL == "" && len(sources) == 0:
		return &stages.ParamError{Param: "url", Problem: "neither url nor source is given", Hint: "Give one of them."}
	case p.URL != "" && len(sources) > 0:
		return &stages.ParamError{Param: "url", Problem: "is given together with source", Hint: "Give one of them."}
	case p.URL != "":
		file := filepath.Join(job.Dir, "collected")
		if !p.Unpack && !p.Decompress {
			file = job.Out[portFile]
		}
		if err := s.fetch(ctx, job, p, file); err != nil {
			return err
		}
		if file == job.Out[portFile] {
			return nil
		}
		sources = []string{file}
	}
	if p.Unpack {
		return newUnpacker(job, p, s.opts).unpack(ctx, sources, job.Out[portDir])
	}
	source, err := oneFile(sources)
	if err != nil {
		return err
	}
	if p.Decompress {
		return newUnpacker(job, p, s.opts).decompress(ctx, source, job.Out[portFile])
	}
	_, err = copyFile(ctx, source, job.Out[portFile])
	return err
}

func oneFile(sources []string) (string, error) {
	if len(sources) > 1 {
		return "", fmt.Errorf("%w: source: %d files for one output: use unpack = true for archives and folders, or one stage a file", stages.ErrInput, len(sources))
	}
	info, err := os.Stat(sources[0])
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", fmt.Errorf("%w: source: %s is a folder: use unpack = true", stages.ErrInput, sources[0])
	}
	return sources[0], nil
}

// fetch makes the new file dst of what p.URL stands for, from wherever it can
// be had, and has verified it when it returns nil.
func (s *stage) fetch(ctx context.Context, job *stages.Job, p params, dst string) error {
	want, err := parseSum(p.SHA256, p.Size)
	if err != nil {
		return err
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return err
	}
	if u.Scheme == "file" {
		got, err := copyFile(ctx, u.Path, dst)
		if err == nil && !want.matches(got) {
			err = errors.Join(mismatch(p.URL, want, got), os.Remove(dst))
		}
		return err
	}
	found, err := s.mirrors.copy(ctx, want, dst, job.Logf)
	if found || err != nil {
		return err
	}
	d := &download{client: s.client, url: u, want: want, opts: s.opts, job: job}
	return d.run(ctx, dst)
}

// copyFile copies the file src to the new file dst and returns its checksum.
func copyFile(ctx context.Context, src, dst string) (sum, error) {
	in, err := os.Open(src)
	if err != nil {
		return sum{}, err
	}
	defer in.Close() //nolint:errcheck // opened for reading only
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return sum{}, err
	}
	got, err := sumOf(ctx, io.TeeReader(in, out))
	if err = errors.Join(err, out.Close()); err != nil {
		return sum{}, errors.Join(fmt.Errorf("copy %s: %w", src, err), os.Remove(dst))
	}
	return got, nil
}
