package sample

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"repro/stages"
	"repro/stages/corpus"
)

// Stage is the stage kind "sample".
type Stage struct {
	kind    string
	methods []Method
}

// New returns the stage kind "sample" with the paper's methods and more.
func New(more ...Method) *Stage { return NewKind("sample", append(Methods(), more...)...) }

// NewKind returns a stage that differs from "sample" in its kind and methods
// only, for a plugin: a kind has one owner.
func NewKind(kind string, methods ...Method) *Stage { return &Stage{kind: kind, methods: methods} }

// Spec implements stages.Stage.
func (s *Stage) Spec() stages.Spec {
	spec := stages.Spec{
		Kind:    s.kind,
		Version: "1",
		Doc:     "Draws training batches from pairs in one or more languages.",
		Params: []stages.Param{
			{Name: "sampler", Type: "string", Doc: "How to draw: " + strings.Join(s.names(), ", ") + "."},
			{Name: "batch_size", Type: "number", Default: "100", Doc: "Rows in a batch, at least 2."},
			{Name: "steps", Type: "number", Doc: "Number of batches."},
			{Name: "seed", Type: "number", Default: "0", Doc: "Seed of all draws, a whole number from 0."},
			{Name: "dataset_weight", Type: "string", Default: `"size"`, Doc: "How datasets are drawn: \"size\" (in proportion to their items, as the paper does) or \"equal\" (a large one cannot crowd out a small one that has more languages)."},
			{Name: "langs", Type: "list(string)", Default: "[]", Doc: "Languages to draw from; all that there are if empty."},
		},
		Inputs: []stages.Port{{Name: "input", Arity: stages.List, Doc: "Training pairs as JSON Lines, any number of datasets and languages."}},
		Outputs: []stages.Port{
			{Name: "batches", Dir: true, Doc: "pairs.jsonl (the pool), batches.jsonl (one batch a line) and summary.json (counts)."},
			{Name: "composition", Doc: "Pairs of the pool by dataset, language and origin, as a JSON array of flat objects."},
		},
	}
	for _, m := range s.methods {
		spec.Params = append(spec.Params, m.Params...)
	}
	return spec
}

// The values of dataset_weight.
const (
	weightSize  = "size"
	weightEqual = "equal"
)

// params are the parameters that all methods share.
type params struct {
	Sampler   string   `json:"sampler"`
	BatchSize int      `json:"batch_size"`
	Steps     int      `json:"steps"`
	Seed      uint64   `json:"seed"`
	Weight    string   `json:"dataset_weight"`
	Langs     []string `json:"langs"`
}

// Check implements stages.Checker.
func (s *Stage) Check(raw json.RawMessage) error {
	_, _, err := s.parse(raw)
	return err
}

// parse separates what belongs to the methods from the shared parameters.
func (s *Stage) parse(raw json.RawMessage) (params, Sampler, error) {
	var shared map[string]json.RawMessage
	if err := json.Unmarshal(raw, &shared); err != nil {
		return params{}, nil, fmt.Errorf("parameters: %w", err)
	}
	own := make(map[string]map[string]json.RawMessage, len(s.methods))
	for _, m := range s.methods {
		own[m.Name] = make(map[string]json.RawMessage, len(m.Params))
		for _, p := range m.Params {
			own[m.Name][p.Name] = shared[p.Name]
		}
	}
	for _, m := range s.methods {
		for _, p := range m.Params {
			delete(shared, p.Name)
		}
	}
	var p params
	if err := decode(shared, &p); err != nil {
		return params{}, nil, err
	}
	switch {
	case p.BatchSize < 2:
		return p, nil, &stages.ParamError{Param: "batch_size", Problem: fmt.Sprintf("%d rows", p.BatchSize), Hint: "A row needs others to be told from: give at least 2"}
	case p.Steps < 1:
		return p, nil, &stages.ParamError{Param: "steps", Problem: fmt.Sprintf("%d batches", p.Steps), Hint: "Give at least 1. For an untrained model set max_steps = 0 where it is trained"}
	}
	if p.Weight != weightSize && p.Weight != weightEqual {
		return p, nil, &stages.ParamError{Param: "dataset_weight", Problem: fmt.Sprintf("%q is neither %q nor %q", p.Weight, weightSize, weightEqual)}
	}
	n := slices.IndexFunc(s.methods, func(m Method) bool { return m.Name == p.Sampler })
	if n < 0 {
		return p, nil, s.unknown(p.Sampler)
	}
	ownJSON, err := json.Marshal(own[p.Sampler])
	if err != nil {
		return p, nil, err
	}
	sampler, err := s.methods[n].New(ownJSON)
	return p, sampler, err
}

func decode(fields map[string]json.RawMessage, v any) error {
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return stages.DecodeParams(raw, v)
}

func (s *Stage) names() []string {
	names := make([]string, len(s.methods))
	for i, m := range s.methods {
		names[i] = m.Name
	}
	return names
}

func (s *Stage) unknown(name string) error {
	err := &stages.ParamError{Param: "sampler", Problem: fmt.Sprintf("there is no sampler %q", name)}
	if len(s.methods) > 0 {
		nearest := slices.MinFunc(s.names(), func(a, b string) int {
			return cmp.Compare(levenshtein.Distance(name, a, nil), levenshtein.Distance(name, b, nil))
		})
		err.Hint = fmt.Sprintf("Did you mean %q? There are: %s", nearest, strings.Join(s.names(), ", "))
	}
	return err
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) error {
	p, sampler, err := s.parse(job.Params)
	if err != nil {
		return err
	}
	pool, err := readPool(ctx, job, p.Langs)
	if err != nil {
		return err
	}
	pool.equal = p.Weight == weightEqual
	job.Logf("pool: %d pairs, %d datasets, languages %s", pool.Len(), len(pool.Datasets()), strings.Join(pool.Langs(), " "))
	if err := writeComposition(job.Out["composition"], pool); err != nil {
		return err
	}
	return write(ctx, job.Out["batches"], pool, p, func(yield func(Batch) error) error {
		for step := range p.Steps {
			if err := ctx.Err(); err != nil {
				return err
			}
			b, err := sampler.Batch(pool, p.BatchSize, NewRand(p.Seed, step))
			if err != nil {
				return fmt.Errorf("step %d: %w", step, err)
			}
			if err := check(pool, b, p.BatchSize); err != nil {
				return fmt.Errorf("step %d: sampler %s: %w", step, p.Sampler, err)
			}
			if err := yield(b); err != nil {
				return err
			}
			job.Progress(int64(step+1), int64(p.Steps), "steps")
		}
		return nil
	})
}

func readPool(ctx context.Context, job *stages.Job, langs []string) (*Pool, error) {
	b := newBuilder(langs)
	read := int64(0)
	for _, file := range job.Paths("input") {
		err := corpus.ReadLines(file, func(p corpus.Pair) error {
			read++
			job.Progress(read, 0, "pairs")
			if err := ctx.Err(); err != nil {
				return err
			}
			return b.add(p)
		})
		if err != nil {
			return nil, err
		}
	}
	pool, err := b.pool()
	if err == nil && b.duplicates > 0 {
		job.Logf("%d pairs occurred twice with the same text and count once", b.duplicates)
	}
	return pool, err
}

// check holds a third party's sampler to the format.
func check(pool *Pool, b Batch, size int) error {
	if b.Dataset == nil || len(b.Rows) != size {
		return fmt.Errorf("drew %d rows, want %d of one dataset", len(b.Rows), size)
	}
	for _, r := range b.Rows {
		if r.Item < 0 || int(r.Item) >= len(pool.first)-1 || pool.dataset(r.Item) != b.Dataset {
			return fmt.Errorf("item %d is not of dataset %s", r.Item, b.Dataset.Name)
		}
		if pool.version(r.Item, r.Query) == nil || pool.version(r.Item, r.Passage) == nil {
			return fmt.Errorf("item %s of %s is not in %s and %s", pool.ID(r.Item), b.Dataset.Name, r.Query, r.Passage)
		}
	}
	return nil
}
