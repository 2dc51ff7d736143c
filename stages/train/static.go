package train

import (
	"context"
	"errors"
	"fmt"

	"repro/stages"
	"repro/stages/train/static"
)

// staticBackend trains the encoder of package static.
type staticBackend struct{}

// Variant implements Backend.
func (staticBackend) Variant() stages.Variant {
	return stages.Variant{
		Name: "static",
		Doc:  "Texts are means of vectors of words and n-grams, hashed to a table: pure Go, on any CPU.",
		Params: []stages.Param{
			{Name: "dim", Type: "number", Default: "128", Doc: "Length of a text's vector."},
			{Name: "buckets", Type: "number", Default: "65536", Doc: "Rows of the table that words and n-grams are hashed to."},
			{Name: "ngram_min", Type: "number", Default: "3", Doc: "Characters of the shortest n-gram."},
			{Name: "ngram_max", Type: "number", Default: "5", Doc: "Characters of the longest n-gram."},
		},
	}
}

// Check implements Backend.
func (staticBackend) Check(p Params) error {
	config, err := p.static()
	if err != nil {
		return err
	}
	return config.Check()
}

func (p Params) static() (static.Config, error) {
	var own struct {
		Dim      int `json:"dim"`
		Buckets  int `json:"buckets"`
		NgramMin int `json:"ngram_min"`
		NgramMax int `json:"ngram_max"`
	}
	err := stages.DecodeParams(p.Own, &own)
	return static.Config{Dim: own.Dim, Buckets: own.Buckets, NgramMin: own.NgramMin, NgramMax: own.NgramMax}, err
}

// Train implements Backend.
func (staticBackend) Train(ctx context.Context, run *Run) error {
	if run.SelfPairs && run.Steps > 0 {
		return &stages.ParamError{
			Param: "backend", Problem: "the sampler pairs each text with itself, which teaches nothing without dropout",
			Hint: `Choose backend = "transformer"`,
		}
	}
	if len(run.Validation) > 0 {
		return errors.New("the backend static has no use for validation pairs: leave out the input validation, or choose another backend")
	}
	model, err := initial(ctx, run)
	if err != nil {
		return err
	}
	trainer := static.NewTrainer(model, static.Options{
		Temperature: run.Params.Temperature, WeightDecay: run.Params.WeightDecay, Threads: run.Threads,
	})
	step := 0
	for batch, err := range run.Batches {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rate := run.Params.Rate(step, run.Steps)
		loss, norm := trainer.Step(batch.Queries, batch.Passages, batch.Masked, rate)
		run.Note(fmt.Sprintf("loss %.4f", loss))
		if err := run.Report(Step{Loss: loss, LR: rate, GradNorm: norm}); err != nil {
			return err
		}
		step++
	}
	return model.Save(run.Out)
}

func initial(ctx context.Context, run *Run) (*static.Model, error) {
	if run.Init != "" {
		model, err := static.Load(run.Init)
		if err != nil {
			return nil, fmt.Errorf("initial model: %w", err)
		}
		return model, nil
	}
	config, err := run.Params.static()
	if err != nil {
		return nil, err
	}
	texts := func(yield func(string) bool) {
		for text := range run.Texts {
			if ctx.Err() != nil || !yield(text) {
				return
			}
		}
	}
	model := static.New(config, run.Params.Seed, texts)
	return model, ctx.Err()
}
