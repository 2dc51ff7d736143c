package train

import (
	"context"
	"encoding/json"
	"iter"

	"repro/stages"
)

// Backend trains one family of encoders.
type Backend interface {
	// Variant describes the backend: the value of the parameter backend that
	// chooses it, and what it alone reads.
	Variant() stages.Variant
	// Check returns a *stages.ParamError for the first parameter that the
	// backend cannot work with.
	Check(p Params) error
	// Train takes one optimiser step for each batch of run and writes the model
	// to the new folder run.Out. It calls run.Report after each step and
	// returns what that returns, if it is an error.
	Train(ctx context.Context, run *Run) error
}

// Params are the parameters that all backends share.
type Params struct {
	Backend     string  `json:"backend"`
	LR          float64 `json:"learning_rate"` // after the warm-up
	Warmup      int     `json:"warmup"`        // steps over which the learning rate rises from 0, linearly
	Temperature float64 `json:"temperature"`   // τ of the loss
	WeightDecay float64 `json:"weight_decay"`  // decoupled, as in AdamW
	MaxSteps    *int    `json:"max_steps"`     // nil: as many as there are batches
	Seed        uint64  `json:"seed"`
	LogEvery    int     `json:"log_every"` // steps to a line of the curve

	Own json.RawMessage `json:"-"` // the backend's own, for stages.DecodeParams
}

// Rate returns the learning rate of a step, counted from 0.
func (p Params) Rate(step int) float64 {
	if step < p.Warmup {
		return p.LR * float64(step+1) / float64(p.Warmup)
	}
	return p.LR
}

// Run is one training.
type Run struct {
	Params  Params
	Steps   int                      // how many batches there will be
	Batches iter.Seq2[Batch, error]  // in order; ends after an error
	Texts   iter.Seq[string]         // all texts that batches are drawn from: questions, passages, negatives
	Init    string                   // model folder to continue from, or ""
	Out     string                   // model folder to write; does not exist yet
	Dir     string                   // for scratch files
	Threads int                      // at least 1; must not change the result
	Report  func(step Step) error    // must be called once a step
	Logf    func(f string, a ...any) // writes to the job's log

	// SelfPairs says that every row is a text with itself: without dropout there
	// is nothing to learn.
	SelfPairs bool
}

// Step is what a backend tells of a step.
type Step struct {
	Loss     float64 // mean over the batch
	LR       float64
	GradNorm float64 // Euclidean norm of the gradient of Loss over all weights
}

// Batch is the texts of one step. Row i is Queries[i] and Passages[i], which
// answers it. The rows' hard negatives, in their order, are
// Passages[len(Queries):]: each counts as a negative of every row.
type Batch struct {
	Queries, Passages []string
	// Masked(i, j) reports whether Passages[j], i ≠ j, answers Queries[i] too,
	// so that it must not count as a negative of row i.
	Masked func(i, j int) bool
}
