package embed

import (
	"context"
	"encoding/json"

	"repro/stages"
	"repro/stages/train/static"
)

// Encoder turns texts into vectors. One that is an io.Closer is closed at the end.
type Encoder interface {
	// Dim returns the length of a vector, at least 1.
	Dim() int
	// Encode returns a vector of Euclidean length 1 for each text, or of zeros
	// for one in which the model knows nothing. It keeps as many threads busy
	// as the job may, and returns soon after ctx is done. It is given some
	// thousand texts at once, so that it can take those together that are
	// equally long.
	Encode(ctx context.Context, role Role, texts []string) ([][]float32, error)
}

// Role is what a text is in retrieval; some models tell the two apart.
type Role int

// The roles of a text.
const (
	Query Role = iota
	Passage
)

// Format is a backend: a family of models that can be loaded.
type Format struct {
	// Variant describes it: the value of the parameter backend that chooses it,
	// and what it alone reads.
	Variant   stages.Variant
	ModelType []string // what it reads, by model_type in config.json
	// Check returns a *stages.ParamError for the first of its own parameters
	// that it cannot work with; nil if it has none to refuse.
	Check func(own json.RawMessage) error
	// Load reads the model folder dir. Own are its own parameters, for
	// stages.DecodeParams; of the job it may use all but inputs and outputs.
	Load func(dir string, own json.RawMessage, job *stages.Job) (Encoder, error)
}

// staticFormat reads what the static backend of the train stage writes.
func staticFormat() Format {
	return Format{
		Variant:   stages.Variant{Name: "static", Doc: "Models of the backend static of train: pure Go, on any CPU."},
		ModelType: []string{static.ModelType},
		Load: func(dir string, own json.RawMessage, job *stages.Job) (Encoder, error) {
			if err := stages.DecodeParams(own, &struct{}{}); err != nil {
				return nil, err
			}
			model, err := static.Load(dir)
			if err != nil {
				return nil, err
			}
			return &staticEncoder{model, max(1, job.Threads)}, nil
		},
	}
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
