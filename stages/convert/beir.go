package convert

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
)

// beirSet is a folder in BEIR layout, read as BEIR's own loader does: only
// queries with a judgement take part, even if that judges nothing relevant.
// https://github.com/beir-cellar/beir, GenericDataLoader
type beirSet struct {
	dir, lang, split string
	qrels            []corpus.Qrel   // relevant documents, with identifiers as they are in the files
	judged           map[string]bool // queries that the judgements name → whether queries.jsonl has them
	relevant         map[string]bool // documents in qrels → whether corpus.jsonl has them
	docs             int
}

func checkBEIR(p params) error {
	split, err := p.split()
	if err == nil && (split == "" || strings.ContainsAny(split, `/\`)) {
		err = &stages.ParamError{Param: stages.VariantName("beir", "split"), Problem: fmt.Sprintf("%q is no part of a dataset", split), Hint: "It is test, dev or train, mostly."}
	}
	return err
}

func (p params) split() (string, error) {
	var own struct {
		Split string `json:"split"`
	}
	err := stages.DecodeParams(p.own, &own)
	return own.Split, err
}

// convertBEIR writes a retrieval set. Identifiers get the language before them,
// as those of other formats have; text stays as it is.
func convertBEIR(ctx context.Context, job *stages.Job, p params, dirs []string) error {
	split, err := p.split()
	if err != nil {
		return err
	}
	sets := make([]*beirSet, len(dirs))
	for i, dir := range dirs {
		sets[i] = &beirSet{dir: dir, lang: p.Langs[i], split: split, judged: map[string]bool{}, relevant: map[string]bool{}}
		if err := sets[i].readQrels(); err != nil {
			return fmt.Errorf("input %d (%s): %w", i, p.Langs[i], err)
		}
	}
	out := job.Out[portRetrieval]
	if err := os.MkdirAll(filepath.Join(out, "qrels"), 0o755); err != nil {
		return err
	}
	each := func(name string, write func(*beirSet, io.Writer) error) error {
		return corpus.Create(filepath.Join(out, filepath.FromSlash(name)), func(w io.Writer) error {
			for i, s := range sets {
				if err := write(s, w); err != nil {
					return fmt.Errorf("input %d (%s): %w", i, s.lang, err)
				}
			}
			return nil
		})
	}
	done := int64(0)
	tell := func() error {
		done++
		job.Progress(done, 0, "documents")
		return ctx.Err()
	}
	if err := each("corpus.jsonl", func(s *beirSet, w io.Writer) error { return s.writeDocs(w, tell) }); err != nil {
		return err
	}
	if err := each("queries.jsonl", func(s *beirSet, w io.Writer) error { return s.writeQueries(w, tell) }); err != nil {
		return err
	}
	return each("qrels/test.tsv", func(s *beirSet, w io.Writer) error {
		if s == sets[0] {
			if _, err := io.WriteString(w, corpus.QrelsHeader+"\n"); err != nil {
				return err
			}
		}
		return s.writeQrels(w, job)
	})
}

// readQrels reads the judgements. One that says "not relevant" only makes its
// query take part.
func (s *beirSet) readQrels() error {
	name := filepath.Join(s.dir, "qrels", s.split+".tsv")
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s has no qrels/%s.tsv: give the folder with corpus.jsonl, queries.jsonl and qrels (collect's strip = 1 drops the folder in an archive) and a split that it has", stages.ErrInput, s.dir, s.split)
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	seen := map[[2]string]bool{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" || n == 1 && line == corpus.QrelsHeader {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return fmt.Errorf("%w: %s:%d: want query-id, corpus-id and score separated by tabs", stages.ErrInput, name, n)
		}
		score, err := strconv.Atoi(fields[2])
		if err != nil {
			return fmt.Errorf("%w: %s:%d: score %q is not a whole number", stages.ErrInput, name, n, fields[2])
		}
		s.judged[fields[0]] = false
		if score <= 0 {
			continue
		}
		key := [2]string{fields[0], fields[1]}
		if seen[key] {
			return fmt.Errorf("%w: %s:%d: document %q is judged twice for query %q", stages.ErrInput, name, n, fields[1], fields[0])
		}
		seen[key] = true
		s.relevant[fields[1]] = false
		s.qrels = append(s.qrels, corpus.Qrel{Query: fields[0], Doc: fields[1], Score: score})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	if len(s.qrels) == 0 {
		return fmt.Errorf("%w: %s judges nothing relevant", stages.ErrInput, name)
	}
	return nil
}

// id returns an identifier that no other language has.
func (s *beirSet) id(id string) (string, error) {
	if id == "" || strings.ContainsFunc(id, badInID) {
		return "", fmt.Errorf("%w: _id %q is empty or has white space", stages.ErrInput, id)
	}
	return s.lang + ":" + id, nil
}

func (s *beirSet) writeDocs(w io.Writer, tell func() error) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return corpus.ReadLines(filepath.Join(s.dir, "corpus.jsonl"), func(d corpus.Doc) error {
		if _, wanted := s.relevant[d.ID]; wanted {
			s.relevant[d.ID] = true
		}
		id, err := s.id(d.ID)
		if err != nil {
			return err
		}
		d.ID, d.Lang = id, s.lang
		s.docs++
		if err := enc.Encode(d); err != nil {
			return err
		}
		return tell()
	})
}

func (s *beirSet) writeQueries(w io.Writer, tell func() error) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	name := filepath.Join(s.dir, "queries.jsonl")
	if err := corpus.ReadLines(name, func(q corpus.Query) error {
		found, judged := s.judged[q.ID]
		if !judged {
			return tell()
		}
		if found {
			return fmt.Errorf("%w: query %q occurs twice", stages.ErrInput, q.ID)
		}
		s.judged[q.ID] = true
		id, err := s.id(q.ID)
		if err != nil {
			return err
		}
		if err := enc.Encode(corpus.Query{ID: id, Text: q.Text, Lang: s.lang, Question: q.ID}); err != nil {
			return err
		}
		return tell()
	}); err != nil {
		return err
	}
	for _, r := range s.qrels { // in the order of the file
		if !s.judged[r.Query] {
			return fmt.Errorf("%w: %s has no query %q, which qrels/%s.tsv judges", stages.ErrInput, name, r.Query, s.split)
		}
	}
	return nil
}

// writeQrels leaves out judgements of documents that the corpus lacks: five of
// ArguAna's are so. Their queries stay, and find nothing.
func (s *beirSet) writeQrels(w io.Writer, job *stages.Job) error {
	missing := 0
	for _, r := range s.qrels {
		if !s.relevant[r.Doc] {
			missing++
			continue
		}
		if _, err := fmt.Fprintf(w, "%s:%s\t%s:%s\t%d\n", s.lang, r.Query, s.lang, r.Doc, r.Score); err != nil {
			return err
		}
	}
	job.Logf("%s: %d documents, %d queries, %d judgements", s.lang, s.docs, len(s.judged), len(s.qrels)-missing)
	if missing > 0 {
		job.Logf("%s: left out %d judgements of documents that corpus.jsonl does not have", s.lang, missing)
	}
	return nil
}
