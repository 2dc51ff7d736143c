package search

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"repro/stages"
	"repro/stages/corpus"
)

// runTag is the last column of the run.
const runTag = "repro"

// New returns the stage kind "search".
func New() stages.Stage { return stage{} }

type stage struct{}

type params struct {
	K         int  `json:"k"`
	Identical bool `json:"ignore_identical_ids"`
}

// Spec implements stages.Stage.
func (stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "search",
		Version: "1",
		Doc:     "Finds the nearest documents of every query among all of a retrieval set, exactly.",
		Params: []stages.Param{
			{Name: "k", Type: "number", Default: "1000", Doc: "How many documents of each query the run lists."},
			{Name: "ignore_identical_ids", Type: "bool", Default: "false", Doc: "Leaves out a document that has the query's identifier, as BEIR does: ArguAna's queries are documents."},
		},
		Inputs: []stages.Port{
			{Name: "retrieval", Doc: "A retrieval set in BEIR layout."},
			{Name: "embeddings", Doc: "A folder with queries.npy and corpus.npy, float32, one row for each line of the retrieval set."},
		},
		Outputs: []stages.Port{
			{Name: "run", Doc: "The best documents of each query by inner product, as a TREC run; of equal scores, in the order of the corpus."},
		},
		Class: "deterministic",
	}
}

// Check implements stages.Checker.
func (stage) Check(raw json.RawMessage) error {
	_, err := parse(raw)
	return err
}

func parse(raw json.RawMessage) (params, error) {
	var p params
	if err := stages.DecodeParams(raw, &p); err != nil {
		return p, err
	}
	if p.K < 1 {
		return p, &stages.ParamError{Param: "k", Problem: fmt.Sprintf("%d documents", p.K), Hint: "Give at least 1."}
	}
	return p, nil
}

// Run implements stages.Stage.
func (stage) Run(ctx context.Context, job *stages.Job) error {
	p, err := parse(job.Params)
	if err != nil {
		return err
	}
	set := job.Path("retrieval")
	number := map[string]int{} // of the queries
	var self []int
	queries, err := readIDs(set, "queries.jsonl", func(i int, id string) error {
		if _, twice := number[id]; twice {
			return fmt.Errorf("%w: query %q occurs twice", stages.ErrInput, id)
		}
		number[id] = i
		self = append(self, none)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	docs, err := readIDs(set, "corpus.jsonl", func(i int, id string) error {
		if q, ok := number[id]; ok && p.Identical {
			self[q] = i
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	x, err := openIndex(job.Path("embeddings"), queries.len(), docs.len())
	if err != nil {
		return err
	}
	defer x.close()
	x.self = self
	job.Logf("%d queries, %d documents, %d dimensions", queries.len(), docs.len(), x.docs.Cols)
	best, err := x.search(ctx, job, min(p.K, docs.len()))
	if err != nil {
		return err
	}
	return writeRun(job.Out["run"], queries, docs, best)
}

// writeRun writes the run. A score has the fewest digits that give the same
// float32 back.
func writeRun(name string, queries, docs *ids, best [][]Key) error {
	return corpus.Create(name, func(w io.Writer) error {
		var line []byte
		for q, keys := range best {
			for i, k := range keys {
				line = append(line[:0], queries.get(q)...)
				line = append(line, " Q0 "...)
				line = append(line, docs.get(int(k.Tie()))...)
				line = append(line, ' ')
				line = strconv.AppendInt(line, int64(i+1), 10)
				line = append(line, ' ')
				line = strconv.AppendFloat(line, float64(k.Score()), 'g', -1, 32)
				line = append(line, " "+runTag+"\n"...)
				if _, err := w.Write(line); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
