package corpus

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"repro/stages"
)

// The files of a retrieval set, relative to its folder.
const (
	docsFile    = "corpus.jsonl"
	queriesFile = "queries.jsonl"
	qrelsFile   = "qrels/test.tsv"
)

// QrelsHeader is the first line of a file of judgements.
const QrelsHeader = "query-id\tcorpus-id\tscore"

// LoadSet reads the retrieval set in the folder dir. Identifiers that occur
// twice and judgements of unknown queries or documents are errors that wrap
// stages.ErrInput.
func LoadSet(dir string) (*Set, error) { return load(dir, func(*Doc) {}) }

// LoadIndex is LoadSet without the documents' texts and titles, which are most
// of what a large set takes.
func LoadIndex(dir string) (*Set, error) {
	return load(dir, func(d *Doc) { d.Title, d.Text = "", "" })
}

func load(dir string, keep func(*Doc)) (_ *Set, err error) {
	set := &Set{}
	if err := ReadLines(filepath.Join(dir, docsFile), func(d Doc) error {
		keep(&d)
		set.Docs = append(set.Docs, d)
		return nil
	}); err != nil {
		return nil, err
	}
	if set.Queries, err = LoadLines[Query](filepath.Join(dir, queriesFile)); err != nil {
		return nil, err
	}
	if set.Qrels, err = loadQrels(filepath.Join(dir, qrelsFile)); err != nil {
		return nil, err
	}
	if err := set.check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, dir, err)
	}
	return set, nil
}

// WriteSet writes s to the new folder dir.
func WriteSet(dir string, s *Set) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(qrelsFile)), 0o755); err != nil {
		return err
	}
	if err := WriteLines(filepath.Join(dir, docsFile), s.Docs); err != nil {
		return err
	}
	if err := WriteLines(filepath.Join(dir, queriesFile), s.Queries); err != nil {
		return err
	}
	return Create(filepath.Join(dir, qrelsFile), func(w io.Writer) error {
		if _, err := fmt.Fprintln(w, QrelsHeader); err != nil {
			return err
		}
		for _, q := range s.Qrels {
			if _, err := fmt.Fprintf(w, "%s\t%s\t%d\n", q.Query, q.Doc, q.Score); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Set) check() error {
	docs := make(map[string]bool, len(s.Docs))
	for _, d := range s.Docs {
		if d.ID == "" || docs[d.ID] {
			return fmt.Errorf("document id %q is empty or occurs twice", d.ID)
		}
		docs[d.ID] = true
	}
	queries := make(map[string]bool, len(s.Queries))
	for _, q := range s.Queries {
		if q.ID == "" || queries[q.ID] {
			return fmt.Errorf("query id %q is empty or occurs twice", q.ID)
		}
		queries[q.ID] = true
	}
	for _, r := range s.Qrels {
		if !queries[r.Query] {
			return fmt.Errorf("judgement of the unknown query %q", r.Query)
		}
		if !docs[r.Doc] {
			return fmt.Errorf("judgement of the unknown document %q", r.Doc)
		}
	}
	return nil
}

func loadQrels(name string) ([]Qrel, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	var qrels []Qrel
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" || (n == 1 && line == QrelsHeader) {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("%w: %s:%d: want query-id, corpus-id and score separated by tabs", stages.ErrInput, name, n)
		}
		score, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("%w: %s:%d: score %q is not a whole number", stages.ErrInput, name, n, fields[2])
		}
		if score > 0 {
			qrels = append(qrels, Qrel{Query: fields[0], Doc: fields[1], Score: score})
		}
	}
	return qrels, lines.Err()
}
