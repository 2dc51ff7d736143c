package convert

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"repro/stages"
	"repro/stages/corpus"
)

// maxSentence bounds a line: a paragraph, not a book.
const maxSentence = 16 << 20

// convertText writes a pair of each line with itself, as it reads. Lines of the
// same number are versions of one item, so that empty ones count too.
func convertText(ctx context.Context, job *stages.Job, p params, files []string) (err error) {
	lines := make([]*textFile, len(files))
	for i, name := range files {
		if lines[i], err = openText(name); err != nil {
			return fmt.Errorf("input %d (%s): %w", i, p.Langs[i], err)
		}
		defer lines[i].Close() //nolint:errcheck // opened for reading only
	}
	pairs := 0
	err = corpus.Create(job.Out[portPairs], func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for n, more := 1, true; more; n++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			more = false
			for i, f := range lines {
				text, ok, err := f.next()
				if err != nil {
					return fmt.Errorf("input %d (%s): %w", i, p.Langs[i], err)
				}
				more = more || ok
				if text == "" {
					continue
				}
				pair := corpus.Pair{Dataset: p.Dataset, ID: strconv.Itoa(n), Lang: p.Langs[i], Query: text, Passage: text, Origin: p.Origin}
				if err := enc.Encode(pair); err != nil {
					return err
				}
				pairs++
				job.Progress(int64(pairs), 0, "sentences")
			}
		}
		return nil
	})
	if err == nil && pairs == 0 {
		err = fmt.Errorf("%w: %s: no sentences", stages.ErrInput, strings.Join(files, ", "))
	}
	job.Logf("%d sentences of %d languages", pairs, len(files))
	return err
}

// textFile is a file that is read line by line.
type textFile struct {
	*os.File
	lines *bufio.Scanner
	n     int // of the line read last
}

func openText(name string) (*textFile, error) {
	if guess := looksLike(name); strings.HasPrefix(guess, compressed) || strings.HasPrefix(guess, zipped) {
		return nil, fmt.Errorf("%w: %s is not of the format \"text\": it looks like %s", stages.ErrInput, name, guess)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	t := &textFile{File: f, lines: bufio.NewScanner(f)}
	t.lines.Buffer(make([]byte, 0, 64<<10), maxSentence)
	return t, nil
}

// next returns the next line without the white space around it; ok is false at
// the end.
func (t *textFile) next() (text string, ok bool, err error) {
	if !t.lines.Scan() {
		if err := t.lines.Err(); err != nil {
			if errors.Is(err, bufio.ErrTooLong) {
				err = fmt.Errorf("line %d is longer than %d MiB: is there one sentence a line?", t.n+1, maxSentence>>20)
			}
			return "", false, fmt.Errorf("%w: %s: %w", stages.ErrInput, t.Name(), err)
		}
		return "", false, nil
	}
	t.n++
	text = t.lines.Text()
	if !utf8.ValidString(text) {
		return "", false, fmt.Errorf("%w: %s:%d: it is not UTF-8", stages.ErrInput, t.Name(), t.n)
	}
	return strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")), true, nil
}
