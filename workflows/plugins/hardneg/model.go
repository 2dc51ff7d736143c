package main

import (
	"context"
	"fmt"
	"path/filepath"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/tensor"
)

// set is the kind "hardneg-set".
type set struct{}

// Spec implements stages.Stage.
func (set) Spec() stages.Spec {
	return stages.Spec{
		Kind: "hardneg-set", Version: "1",
		Doc:     "Writes training pairs as a retrieval set, so that an embed stage can make vectors of them.",
		Inputs:  []stages.Port{pairsPort()},
		Outputs: []stages.Port{{Name: "retrieval", Dir: true, Doc: "A retrieval set in BEIR layout: a query and a document for each pair."}},
	}
}

// Run implements stages.Stage.
func (set) Run(ctx context.Context, job *stages.Job) error {
	if err := job.Decode(&struct{}{}); err != nil {
		return err
	}
	pool, err := readPool(job)
	if err != nil {
		return err
	}
	out := &corpus.Set{}
	for p := range pool.All() {
		id := fmt.Sprintf("%s:%d", p.Lang, len(out.Queries))
		out.Queries = append(out.Queries, corpus.Query{ID: id, Text: p.Query, Lang: p.Lang, Question: p.Dataset + ":" + p.ID})
		out.Docs = append(out.Docs, corpus.Doc{ID: id, Text: p.Passage, Lang: p.Lang})
		out.Qrels = append(out.Qrels, corpus.Qrel{Query: id, Doc: id, Score: 1})
	}
	job.Progress(int64(pool.Len()), int64(pool.Len()), "pairs")
	if err := ctx.Err(); err != nil {
		return err
	}
	return corpus.WriteSet(job.Out["retrieval"], out)
}

// vectors are what a model makes of the texts of a retrieval set.
type vectors struct {
	queries, docs map[text][]float32 // of length 1
}

type text struct{ lang, text string }

func loadVectors(retrieval, embeddings string) (*vectors, error) {
	set, err := corpus.LoadSet(retrieval)
	if err != nil {
		return nil, err
	}
	queries, err := loadMatrix(embeddings, "queries.npy", len(set.Queries))
	if err != nil {
		return nil, err
	}
	docs, err := loadMatrix(embeddings, "corpus.npy", len(set.Docs))
	if err != nil {
		return nil, err
	}
	if queries.Cols != docs.Cols {
		return nil, fmt.Errorf("%w: vectors of length %d for queries and %d for documents", stages.ErrInput, queries.Cols, docs.Cols)
	}
	v := &vectors{queries: map[text][]float32{}, docs: map[text][]float32{}}
	for i, q := range set.Queries {
		v.queries[text{q.Lang, q.Text}] = queries.Row(i)
	}
	for i, d := range set.Docs {
		v.docs[text{d.Lang, d.Text}] = docs.Row(i)
	}
	return v, nil
}

func loadMatrix(dir, name string, rows int) (*tensor.Matrix, error) {
	m, err := tensor.LoadNPY(filepath.Join(dir, name))
	if err == nil && m.Rows != rows {
		err = fmt.Errorf("%w: %s has %d rows, but the retrieval set %d texts. Take the embeddings of this set", stages.ErrInput, name, m.Rows, rows)
	}
	return m, err
}

// ranker returns one that compares with every passage: its time grows with
// their number times that of the questions. What has no vector is not ranked.
func (v *vectors) ranker(lang string, passages []string) ranker {
	c := &cosines{lang: lang, queries: v.queries, passages: make([][]float32, len(passages))}
	for i, p := range passages {
		c.passages[i] = v.docs[text{lang, p}]
	}
	return c
}

// cosines ranks by the cosine of question and passage.
type cosines struct {
	lang     string
	queries  map[text][]float32
	passages [][]float32 // nil if there is none
}

// Score implements ranker.
func (c *cosines) Score(question string, scores []float32) {
	clear(scores)
	query := c.queries[text{c.lang, question}] // nil if there is none
	for i, p := range c.passages {
		for k, x := range query[:min(len(query), len(p))] {
			scores[i] += x * p[k]
		}
	}
}
