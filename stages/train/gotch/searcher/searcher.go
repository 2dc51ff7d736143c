//go:build gotch

// Package searcher is the backend "transformer" of the stage kind "search":
// exact search on libtorch, for a GPU above all.
//
// Queries are compared with the corpus tile by tile as products of matrices in
// float32. Of each tile only the best leave the device, and what was the best of
// all tiles is known in the end, so that memory does not grow with the corpus.
package searcher

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages"
	"repro/stages/search"
	"repro/stages/train/gotch/torch"
	"repro/stages/train/gotch/trainer"
)

// How many queries are compared with how many documents at once: 64 MiB of
// scores.
const (
	queryBlock = 1024
	tile       = 16 << 10
)

// params are the parameters that this backend alone reads.
type params struct {
	Device  string `json:"device"`
	Threads int    `json:"threads"`
}

// Backend is the backend for the stage kind "search".
func Backend() search.Backend {
	return search.Backend{
		Variant: stages.Variant{
			Name: "transformer",
			Doc:  "On libtorch: CPU or GPU. Which of the documents with the k-th best score are listed, if there are more than have room, is left open.",
			Params: []stages.Param{
				{Name: "device", Type: "string", Default: `"cpu"`, Doc: `Where it is computed: "cpu" or "cuda".`},
				{Name: "threads", Type: "number", Default: "1", Doc: "CPU threads of an operation."},
			},
			Class: "tolerant",
		},
		Check: func(own json.RawMessage) error {
			_, err := parse(own)
			return err
		},
		Search: run,
	}
}

func parse(own json.RawMessage) (params, error) {
	var p params
	if err := stages.DecodeParams(own, &p); err != nil {
		return p, err
	}
	if p.Device != "cpu" && p.Device != "cuda" {
		return p, &stages.ParamError{Param: "device", Problem: fmt.Sprintf("there is no %q", p.Device), Hint: "There are: cpu, cuda"}
	}
	if p.Threads < 1 {
		return p, &stages.ParamError{Param: "threads", Problem: fmt.Sprintf("%d is out of range", p.Threads), Hint: "Give at least 1"}
	}
	return p, nil
}

func run(ctx context.Context, x *search.Index, own json.RawMessage, job *stages.Job, k int) ([][]search.Key, error) {
	p, err := parse(own)
	if err != nil {
		return nil, err
	}
	device, err := trainer.Device(p.Device)
	if err != nil {
		return nil, err
	}
	s := &searcher{Index: x, job: job, k: k, device: device, best: make([][]search.Key, x.Queries.Rows)}
	err = torch.Run(ctx, torch.Options{Threads: p.Threads}, func(t *torch.Thread) error {
		var err error
		t.NoGrad(func() {
			for from := 0; from < len(s.best) && err == nil; from += queryBlock {
				err = t.Arena(func() error { return s.block(ctx, t, from, min(queryBlock, len(s.best)-from)) })
			}
		})
		return err
	})
	return s.best, err
}

type searcher struct {
	*search.Index
	job    *stages.Job
	k      int
	device gotch.Device
	best   [][]search.Key
	done   int64
}

// block searches for n queries from first on.
func (s *searcher) block(ctx context.Context, t *torch.Thread, first, n int) error {
	dim := s.Queries.Cols
	rows := make([]float32, max(n, tile)*dim)
	if err := s.Queries.Reader().Read(rows, dim, first, n); err != nil {
		return err
	}
	queries := torch.Of(rows[:n*dim], int64(n), int64(dim)).MustTo(s.device, true)
	tops := make([]*search.Top, n)
	for q := range tops {
		tops[q] = search.NewTop(s.k)
	}
	docs := s.Docs.Reader()
	for from := 0; from < s.Docs.Rows; from += tile {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := min(tile, s.Docs.Rows-from)
		if err := docs.Read(rows, dim, from, m); err != nil {
			return err
		}
		err := t.Arena(func() error {
			d := torch.Of(rows[:m*dim], int64(m), int64(dim)).MustTo(s.device, true)
			scores := queries.MustMatmul(d.MustT(false), false)
			return s.take(scores, tops, first, from, min(s.k+1, m)) // one of them may be left out
		})
		if err != nil {
			return err
		}
		s.done += int64(n) * int64(m)
		s.job.Progress(s.done, int64(s.Queries.Rows)*int64(s.Docs.Rows), "scores")
	}
	for q, top := range tops {
		s.best[first+q] = append([]search.Key(nil), top.Best()...)
	}
	return nil
}

// take adds the best n scores of each query, [queries, documents], of the
// documents from that number on.
func (s *searcher) take(scores *ts.Tensor, tops []*search.Top, first, from, n int) error {
	highest, places := scores.MustTopk(int64(n), 1, true, false, false)
	values, docs := torch.Values[float32](highest), torch.Values[int64](places)
	for q, top := range tops {
		for i := range n {
			score, doc := values[q*n+i], from+int(docs[q*n+i])
			if score != score {
				return fmt.Errorf("%w: the score of query %d and document %d (from 0) is not a number: check the embeddings of both", stages.ErrInput, first+q, doc)
			}
			if !s.Skips(first+q, doc) {
				top.Add(search.NewKey(score, uint32(doc)))
			}
		}
	}
	return nil
}
