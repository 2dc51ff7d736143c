package reports

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"repro/cache"
	"repro/cache/runs"
)

// Log returns the last lines that a stage wrote, and how many there are. The
// error wraps cache.ErrMiss if the cache does not have them.
func (s *Snapshot) Log(ctx context.Context, stage *runs.Stage, most int) (last []string, lines int, err error) {
	if stage.Log.IsZero() {
		return nil, 0, nil
	}
	const longest = 1 << 10 // bytes of a line that are kept
	err = s.read(ctx, cache.Artifact{Digest: stage.Log}, func(r io.Reader) error {
		b := bufio.NewReader(r)
		for {
			line, more, err := b.ReadLine()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			text := string(line[:min(len(line), longest)])
			for more && err == nil {
				_, more, err = b.ReadLine()
			}
			lines++
			if last = append(last, text); len(last) > most {
				last = last[1:]
			}
		}
	})
	if err != nil {
		return nil, 0, fmt.Errorf("log of %s: %w", stage.Addr, err)
	}
	return last, lines, nil
}

// Open opens an output of a stage that is a file.
func (s *Snapshot) Open(ctx context.Context, a cache.Artifact) (io.ReadCloser, error) {
	if a.Tree {
		return nil, errors.New("is a folder, not a file")
	}
	return s.Blobs.Open(ctx, a.Digest)
}
