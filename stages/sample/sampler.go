package sample

import (
	"encoding/json"

	"repro/stages"
)

// Sampler draws batches. It is what a new idea about batches implements.
type Sampler interface {
	// Batch draws size rows from one dataset of the pool. All chance comes
	// from rng, which is made anew for each step, so that the result depends
	// on nothing else. It is called from one goroutine.
	Batch(pool *Pool, size int, rng *Rand) (Batch, error)
}

// Method is a family of samplers that a workflow can name.
type Method struct {
	Name   string         // "x-y"
	Doc    string         // one sentence
	Params []stages.Param // its own parameters; each needs a default, as the stage has them for all methods
	// New returns the sampler with the given values of Params (a JSON object
	// for stages.DecodeParams), or a *stages.ParamError.
	New func(params json.RawMessage) (Sampler, error)
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
}
