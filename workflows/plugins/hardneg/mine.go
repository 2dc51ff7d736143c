package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"repro/stages"
	"repro/stages/bm25"
	"repro/stages/corpus"
	"repro/stages/sample"
)

// mine is the kind "hardneg-mine".
type mine struct{}

type params struct {
	Method string  `json:"method"`
	Depth  int     `json:"depth"`
	Skip   int     `json:"skip"`
	K1     float64 `json:"k1"`
	B      float64 `json:"b"`
}

// Spec implements stages.Stage.
func (mine) Spec() stages.Spec {
	return stages.Spec{
		Kind: "hardneg-mine", Version: "2",
		Doc: "Finds hard negatives for training pairs: passages of the same dataset and language that rank high for the question.",
		Params: []stages.Param{
			{Name: "method", Type: "string", Default: `"bm25"`, Doc: `How to rank: "bm25" (Robertson and Zaragoza 2009) or "model" (cosine of the vectors in embeddings).`},
			{Name: "depth", Type: "number", Default: "10", Doc: "Negatives to keep for a pair, at most."},
			{Name: "skip", Type: "number", Default: "0", Doc: "How many of the first negatives to leave out, as those may be answers that nobody marked."},
			{Name: "k1", Type: "number", Default: "1.2", Doc: "bm25: how much a word counts that comes again."},
			{Name: "b", Type: "number", Default: "0.75", Doc: "bm25: how much long passages are held back, 0 to 1."},
		},
		Inputs: []stages.Port{
			pairsPort(),
			{Name: "retrieval", Arity: stages.Optional, Doc: "model: a retrieval set with the texts of the pairs, from a hardneg-set or convert stage."},
			{Name: "embeddings", Arity: stages.Optional, Doc: "model: its vectors, from an embed stage."},
		},
		Outputs: []stages.Port{{Name: "negatives", Doc: `JSON Lines, a line for each pair that has any: "dataset", "id", "lang" and "negatives", a list of "id" and "lang", hardest first.`}},
	}
}

// Check implements stages.Checker.
func (mine) Check(raw json.RawMessage) error {
	var p params
	if err := stages.DecodeParams(raw, &p); err != nil {
		return err
	}
	switch {
	case p.Method != "bm25" && p.Method != "model":
		return &stages.ParamError{Param: "method", Problem: fmt.Sprintf("there is no method %q", p.Method), Hint: `There are "bm25" and "model"`}
	case p.Depth < 1:
		return &stages.ParamError{Param: "depth", Problem: fmt.Sprintf("%d negatives", p.Depth), Hint: "Give at least 1"}
	case p.Skip < 0:
		return &stages.ParamError{Param: "skip", Problem: fmt.Sprintf("%d is negative", p.Skip)}
	case p.K1 < 0:
		return &stages.ParamError{Param: "k1", Problem: fmt.Sprintf("%v is negative", p.K1), Hint: "Usual are 0.9 to 2"}
	case p.B < 0 || p.B > 1:
		return &stages.ParamError{Param: "b", Problem: fmt.Sprintf("%v is out of range", p.B), Hint: "Give a number from 0 to 1"}
	}
	return nil
}

// pairsPort is the input of both kinds.
func pairsPort() stages.Port {
	return stages.Port{Name: "input", Arity: stages.List, Doc: "Training pairs as JSON Lines, as for the sample stage."}
}

func readPool(job *stages.Job) (*sample.Pool, error) {
	var pairs []corpus.Pair
	for _, file := range job.Paths("input") {
		some, err := corpus.LoadLines[corpus.Pair](file)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, some...)
	}
	return sample.NewPool(pairs)
}

// A ranker knows the passages of one dataset in one language.
type ranker interface {
	// Score overwrites scores with what each passage scores for a question.
	// Only those above 0 are ranked. It is called concurrently.
	Score(question string, scores []float32)
}

// rankers returns what makes the rankers of the chosen method.
func (p params) rankers(job *stages.Job) (func(lang string, passages []string) ranker, error) {
	retrieval, embeddings := job.Path("retrieval"), job.Path("embeddings")
	switch {
	case p.Method == "bm25" && retrieval+embeddings == "":
		return func(_ string, passages []string) ranker {
			return bm25.New(passages, bm25.Options{K1: p.K1, B: p.B})
		}, nil
	case p.Method == "bm25":
		return nil, &stages.ParamError{Param: "method", Problem: "bm25 reads neither retrieval nor embeddings",
			Hint: `Leave them out, or set method = "model"`}
	case retrieval == "" || embeddings == "":
		return nil, &stages.ParamError{Param: "method", Problem: "model without the vectors of a model",
			Hint: "Give retrieval, from a hardneg-set stage, and embeddings, which an embed stage makes of it"}
	}
	v, err := loadVectors(retrieval, embeddings)
	if err != nil {
		return nil, err
	}
	return v.ranker, nil
}

// Run implements stages.Stage.
func (m mine) Run(ctx context.Context, job *stages.Job) error {
	var p params
	if err := m.Check(job.Params); err != nil {
		return err
	}
	if err := job.Decode(&p); err != nil {
		return err
	}
	newRanker, err := p.rankers(job)
	if err != nil {
		return err
	}
	pool, err := readPool(job)
	if err != nil {
		return err
	}
	return corpus.Create(job.Out["negatives"], func(w io.Writer) error {
		miner := &miner{params: p, pool: pool, job: job, out: json.NewEncoder(w)}
		for _, d := range pool.Datasets() {
			for _, lang := range pool.Langs() {
				passages := newPassages(pool, d.In(lang), lang)
				if err := miner.mine(ctx, d, lang, passages, newRanker(lang, passages.texts)); err != nil {
					return err
				}
			}
		}
		job.Logf("%s: %d of %d pairs have negatives, %d in all", p.Method, miner.pairs, pool.Len(), miner.negatives)
		if miner.pairs == 0 {
			return fmt.Errorf("%w: no pair has a negative: no passage but its own shares a word with a question, or none has a vector", stages.ErrInput)
		}
		return nil
	})
}

// passages are the different passages of a dataset in one language.
type passages struct {
	texts  []string
	items  []sample.Item       // the first item that has the passage
	number map[sample.Item]int // of the passage that answers an item
}

func newPassages(pool *sample.Pool, items []sample.Item, lang string) *passages {
	p := &passages{number: make(map[sample.Item]int, len(items))}
	byText := map[string]int{}
	for _, item := range items {
		_, text, _ := pool.Text(item, lang)
		n, ok := byText[text]
		if !ok {
			n = len(p.texts)
			byText[text] = n
			p.texts, p.items = append(p.texts, text), append(p.items, item)
		}
		p.number[item] = n
	}
	return p
}

// miner writes the file of negatives.
type miner struct {
	params    params
	pool      *sample.Pool
	job       *stages.Job
	out       *json.Encoder
	done      int64 // pairs
	pairs     int   // that have negatives
	negatives int
}

// mine ranks the passages for all pairs of a dataset in one language, in pieces
// of some thousand pairs.
func (m *miner) mine(ctx context.Context, d *sample.Dataset, lang string, p *passages, r ranker) error {
	for items := range slices.Chunk(d.In(lang), 4096) {
		hardest := make([][]int, len(items))
		var next atomic.Int64
		var workers sync.WaitGroup
		for range max(1, m.job.Threads) {
			workers.Go(func() {
				scores := make([]float32, len(p.texts))
				for i := next.Add(1) - 1; int(i) < len(items) && ctx.Err() == nil; i = next.Add(1) - 1 {
					question, _, _ := m.pool.Text(items[i], lang)
					r.Score(question, scores)
					scores[p.number[items[i]]] = 0 // the answer
					best := highest(scores, m.params.Skip+m.params.Depth)
					hardest[i] = best[min(m.params.Skip, len(best)):]
				}
			})
		}
		workers.Wait()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for i, item := range items {
			if err := m.write(mined{Dataset: d.Name, ID: m.pool.ID(item), Lang: lang}, hardest[i], p); err != nil {
				return err
			}
		}
		m.done += int64(len(items))
		m.job.Progress(m.done, int64(m.pool.Len()), "pairs")
	}
	return nil
}

func (m *miner) write(l mined, hardest []int, p *passages) error {
	if len(hardest) == 0 {
		return nil
	}
	for _, n := range hardest {
		l.Negatives = append(l.Negatives, negative{ID: m.pool.ID(p.items[n]), Lang: l.Lang})
	}
	m.pairs++
	m.negatives += len(hardest)
	return m.out.Encode(l)
}

// highest returns the places of the n highest scores above 0, the highest first
// and the first of equal ones.
func highest(scores []float32, n int) []int {
	best := make([]int, 0, n+1)
	for i, s := range scores {
		if s <= 0 || len(best) == n && s <= scores[best[n-1]] {
			continue
		}
		at := sort.Search(len(best), func(k int) bool { return scores[best[k]] < s })
		best = slices.Insert(best, at, i)
		best = best[:min(len(best), n)]
	}
	return best
}
