package embed

import (
	"context"

	"repro/stages/train/static"
)

// Encoder turns texts into vectors.
type Encoder interface {
	// Dim returns the length of a vector, at least 1.
	Dim() int
	// Encode returns a vector of Euclidean length 1 for each text, or of zeros
	// for one in which the model knows nothing. It keeps as many threads busy
	// as it was loaded with, and returns soon after ctx is done.
	Encode(ctx context.Context, role Role, texts []string) ([][]float32, error)
}

// Role is what a text is in retrieval; some models tell the two apart.
type Role int

// The roles of a text.
const (
	Query Role = iota
	Passage
)

// Format is a family of models that can be loaded.
type Format struct {
	ModelType string // model_type in config.json
	// Load reads the model folder dir. The number of threads must not change
	// what the encoder returns.
	Load func(dir string, threads int) (Encoder, error)
}

// staticFormat reads what the static backend of the train stage writes.
func staticFormat() Format {
	return Format{ModelType: static.ModelType, Load: func(dir string, threads int) (Encoder, error) {
		model, err := static.Load(dir)
		if err != nil {
			return nil, err
		}
		return &staticEncoder{model, threads}, nil
	}}
}

type staticEncoder struct {
	model   *static.Model
	threads int
}

// Dim implements Encoder.
func (e *staticEncoder) Dim() int { return e.model.Dim }

// Encode implements Encoder. Questions and passages share one model.
func (e *staticEncoder) Encode(ctx context.Context, _ Role, texts []string) ([][]float32, error) {
	return e.model.Encode(texts, e.threads), ctx.Err()
}
