package overlap

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"repro/stages"
	"repro/stages/corpus"
)

// Stage is the stage kind "overlap".
type Stage struct{}

// New returns the stage kind "overlap".
func New() *Stage { return &Stage{} }

type params struct {
	Threshold  float64 `json:"threshold"`
	Words      int     `json:"words"`
	Characters int     `json:"characters"`
}

// Spec implements stages.Stage.
func (*Stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "overlap",
		Version: "1",
		Doc:     "Looks for the questions and passages of a retrieval set among training pairs of the same language.",
		Params: []stages.Param{
			{Name: "threshold", Type: "number", Default: "0.8", Doc: "Least Jaccard similarity of the shingles of near duplicates, above 0 to 1."},
			{Name: "words", Type: "number", Default: "3", Doc: "Words in a shingle."},
			{Name: "characters", Type: "number", Default: "5", Doc: "Characters in a shingle of languages without spaces (ja, km, lo, my, th, zh)."},
		},
		Inputs: []stages.Port{
			{Name: "pairs", Arity: stages.List, Doc: "Training pairs as JSON Lines."},
			{Name: "retrieval", Doc: "A retrieval set in BEIR layout with languages."},
		},
		Outputs: []stages.Port{
			{Name: "metrics", Doc: "By text (question or passage) and lang: exact and near, the shares of the set's texts that equal one of the pairs' after Unicode normalisation (NFKC), lower-casing and white-space folding, or are near one and equal none; exact-count, near-count and texts, their numbers."},
			{Name: "matches", Doc: "The set's texts with a duplicate as JSON Lines, each with the most similar text of the pairs."},
		},
	}
}

// Check implements stages.Checker.
func (*Stage) Check(raw json.RawMessage) error {
	_, err := parse(raw)
	return err
}

func parse(raw json.RawMessage) (p params, err error) {
	if err := stages.DecodeParams(raw, &p); err != nil {
		return p, err
	}
	switch {
	case !(p.Threshold > 0 && p.Threshold <= 1):
		return p, &stages.ParamError{Param: "threshold", Problem: fmt.Sprintf("%v is not above 0 and at most 1", p.Threshold)}
	case p.Words < 1:
		return p, &stages.ParamError{Param: "words", Problem: fmt.Sprintf("%d words", p.Words), Hint: "Give at least 1"}
	case p.Characters < 1:
		return p, &stages.ParamError{Param: "characters", Problem: fmt.Sprintf("%d characters", p.Characters), Hint: "Give at least 1"}
	}
	return p, nil
}

// The kinds of texts.
const (
	question = "question"
	passage  = "passage"
)

// group is the texts that are compared with each other.
type group struct{ text, lang string }

// search looks for duplicates of all groups.
type search struct {
	params
	groups map[group]*index
	mu     sync.Mutex // guards the best matches
}

// Run implements stages.Stage.
func (*Stage) Run(ctx context.Context, job *stages.Job) error {
	p, err := parse(job.Params)
	if err != nil {
		return err
	}
	set, err := corpus.LoadSet(job.Path("retrieval"))
	if err != nil {
		return err
	}
	s := &search{params: p, groups: map[group]*index{}}
	for _, q := range set.Queries {
		s.add(group{question, q.Lang}, q.ID, q.Text)
	}
	for _, d := range set.Docs {
		s.add(group{passage, d.Lang}, d.ID, d.Text)
	}
	for _, x := range s.groups {
		x.seal()
	}
	if err := s.stream(ctx, job); err != nil {
		return err
	}
	return s.write(job)
}

func (s *search) add(g group, id, text string) {
	x := s.groups[g]
	if x == nil {
		x = newIndex(s.Threshold)
		s.groups[g] = x
	}
	n := normal(text)
	x.add(id, text, n, shingles(n, g.lang, s.Words, s.Characters))
}

// batch is some pairs, the first of which is the training data's first-th.
type batch struct {
	first int64
	pairs []corpus.Pair
}

// stream holds all pairs against the index.
func (s *search) stream(ctx context.Context, job *stages.Job) error {
	const size = 512 // pairs in a batch
	batches := make(chan batch)
	workers, ctx := errgroup.WithContext(ctx)
	for range max(1, job.Threads) {
		workers.Go(func() error {
			for b := range batches {
				for i := range b.pairs {
					s.look(&b.pairs[i], b.first+int64(i))
				}
			}
			return nil
		})
	}
	workers.Go(func() error {
		defer close(batches)
		var next batch
		var done int64
		flush := func() error {
			if ctx.Err() != nil { // select takes any case that is ready, thus maybe the other one
				return context.Cause(ctx)
			}
			select {
			case batches <- next:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			done += int64(len(next.pairs))
			next = batch{first: done}
			job.Progress(done, 0, "pairs")
			return nil
		}
		for _, name := range job.Paths("pairs") {
			if err := corpus.ReadLines(name, func(p corpus.Pair) error {
				if next.pairs = append(next.pairs, p); len(next.pairs) == size {
					return flush()
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return flush()
	})
	return workers.Wait()
}

// look notes what of the set a pair is like.
func (s *search) look(p *corpus.Pair, order int64) {
	for kind, text := range map[string]string{question: p.Query, passage: p.Passage} {
		x := s.groups[group{kind, p.Lang}]
		if x == nil {
			continue
		}
		n := normal(text)
		hits := x.find(n, shingles(n, p.Lang, s.Words, s.Characters))
		if len(hits) == 0 {
			continue
		}
		s.mu.Lock()
		for _, h := range hits {
			m := &match{similarity: h.similarity, exact: h.exact, order: order, dataset: p.Dataset, id: p.ID, text: text}
			if m.better(x.best[h.n]) {
				x.best[h.n] = m
			}
		}
		s.mu.Unlock()
	}
}

// matchLine is a line of matches.
type matchLine struct {
	Text       string  `json:"text"` // question or passage
	Lang       string  `json:"lang"`
	Match      string  `json:"match"` // exact or near
	Similarity float64 `json:"similarity"`
	ID         string  `json:"id"` // in the retrieval set
	Test       string  `json:"test"`
	Dataset    string  `json:"dataset"` // of the pair
	Pair       string  `json:"pair"`
	Train      string  `json:"train"`
}

// metricLine is a record of metrics.
type metricLine struct {
	Metric string  `json:"metric"`
	Text   string  `json:"text"`
	Lang   string  `json:"lang"`
	Value  float64 `json:"value"`
}

func (s *search) write(job *stages.Job) error {
	order := make([]group, 0, len(s.groups))
	for g := range s.groups {
		order = append(order, g)
	}
	slices.SortFunc(order, func(a, b group) int {
		return cmp.Or(-cmp.Compare(a.text, b.text), cmp.Compare(a.lang, b.lang)) // questions first
	})
	metrics := []metricLine{}
	var matches []matchLine
	for _, g := range order {
		x := s.groups[g]
		exact, near := 0, 0
		for n, m := range x.best {
			if m == nil {
				continue
			}
			line := matchLine{Text: g.text, Lang: g.lang, Match: "near", Similarity: m.similarity, ID: x.ids[n], Test: x.texts[n], Dataset: m.dataset, Pair: m.id, Train: m.text}
			if near++; m.exact {
				near, exact, line.Match = near-1, exact+1, "exact"
			}
			matches = append(matches, line)
		}
		all := float64(len(x.ids))
		for _, m := range []struct {
			name  string
			value float64
		}{{"exact", float64(exact) / all}, {"near", float64(near) / all}, {"exact-count", float64(exact)}, {"near-count", float64(near)}, {"texts", all}} {
			metrics = append(metrics, metricLine{Metric: m.name, Text: g.text, Lang: g.lang, Value: m.value})
		}
		job.Logf("%ss in %s: %d of %d exact, %d near", g.text, g.lang, exact, len(x.ids), near)
	}
	if err := corpus.WriteLines(job.Out["matches"], matches); err != nil {
		return err
	}
	return corpus.Create(job.Out["metrics"], func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(metrics)
	})
}
