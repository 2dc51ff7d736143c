package sample

import (
	"context"
	"encoding/json"

	"repro/stages"
)

// Sampler draws batches. It is what a new idea about batches implements.
type Sampler interface {
	// Batch draws step.Size rows from one dataset of the pool. All chance
	// comes from rng, which is made anew for each step, so that a batch depends
	// on nothing but its step. It is called from one goroutine.
	Batch(pool *Pool, step Step, rng *Rand) (Batch, error)
}

// Preparer is a Sampler that has work to do before the first batch, such as
// reading the files that its Method asks for or counting words.
type Preparer interface {
	// Prepare is called once. The job's ports and parameters are the method's
	// own; it has no outputs.
	Prepare(ctx context.Context, pool *Pool, job *stages.Job) error
}

// Step is the place of a batch in a run.
type Step struct {
	Number int // from 0
	Total  int // how many there will be
	Size   int // rows to draw
}

// Method is a family of samplers that a workflow can name.
type Method struct {
	Name   string            // "x-y"
	Doc    string            // one sentence
	Params []stages.Param    // what its block in the workflow may say
	Inputs []stages.Port     // what it reads besides the pool
	Class  string            // as in stages.Spec
	Tools  map[string]string // what else is in the key of a run with it, such as a plugin's digest

	// New returns the sampler with the given values of Params (a JSON object
	// for stages.DecodeParams), or a *stages.ParamError.
	New func(params json.RawMessage) (Sampler, error)
	// Remote takes the place of New if the sampler is another process.
	Remote Remote
}

// Remote is a sampler in another process, which draws all batches of a run at
// once: the engine's view of a plugin's Method.
type Remote interface {
	// Check returns a *stages.ParamError for the first bad parameter.
	Check(params json.RawMessage) error
	// Draw hands every batch to yield, in order, and ends with the first error.
	Draw(ctx context.Context, pool *Pool, d Draw, job *stages.Job, yield func(Batch) error) error
}

// Draw says how many batches a run draws, how large and by which seed.
type Draw struct {
	Steps, Size int
	Seed        uint64
}

// Batch is the rows that are scored against each other in one step.
type Batch struct {
	Draw    string // how it was drawn: "x-x-mono" for a monolingual batch of the hybrid
	Dataset *Dataset
	Rows    []Row
}

// Row is one question and the passage that answers it.
type Row struct {
	Item    Item
	Query   string // language of the question
	Passage string // language of the passage

	// QueryText and PassageText, if not empty, take the place of the item's
	// text: for samplers that change it, such as code-switching.
	QueryText, PassageText string

	// Negatives are passages that every question of the batch is scored
	// against, besides those of the other rows: hard negatives, as in DPR
	// (arXiv 2004.04906).
	Negatives []Passage

	// NegativeTexts are more of them, such as the negatives that come with the
	// item's pair. One that equals the passage of a row does not count against
	// that row.
	NegativeTexts []string
}

// Passage is the answering side of an item in one of its languages.
type Passage struct {
	Item Item
	Lang string
}
