package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
)

// runTag is the last column of the run.
const runTag = "repro"

// Stage is the stage kind "search".
type Stage struct {
	kind     string
	backends []Backend
}

// Backend is a way to compute.
type Backend struct {
	// Variant describes it: the value of the parameter backend that chooses it,
	// and what it alone reads.
	Variant stages.Variant
	// Check returns a *stages.ParamError for the first of its own parameters
	// that it cannot work with; nil if it has none to refuse.
	Check func(own json.RawMessage) error
	// Search returns the best k documents of every query of x, best first, with
	// the documents' numbers as ties. Own are its own parameters, for
	// stages.DecodeParams; of the job it may use all but inputs and outputs.
	Search func(ctx context.Context, x *Index, own json.RawMessage, job *stages.Job, k int) ([][]Key, error)
}

// New returns the stage kind "search", which computes in pure Go.
func New() *Stage {
	return NewKind("search", Backend{
		Variant: stages.Variant{Name: "go", Doc: "Pure Go, on all threads that it may use."},
		Search:  searchGo,
	})
}

// NewKind returns a stage that differs from "search" in its kind and backends
// only, the first of which is the default; for a plugin that adds a backend.
func NewKind(kind string, backends ...Backend) *Stage { return &Stage{kind: kind, backends: backends} }

type params struct {
	Backend   string `json:"backend"`
	K         int    `json:"k"`
	Identical bool   `json:"ignore_identical_ids"`
}

// Spec implements stages.Stage.
func (s *Stage) Spec() stages.Spec {
	choice := &stages.Choice{Param: "backend"}
	for _, b := range s.backends {
		choice.Variants = append(choice.Variants, b.Variant)
	}
	first, _ := json.Marshal(choice.Variants[0].Name) // a string always encodes
	return stages.Spec{
		Kind:    s.kind,
		Version: "1",
		Doc:     "Finds the nearest documents of every query among all of a retrieval set, exactly.",
		Params: []stages.Param{
			{Name: "backend", Type: "string", Default: string(first), Doc: "What computes."},
			{Name: "k", Type: "number", Default: "1000", Doc: "How many documents of each query the run lists."},
			{Name: "ignore_identical_ids", Type: "bool", Default: "false", Doc: "Leaves out a document that has the query's identifier, as BEIR does: ArguAna's queries are documents."},
		},
		Choice: choice,
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
func (s *Stage) Check(raw json.RawMessage) error {
	_, _, _, err := s.parse(raw)
	return err
}

// parse returns the parameters, and the backend that they choose with its own.
func (s *Stage) parse(raw json.RawMessage) (p params, b Backend, own json.RawMessage, err error) {
	name, shared, own, err := s.Spec().SplitParams(raw)
	if err == nil {
		err = stages.DecodeParams(shared, &p)
	}
	if err != nil {
		return p, b, nil, err
	}
	if p.K < 1 {
		return p, b, nil, &stages.ParamError{Param: "k", Problem: fmt.Sprintf("%d documents", p.K), Hint: "Give at least 1."}
	}
	names := make([]string, len(s.backends))
	for i, b := range s.backends {
		if names[i] = b.Variant.Name; names[i] != name {
			continue
		}
		if b.Check != nil {
			err = b.Check(own)
		}
		if bad := (*stages.ParamError)(nil); errors.As(err, &bad) {
			err = &stages.ParamError{Param: stages.VariantName(name, bad.Param), Problem: bad.Problem, Hint: bad.Hint}
		}
		return p, b, own, err
	}
	return p, b, nil, &stages.ParamError{
		Param: "backend", Problem: fmt.Sprintf("there is no backend %q", name),
		Hint: fmt.Sprintf("There are: %s. A plugin that brings another has its name", strings.Join(names, ", ")),
	}
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) error {
	p, backend, own, err := s.parse(job.Params)
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
	job.Logf("%d queries, %d documents, %d dimensions", queries.len(), docs.len(), x.Docs.Cols)
	best, err := backend.Search(ctx, x, own, job, min(p.K, docs.len()))
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
