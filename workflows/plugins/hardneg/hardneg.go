// Command hardneg is a plugin of repro that trains with hard negatives:
// passages that look like the answer but are not (DPR, arXiv 2004.04906).
//
// The kind "hardneg-mine" ranks, for each training pair, the passages of the
// same dataset and language, by BM25 or by the vectors of a model that was
// trained before (as ANCE does, arXiv 2007.00808), and keeps the first that do
// not equal the answer. The kind "hardneg-set" writes the pairs as a retrieval
// set, for an embed stage to make those vectors of. The sampler "hardneg" draws
// the batches of the hybrid and gives each row some of what was mined for its
// item in the language of its passage.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/plugin"
	"repro/stages/sample"
)

func main() {
	plugin.Serve(plugin.Plugin{Samplers: []sample.Method{method()}, Kinds: []stages.Stage{mine{}, set{}}})
}

// mined is a line of the file of negatives: those of a pair.
type mined struct {
	Dataset   string     `json:"dataset"`
	ID        string     `json:"id"`
	Lang      string     `json:"lang"`
	Negatives []negative `json:"negatives"` // hardest first
}

type negative struct {
	ID   string `json:"id"`
	Lang string `json:"lang"`
}

func method() sample.Method {
	return sample.Method{
		Name: "hardneg",
		Doc:  "The batches of the hybrid, with hard negatives in the language of each row's passage (arXiv 2004.04906).",
		Params: []stages.Param{
			{Name: "alpha", Type: "number", Default: "0.5", Doc: "Probability of a monolingual batch, 0 to 1."},
			{Name: "count", Type: "number", Default: "1", Doc: "Negatives of a row, drawn among those that were mined."},
		},
		Inputs: []stages.Port{{Name: "negatives", Doc: "The negatives of a hardneg-mine stage."}},
		New:    newSampler,
	}
}

// sampler is the sampler "hardneg".
type sampler struct {
	Alpha float64 `json:"alpha"`
	Count int     `json:"count"`

	mined map[sample.Passage][]sample.Passage // by the pair's item and language
}

func newSampler(params json.RawMessage) (sample.Sampler, error) {
	s := &sampler{}
	if err := stages.DecodeParams(params, s); err != nil {
		return nil, err
	}
	switch {
	case s.Alpha < 0 || s.Alpha > 1:
		return nil, &stages.ParamError{Param: "alpha", Problem: fmt.Sprintf("%v is no probability", s.Alpha), Hint: "Give a number from 0 to 1"}
	case s.Count < 1:
		return nil, &stages.ParamError{Param: "count", Problem: fmt.Sprintf("%d negatives", s.Count), Hint: "Give at least 1, or use the sampler hybrid"}
	}
	return s, nil
}

// Prepare implements sample.Preparer: it reads the negatives. Those that the
// pool does not have, as it may have fewer languages, are left out.
func (s *sampler) Prepare(ctx context.Context, pool *sample.Pool, job *stages.Job) error {
	s.mined = map[sample.Passage][]sample.Passage{}
	find := func(dataset, id, lang string) (sample.Passage, bool) {
		item, ok := pool.Find(dataset, id)
		n := slices.Index(pool.Langs(), lang)
		if !ok || n < 0 || !slices.Contains(pool.LangsOf(item), lang) {
			return sample.Passage{}, false
		}
		return sample.Passage{Item: item, Lang: pool.Langs()[n]}, true // one copy of the name for all
	}
	err := corpus.ReadLines(job.Path("negatives"), func(l mined) error {
		if of, ok := find(l.Dataset, l.ID, l.Lang); ok {
			for _, n := range l.Negatives {
				if p, ok := find(l.Dataset, n.ID, n.Lang); ok && p.Item != of.Item {
					s.mined[of] = append(s.mined[of], p)
				}
			}
		}
		return ctx.Err()
	})
	if err == nil && len(s.mined) == 0 {
		err = fmt.Errorf("%w: it has negatives for no pair of the pool. Mine them with the same pairs", stages.ErrInput)
	}
	job.Logf("%d of %d pairs have negatives", len(s.mined), pool.Len())
	return err
}

// Batch implements sample.Sampler. A row for which too few negatives were mined
// has fewer.
func (s *sampler) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	b, err := sample.Hybrid{Alpha: s.Alpha}.Batch(pool, step, rng)
	for i, r := range b.Rows {
		among := s.mined[sample.Passage{Item: r.Item, Lang: r.Passage}]
		for _, n := range rng.Sample(len(among), min(s.Count, len(among))) {
			b.Rows[i].Negatives = append(b.Rows[i].Negatives, among[n])
		}
	}
	return b, err
}
