package reports

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"repro/cache"
	"repro/cache/runs"
)

// longest is how many bytes of a line of a log are shown.
const longest = 1 << 10

// Log returns the last lines that a stage wrote, as plain text, and how many
// there are. The error wraps cache.ErrMiss if the cache does not have them.
func (s *Snapshot) Log(ctx context.Context, stage *runs.Stage, most int) (last []string, lines int, err error) {
	if stage.Log.IsZero() {
		return nil, 0, nil
	}
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
			text := plain(line)
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

// escapes are the sequences that tell a terminal about colours, its cursor and
// its title (ECMA-48).
var escapes = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])?`)

// plain returns the text of a line, without what is meant for a terminal. The
// end of a long line is left out.
func plain(line []byte) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '\r': // between states of a progress bar
			return ' '
		case r == '\t' || !unicode.IsControl(r):
			return r
		default:
			return -1
		}
	}, escapes.ReplaceAllString(strings.ToValidUTF8(string(line), ""), ""))
	if len(text) <= longest {
		return text
	}
	end := longest
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Open opens an output of a stage that is a file.
func (s *Snapshot) Open(ctx context.Context, a cache.Artifact) (io.ReadCloser, error) {
	if a.Tree {
		return nil, errors.New("is a folder, not a file")
	}
	return s.Blobs.Open(ctx, a.Digest)
}
