package train

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
)

// Stage is the stage kind "train".
type Stage struct {
	kind     string
	backends []Backend
}

// New returns the stage kind "train" with the static backend.
func New() *Stage { return NewKind("train", staticBackend{}) }

// NewKind returns a stage that differs from "train" in its kind and backends
// only, the first of which is the default; for a plugin that adds a backend.
func NewKind(kind string, backends ...Backend) *Stage { return &Stage{kind: kind, backends: backends} }

// Spec implements stages.Stage.
func (s *Stage) Spec() stages.Spec {
	choice := &stages.Choice{Param: "backend"}
	for _, b := range s.backends {
		choice.Variants = append(choice.Variants, b.Variant())
	}
	first, _ := json.Marshal(choice.Variants[0].Name) // a string always encodes
	return stages.Spec{
		Kind:    s.kind,
		Version: "1",
		Doc:     "Trains a dual encoder on batches with InfoNCE and in-batch negatives.",
		Params: []stages.Param{
			{Name: "backend", Type: "string", Default: string(first), Doc: "What trains."},
			{Name: "learning_rate", Type: "number", Default: "0.01", Doc: "Step size of the optimiser."},
			{Name: "warmup", Type: "number", Default: "0", Doc: "Steps over which the learning rate rises to learning_rate."},
			{Name: "schedule", Type: "string", Default: `"constant"`, Doc: "How the learning rate goes on after the warm-up: constant, or down to 0 at the last step as linear or cosine."},
			{Name: "temperature", Type: "number", Default: "0.05", Doc: "What cosines are divided by in the loss."},
			{Name: "weight_decay", Type: "number", Default: "0", Doc: "Decoupled weight decay, as in AdamW."},
			{Name: "max_steps", Type: "number", Default: "null", Doc: "Stop after this many steps: 0 keeps the initial weights, null takes every batch."},
			{Name: "seed", Type: "number", Default: "0", Doc: "Seed of the initial weights and of whatever else is random."},
			{Name: "log_every", Type: "number", Default: "50", Doc: "Steps that a line of the curve sums up."},
		},
		Choice: choice,
		Inputs: []stages.Port{
			{Name: "batches", Arity: stages.One, Doc: "A folder of batches from a sample stage."},
			{Name: "init", Arity: stages.Optional, Doc: "A model folder to continue from; its shape takes the place of the parameters."},
			{Name: "validation", Arity: stages.List, Doc: "Pairs that are not trained on, as JSON Lines, by which a backend may choose weights or stop early; static does neither."},
		},
		Outputs: []stages.Port{
			{Name: "model", Dir: true, Doc: "config.json and model.safetensors in the Hugging Face layout."},
			{Name: "curve", Doc: "JSON Lines: step, and over the steps since the line before, the mean loss and gradient norm; lr; validation_loss after a validation."},
		},
	}
}

// Check implements stages.Checker.
func (s *Stage) Check(params json.RawMessage) error {
	_, _, err := s.parse(params)
	return err
}

// parse returns the parameters and the backend that they choose.
func (s *Stage) parse(raw json.RawMessage) (Params, Backend, error) {
	name, shared, own, err := s.Spec().SplitParams(raw)
	if err != nil {
		return Params{}, nil, err
	}
	p := Params{Own: own}
	if err := stages.DecodeParams(shared, &p); err != nil {
		return p, nil, err
	}
	names := make([]string, 0, len(s.backends))
	for _, b := range s.backends {
		if b.Variant().Name != name {
			names = append(names, b.Variant().Name)
			continue
		}
		if err := p.check(); err != nil {
			return p, nil, err
		}
		err := b.Check(p)
		if bad := (*stages.ParamError)(nil); errors.As(err, &bad) && slices.ContainsFunc(b.Variant().Params, func(own stages.Param) bool { return own.Name == bad.Param }) {
			err = &stages.ParamError{Param: stages.VariantName(name, bad.Param), Problem: bad.Problem, Hint: bad.Hint}
		}
		return p, b, err
	}
	return p, nil, &stages.ParamError{
		Param: "backend", Problem: fmt.Sprintf("there is no backend %q", name),
		Hint: fmt.Sprintf("There are: %s. A plugin that brings another has its name", strings.Join(names, ", ")),
	}
}

// check refuses what no backend can work with.
func (p Params) check() error {
	for _, c := range []struct {
		ok    bool
		param string
		value any
		hint  string
	}{
		{p.LR > 0 && !math.IsInf(p.LR, 0), "learning_rate", p.LR, "Give a positive number"},
		{p.Temperature > 0 && !math.IsInf(p.Temperature, 0), "temperature", p.Temperature, "Give a positive number; the usual ones lie between 0.01 and 1"},
		{p.WeightDecay >= 0, "weight_decay", p.WeightDecay, "Give 0 or a positive number"},
		{p.Warmup >= 0, "warmup", p.Warmup, "Give 0 or a positive number"},
		{slices.Contains([]string{Constant, Linear, Cosine}, p.Schedule), "schedule", strconv.Quote(p.Schedule), "Choose constant, linear or cosine"},
		{p.LogEvery >= 1, "log_every", p.LogEvery, "Give at least 1"},
		{p.MaxSteps == nil || *p.MaxSteps >= 0, "max_steps", deref(p.MaxSteps), "Give null for every batch, or 0 for an untrained model"},
	} {
		if !c.ok {
			return &stages.ParamError{Param: c.param, Problem: fmt.Sprintf("%v is out of range", c.value), Hint: c.hint}
		}
	}
	return nil
}

func deref(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) error {
	p, backend, err := s.parse(job.Params)
	if err != nil {
		return err
	}
	batches, err := sample.Load(ctx, job.Path("batches"))
	if err != nil {
		return err
	}
	steps := batches.Summary.Steps
	if p.MaxSteps != nil {
		steps = min(steps, *p.MaxSteps)
	}
	job.Logf("%s: %d steps of %d rows, sampler %s, temperature %v, learning rate %v",
		p.Backend, steps, batches.Summary.BatchSize, batches.Summary.Sampler, p.Temperature, p.LR)
	return corpus.Create(job.Out["curve"], func(w io.Writer) error {
		curve := &curve{out: json.NewEncoder(w), job: job, every: p.LogEvery, steps: steps}
		run := &Run{
			Params: p, Steps: steps, Batches: texts(batches, steps), Texts: allTexts(batches.Pool),
			Init: job.Path("init"), Out: job.Out["model"], Dir: job.Dir, Threads: job.Threads,
			Validation: job.Paths("validation"), Checkpoint: job.Checkpoint,
			Report: curve.report, Logf: job.Logf, Note: job.Note, SetClass: job.SetClass,
			SelfPairs: batches.Summary.SelfPairs == batches.Summary.Examples,
		}
		if err := backend.Train(ctx, run); err != nil {
			return err
		}
		if curve.step != steps && run.stopped == "" {
			return fmt.Errorf("backend %s took %d steps of %d", p.Backend, curve.step, steps)
		}
		return curve.close()
	})
}

// texts resolves the rows of the first n batches.
func texts(batches *sample.Batches, n int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if n == 0 {
			return
		}
		step := 0
		for b, err := range batches.All() {
			if err != nil {
				yield(Batch{}, err)
				return
			}
			step++
			if !yield(resolve(batches.Pool, b.Rows), nil) || step == n {
				return
			}
		}
	}
}

// resolve returns the texts of rows and of their negatives: first those that
// are passages of the pool, then the others.
func resolve(pool *sample.Pool, rows []sample.Row) Batch {
	b := Batch{Queries: make([]string, len(rows)), Passages: make([]string, len(rows))}
	from := make([]sample.Passage, len(rows)) // what Passages are
	own := make([]string, len(rows))          // the rows' passages as the pool has them
	for i, r := range rows {
		query, _, _ := pool.Text(r.Item, r.Query)
		_, passage, _ := pool.Text(r.Item, r.Passage)
		b.Queries[i], b.Passages[i] = cmp.Or(r.QueryText, query), cmp.Or(r.PassageText, passage)
		from[i], own[i] = sample.Passage{Item: r.Item, Lang: r.Passage}, passage
	}
	for _, r := range rows {
		for _, n := range r.Negatives {
			_, passage, _ := pool.Text(n.Item, n.Lang)
			b.Passages, from = append(b.Passages, passage), append(from, n)
		}
	}
	for _, r := range rows {
		b.Passages = append(b.Passages, r.NegativeTexts...)
	}
	b.Masked = func(i, j int) bool {
		if j >= len(from) { // a text that is of no item
			return b.Passages[j] == b.Passages[i] || b.Passages[j] == own[i]
		}
		if b.Passages[i] == b.Passages[j] || from[i].Item == from[j].Item ||
			pool.SamePassage(from[i].Item, from[j].Item, from[i].Lang) { // the passage of row i in another language
			return true
		}
		// A negative was chosen among the passages of its own language.
		return j >= len(rows) && pool.SamePassage(from[i].Item, from[j].Item, from[j].Lang)
	}
	return b
}

func allTexts(pool *sample.Pool) iter.Seq[string] {
	return func(yield func(string) bool) {
		for pair := range pool.All() {
			for _, text := range append([]string{pair.Query, pair.Passage}, pair.Negatives...) {
				if !yield(text) {
					return
				}
			}
		}
	}
}

// curve keeps the training curve.
type curve struct {
	out      *json.Encoder
	job      *stages.Job
	every    int
	steps    int
	step     int
	n        int // steps since the last line
	loss     float64
	gradNorm float64
	last     Step
}

// point is one line of the curve.
type point struct {
	Step     int     `json:"step"` // steps done
	Loss     float64 `json:"loss"`
	LR       float64 `json:"lr"`
	GradNorm float64 `json:"grad_norm"`

	Validation *float64 `json:"validation_loss,omitempty"`
}

// errDiverged is what a run ends with whose loss is no number.
var errDiverged = errors.New("the training diverged. Try a smaller learning_rate or a higher temperature")

func (c *curve) report(s Step) error {
	c.step++
	if !finite(s.Loss) || !finite(s.GradNorm) {
		return fmt.Errorf("step %d: loss %v, gradient norm %v: %w", c.step, s.Loss, s.GradNorm, errDiverged)
	}
	if v := s.Validation; v != nil && !finite(*v) {
		return fmt.Errorf("step %d: loss %v on the validation pairs: %w", c.step, *v, errDiverged)
	}
	c.n++
	c.loss += s.Loss
	c.gradNorm += s.GradNorm
	c.last = s
	c.job.Progress(int64(c.step), int64(c.steps), "steps")
	if c.step%c.every == 0 || s.Validation != nil {
		return c.line()
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// close writes the last line.
func (c *curve) close() error {
	if c.n == 0 {
		return nil
	}
	return c.line()
}

func (c *curve) line() error {
	n := float64(c.n)
	p := point{Step: c.step, Loss: c.loss / n, LR: c.last.LR, GradNorm: c.gradNorm / n, Validation: c.last.Validation}
	text := ""
	if v := p.Validation; v != nil {
		text = fmt.Sprintf(", validation loss %.4f", *v)
	}
	c.job.Logf("step %d of %d: loss %.4f, gradient norm %.4f%s", p.Step, c.steps, p.Loss, p.GradNorm, text)
	c.n, c.loss, c.gradNorm = 0, 0, 0
	return c.out.Encode(p)
}
