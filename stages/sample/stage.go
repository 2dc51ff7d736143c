package sample

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"golang.org/x/sync/errgroup"

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
			{Name: "sampler", Type: "string", Doc: "How to draw."},
			{Name: "batch_size", Type: "number", Default: "100", Doc: "Rows in a batch, at least 2."},
			{Name: "steps", Type: "number", Doc: "Number of batches."},
			{Name: "seed", Type: "number", Default: "0", Doc: "Seed of all draws, a whole number from 0."},
			{Name: "dataset_weight", Type: "string", Default: `"size"`, Doc: "How datasets are drawn: \"size\" (in proportion to their items, as the paper does) or \"equal\" (a large one cannot crowd out a small one that has more languages)."},
			{Name: "langs", Type: "list(string)", Default: "[]", Doc: "Languages to draw from; all that there are if empty."},
		},
		Choice: &stages.Choice{Param: "sampler"},
		Inputs: []stages.Port{{Name: "input", Arity: stages.List, Doc: "Training pairs as JSON Lines, any number of datasets and languages."}},
		Outputs: []stages.Port{
			{Name: "batches", Dir: true, Doc: "pairs.jsonl (the pool), batches.jsonl (one batch a line) and summary.json (counts)."},
			{Name: "composition", Doc: "Pairs of the pool by dataset, language and origin, as a JSON array of flat objects."},
		},
	}
	for _, m := range s.methods {
		spec.Choice.Variants = append(spec.Choice.Variants, stages.Variant{
			Name: m.Name, Doc: m.Doc, Params: m.Params, Inputs: m.Inputs, Class: m.Class,
		})
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

// Tools implements stages.Tooled.
func (s *Stage) Tools(_ context.Context, raw json.RawMessage) (map[string]string, error) {
	_, c, err := s.parse(raw)
	if err != nil {
		return nil, err
	}
	return c.Tools, nil
}

// chosen is a method with its parameters.
type chosen struct {
	Method
	params  json.RawMessage
	sampler Sampler // nil if it is Remote
}

// parse separates what belongs to the method from what all share.
func (s *Stage) parse(raw json.RawMessage) (params, chosen, error) {
	name, shared, own, err := s.Spec().SplitParams(raw)
	if err != nil {
		return params{}, chosen{}, err
	}
	var p params
	if err := stages.DecodeParams(shared, &p); err != nil {
		return params{}, chosen{}, err
	}
	if err := p.check(); err != nil {
		return p, chosen{}, err
	}
	n := slices.IndexFunc(s.methods, func(m Method) bool { return m.Name == name })
	if n < 0 {
		return p, chosen{}, s.unknown(name)
	}
	c := chosen{Method: s.methods[n], params: own}
	err = c.check()
	if bad := (*stages.ParamError)(nil); errors.As(err, &bad) {
		err = &stages.ParamError{Param: stages.VariantName(name, bad.Param), Problem: bad.Problem, Hint: bad.Hint}
	}
	return p, c, err
}

func (p params) check() error {
	switch {
	case p.BatchSize < 2:
		return &stages.ParamError{Param: "batch_size", Problem: fmt.Sprintf("%d rows", p.BatchSize), Hint: "A row needs others to be told from: give at least 2"}
	case p.Steps < 1:
		return &stages.ParamError{Param: "steps", Problem: fmt.Sprintf("%d batches", p.Steps), Hint: "Give at least 1. For an untrained model set max_steps = 0 where it is trained"}
	case p.Weight != weightSize && p.Weight != weightEqual:
		return &stages.ParamError{Param: "dataset_weight", Problem: fmt.Sprintf("%q is neither %q nor %q", p.Weight, weightSize, weightEqual)}
	}
	return nil
}

func (c *chosen) check() (err error) {
	if c.Remote != nil {
		return c.Remote.Check(c.params)
	}
	c.sampler, err = c.New(c.params)
	return err
}

// draw hands the run's batches to yield.
func (c *chosen) draw(ctx context.Context, pool *Pool, d Draw, job *stages.Job, yield func(Batch) error) error {
	own := *job
	own.Params, own.Out, own.In = c.params, nil, job.OwnInputs(c.Name)
	if c.Remote != nil {
		return c.Remote.Draw(ctx, pool, d, &own, yield)
	}
	return Each(ctx, c.sampler, pool, d, &own, yield)
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
	p, c, err := s.parse(job.Params)
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
	dir := job.Out["batches"]
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if c.Remote == nil {
		group.SetLimit(1) // one after the other; while another process draws, this one has time
	}
	group.Go(func() error { return writePool(ctx, dir, pool) })
	group.Go(func() error {
		return writeBatches(dir, pool, p, func(yield func(Batch) error) error {
			return c.drawAll(ctx, pool, p, job, yield)
		})
	})
	return group.Wait()
}

// drawAll hands the run's batches to yield, once it has looked at them.
func (c *chosen) drawAll(ctx context.Context, pool *Pool, p params, job *stages.Job, yield func(Batch) error) error {
	step := 0
	err := c.draw(ctx, pool, Draw{Steps: p.Steps, Size: p.BatchSize, Seed: p.Seed}, job, func(b Batch) error {
		if err := check(pool, b, p.BatchSize); err != nil {
			return fmt.Errorf("step %d: sampler %s: %w", step, p.Sampler, err)
		}
		step++
		return yield(b)
	})
	if err == nil && step != p.Steps {
		err = fmt.Errorf("sampler %s: drew %d batches, want %d", p.Sampler, step, p.Steps)
	}
	return err
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
