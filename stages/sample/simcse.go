package sample

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"repro/stages"
)

// The names of SimCSE's methods (arXiv 2104.08821).
const (
	simCSE           = "simcse"
	simCSESupervised = "simcse-supervised"
)

// What the method simcse pairs with itself.
const (
	textPassage = "passage"
	textQuery   = "query"
	textEither  = "either"
)

// simCSEMethods are part of Methods. Both draw the language once a batch, as
// x-x-mono does; SimCSE itself is in English only.
func simCSEMethods() []Method {
	return []Method{
		{
			Name: simCSE,
			Doc:  "Each row is a text with itself, all in one language: the dropout of the encoder, without which there is nothing to learn, makes two views of it (arXiv 2104.08821, unsupervised).",
			Params: []stages.Param{{
				Name: "text", Type: "string", Default: `"passage"`,
				Doc: `Which text of an item: "passage", "query" or "either" (drawn for the row).`,
			}},
			New: newSimCSE,
		},
		{
			Name: simCSESupervised,
			Doc:  "As x-x-mono, with negatives of the rows' own pairs: of natural language inference, premise, entailment and contradiction (arXiv 2104.08821, supervised).",
			Params: []stages.Param{{
				Name: "negatives", Type: "number", Default: "1",
				Doc: "How many of its pair's negatives a row takes, if there are so many; drawn without replacement.",
			}},
			New: newSimCSESupervised,
		},
	}
}

// SimCSE is the method simcse.
type SimCSE struct {
	Text string // "passage", "query" or "either"
}

func newSimCSE(params json.RawMessage) (Sampler, error) {
	var p struct {
		Text string `json:"text"`
	}
	if err := stages.DecodeParams(params, &p); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{textPassage, textQuery, textEither}, p.Text) {
		return nil, &stages.ParamError{Param: "text", Problem: fmt.Sprintf("%q is no text of an item", p.Text), Hint: "It is passage, query or either"}
	}
	return SimCSE{Text: p.Text}, nil
}

// Batch implements Sampler.
func (s SimCSE) Batch(pool *Pool, step Step, rng *Rand) (Batch, error) {
	b, err := XXMono{}.Batch(pool, step, rng)
	b.Draw = simCSE
	for i := range b.Rows {
		r := &b.Rows[i]
		query, passage, _ := pool.Text(r.Item, r.Query)
		switch {
		case query == passage: // a sentence alone
		case s.Text == textQuery || s.Text == textEither && rng.IntN(2) == 0:
			r.PassageText = query
		default:
			r.QueryText = passage
		}
	}
	return b, err
}

// SimCSESupervised is the method simcse-supervised.
type SimCSESupervised struct {
	Negatives int // of a row, at most
}

func newSimCSESupervised(params json.RawMessage) (Sampler, error) {
	var p struct {
		Negatives int `json:"negatives"`
	}
	if err := stages.DecodeParams(params, &p); err != nil {
		return nil, err
	}
	if p.Negatives < 1 {
		return nil, &stages.ParamError{Param: "negatives", Problem: fmt.Sprintf("%d", p.Negatives), Hint: "Give at least 1. Without negatives it is the sampler x-x-mono"}
	}
	return SimCSESupervised{Negatives: p.Negatives}, nil
}

// Prepare implements Preparer: it refuses a pool without negatives.
func (s SimCSESupervised) Prepare(_ context.Context, pool *Pool, _ *stages.Job) error {
	if len(pool.lists) == 0 {
		return fmt.Errorf("%w: no pair has negatives, so that %s would draw as x-x-mono does. Give pairs that have them, such as those of convert with format = \"nli\"", stages.ErrInput, simCSESupervised)
	}
	return nil
}

// Batch implements Sampler.
func (s SimCSESupervised) Batch(pool *Pool, step Step, rng *Rand) (Batch, error) {
	b, err := XXMono{}.Batch(pool, step, rng)
	b.Draw = simCSESupervised
	for i := range b.Rows {
		r := &b.Rows[i]
		all := pool.Negatives(r.Item, r.Passage)
		for _, n := range rng.Sample(len(all), min(s.Negatives, len(all))) {
			r.NegativeTexts = append(r.NegativeTexts, all[n])
		}
	}
	return b, err
}
