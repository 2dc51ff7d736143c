package train

import (
	"context"
	"encoding/json"
	"iter"
	"math"

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
	// Train learns from the batches of run, in order, and writes the model to
	// the new folder run.Out. A step is a batch, also for a backend that moves
	// its weights once for several. Train calls run.Report after each step, and
	// returns what that returns if it is an error.
	Train(ctx context.Context, run *Run) error
}

// Params are the parameters that all backends share.
type Params struct {
	Backend     string  `json:"backend"`
	LR          float64 `json:"learning_rate"` // after the warm-up
	Warmup      int     `json:"warmup"`        // steps over which the learning rate rises from 0, linearly
	Schedule    string  `json:"schedule"`      // of the learning rate after the warm-up
	Temperature float64 `json:"temperature"`   // τ of the loss
	WeightDecay float64 `json:"weight_decay"`  // decoupled, as in AdamW
	MaxSteps    *int    `json:"max_steps"`     // nil: as many as there are batches
	Seed        uint64  `json:"seed"`
	LogEvery    int     `json:"log_every"` // steps to a line of the curve

	Own json.RawMessage `json:"-"` // the backend's own, for stages.DecodeParams
}

// The schedules of the learning rate.
const (
	Constant = "constant"
	Linear   = "linear"
	Cosine   = "cosine"
)

// Rate returns the learning rate η of step s of total, s counted from 0. With w
// steps of warm-up it is η·(s+1)/w for s < w, and then, as in
// get_linear_schedule_with_warmup and get_cosine_schedule_with_warmup of
// Hugging Face transformers, with p = (s−w)/(total−w)
//
//	constant  η
//	linear    η·(1−p)
//	cosine    η·(1+cos(π·p))/2
//
// so that it would be 0 in the step after the last.
func (p Params) Rate(step, total int) float64 {
	if step < p.Warmup {
		return p.LR * float64(step+1) / float64(p.Warmup)
	}
	done := min(1, float64(step-p.Warmup)/float64(max(1, total-p.Warmup)))
	switch p.Schedule {
	case Linear:
		return p.LR * (1 - done)
	case Cosine:
		return p.LR * (1 + math.Cos(math.Pi*done)) / 2
	default:
		return p.LR
	}
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
	Logf    func(f string, a ...any) // writes to the job's log

	// Validation is files of pairs (JSON Lines of corpus.Pair) that are not
	// trained on. A backend that does not use them refuses them.
	Validation []string

	// Report must be called once a step, in order. A backend that goes on from a
	// checkpoint calls it for the steps before as well, with what they were:
	// the curve is that of a training that was never disturbed.
	Report func(step Step) error

	// As those of stages.Job.
	Checkpoint string
	Note       func(text string)
	SetClass   func(class string)

	// SelfPairs says that every row is a text with itself: without dropout there
	// is nothing to learn.
	SelfPairs bool

	stopped string // why, if the backend ends it early
}

// Stop says why the backend returns before the last batch, such as a loss on
// Validation that no longer falls. Without it that is an error.
func (r *Run) Stop(reason string) {
	r.stopped = reason
	r.Logf("stopped early: %s", reason)
}

// Step is what a backend tells of a step.
type Step struct {
	Loss     float64 // mean over the batch
	LR       float64
	GradNorm float64 // Euclidean norm of the gradient over all weights, as the optimiser took it

	// Validation is the loss on Run.Validation after this step, if it was
	// measured. The curve then has a line for this step.
	Validation *float64
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
