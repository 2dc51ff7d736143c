package sample

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"repro/stages"
	"repro/stages/corpus"
)

// The files of a folder of batches.
const (
	pairsFile   = "pairs.jsonl"
	batchesFile = "batches.jsonl"
	summaryFile = "summary.json"
)

// Summary is what summary.json says of a folder of batches.
type Summary struct {
	Sampler   string `json:"sampler"`
	Seed      uint64 `json:"seed"`
	BatchSize int    `json:"batch_size"`
	Steps     int    `json:"steps"`
	Examples  int    `json:"examples"` // steps × batch_size: equal for every arm of a comparison

	Draws     map[string]int `json:"draws"`     // batches by how they were drawn
	Datasets  map[string]int `json:"datasets"`  // examples by dataset
	Languages map[string]int `json:"languages"` // examples by languages of question and passage, "de-fr"

	// SelfPairs counts the examples that pair a text with itself, as SimCSE
	// does: only dropout tells their two sides apart.
	SelfPairs int `json:"self_pairs,omitempty"`
}

// line is one line of batches.jsonl.
type line struct {
	Step    int       `json:"step"`
	Draw    string    `json:"draw"`
	Dataset string    `json:"dataset"`
	Rows    []lineRow `json:"rows"`
}

type lineRow struct {
	ID          string `json:"id"`
	Query       string `json:"query"`
	Passage     string `json:"passage"`
	QueryText   string `json:"query_text,omitempty"`
	PassageText string `json:"passage_text,omitempty"`

	Negatives     []linePassage `json:"negatives,omitempty"`
	NegativeTexts []string      `json:"negative_texts,omitempty"`
}

type linePassage struct {
	ID   string `json:"id"`
	Lang string `json:"lang"`
}

// Batches is a folder of batches, opened for reading. Its pool is in memory,
// the batches are not.
type Batches struct {
	Pool    *Pool
	Summary Summary
	dir     string
}

// Load reads the pool and the summary in the folder dir. Damaged files are
// errors that wrap stages.ErrInput.
func Load(ctx context.Context, dir string) (*Batches, error) {
	b := &Batches{dir: dir}
	raw, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &b.Summary); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, filepath.Join(dir, summaryFile), err)
	}
	build := newBuilder(nil)
	if err := corpus.ReadLines(filepath.Join(dir, pairsFile), func(p corpus.Pair) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return build.add(p)
	}); err != nil {
		return nil, err
	}
	b.Pool, err = build.pool()
	return b, err
}

// All returns the batches in the order of their steps, read as they are
// wanted. It ends with the first error.
func (b *Batches) All() iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		step := 0
		err := corpus.ReadLines(filepath.Join(b.dir, batchesFile), func(l line) error {
			batch, err := l.batch(b.Pool)
			if err == nil && l.Step != step {
				err = fmt.Errorf("step %d, want %d", l.Step, step)
			}
			if err != nil {
				return fmt.Errorf("%w: %w", stages.ErrInput, err)
			}
			step++
			if !yield(batch, nil) {
				return errStop
			}
			return nil
		})
		if err == nil && step != b.Summary.Steps {
			err = fmt.Errorf("%w: %s has %d batches, want %d", stages.ErrInput, filepath.Join(b.dir, batchesFile), step, b.Summary.Steps)
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(Batch{}, err)
		}
	}
}

// errStop ends the reading of a file that nobody wants the rest of.
var errStop = errors.New("enough")

func (l *line) batch(pool *Pool) (Batch, error) {
	b := Batch{Draw: l.Draw, Rows: make([]Row, len(l.Rows))}
	find := func(id string, langs ...string) (Item, error) {
		item, ok := pool.Find(l.Dataset, id)
		if !ok {
			return 0, fmt.Errorf("%s has no item %q", l.Dataset, id)
		}
		for _, lang := range langs {
			if pool.version(item, lang) == nil {
				return 0, fmt.Errorf("%s has no item %q in %s", l.Dataset, id, lang)
			}
		}
		return item, nil
	}
	for i, r := range l.Rows {
		item, err := find(r.ID, r.Query, r.Passage)
		if err != nil {
			return Batch{}, err
		}
		b.Dataset = pool.dataset(item)
		b.Rows[i] = Row{
			Item: item, Query: r.Query, Passage: r.Passage,
			QueryText: r.QueryText, PassageText: r.PassageText, NegativeTexts: r.NegativeTexts,
		}
		for _, n := range r.Negatives {
			negative, err := find(n.ID, n.Lang)
			if err != nil {
				return Batch{}, err
			}
			b.Rows[i].Negatives = append(b.Rows[i].Negatives, Passage{Item: negative, Lang: n.Lang})
		}
	}
	return b, nil
}

// writePool writes the pool to the folder dir: the same file for every sampler
// and seed.
func writePool(ctx context.Context, dir string, pool *Pool) error {
	return corpus.Create(filepath.Join(dir, pairsFile), func(w io.Writer) error {
		enc := newEncoder(w)
		for pair := range pool.All() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := enc.Encode(pair); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeBatches writes the batches that draw yields, and their summary, to the
// folder dir.
func writeBatches(dir string, pool *Pool, p params, draw func(yield func(Batch) error) error) error {
	sum := Summary{
		Sampler: p.Sampler, Seed: p.Seed, BatchSize: p.BatchSize,
		Draws: map[string]int{}, Datasets: map[string]int{}, Languages: map[string]int{},
	}
	if err := corpus.Create(filepath.Join(dir, batchesFile), func(w io.Writer) error {
		enc := newEncoder(w)
		return draw(func(b Batch) error {
			l := line{Step: sum.Steps, Draw: b.Draw, Dataset: b.Dataset.Name, Rows: make([]lineRow, len(b.Rows))}
			for i, r := range b.Rows {
				l.Rows[i] = lineRow{
					ID: pool.ID(r.Item), Query: r.Query, Passage: r.Passage,
					QueryText: r.QueryText, PassageText: r.PassageText, NegativeTexts: r.NegativeTexts,
				}
				for _, n := range r.Negatives {
					l.Rows[i].Negatives = append(l.Rows[i].Negatives, linePassage{ID: pool.ID(n.Item), Lang: n.Lang})
				}
			}
			sum.add(pool, b)
			return enc.Encode(l)
		})
	}); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(sum, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, summaryFile), append(raw, '\n'), 0o644)
}

// writeComposition counts the pairs of the pool, in the form of metrics: what a
// report needs to say what a model was trained on.
func writeComposition(name string, pool *Pool) error {
	type record struct {
		Dataset string  `json:"dataset"`
		Lang    string  `json:"lang"`
		Origin  string  `json:"origin"`
		Metric  string  `json:"metric"`
		Value   float64 `json:"value"`
	}
	counts := map[record]float64{}
	for _, v := range pool.pairs {
		origin := cmp.Or(pool.origins[v.origin], "original")
		counts[record{Dataset: pool.datasets[v.dataset].Name, Lang: pool.langs[v.lang], Origin: origin, Metric: "pairs"}]++
	}
	records := make([]record, 0, len(counts))
	for r, n := range counts {
		r.Value = n
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Lang, b.Lang), cmp.Compare(a.Origin, b.Origin))
	})
	raw, err := json.MarshalIndent(records, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(raw, '\n'), 0o644)
}

func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

func (s *Summary) add(pool *Pool, b Batch) {
	s.Steps++
	s.Examples += len(b.Rows)
	s.Draws[b.Draw]++
	s.Datasets[b.Dataset.Name] += len(b.Rows)
	for _, r := range b.Rows {
		s.Languages[r.Query+"-"+r.Passage]++
		if pool.selfPair(r) {
			s.SelfPairs++
		}
	}
}
