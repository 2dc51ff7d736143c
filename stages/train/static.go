package train

import (
	"context"
	"fmt"

	"repro/stages/train/static"
)

// staticBackend trains the encoder of package static.
type staticBackend struct{}

// Name implements Backend.
func (staticBackend) Name() string { return "static" }

// Check implements Backend.
func (staticBackend) Check(p Params) error { return p.static().Check() }

func (p Params) static() static.Config {
	return static.Config{Dim: p.Dim, Buckets: p.Buckets, NgramMin: p.NgramMin, NgramMax: p.NgramMax}
}

// Train implements Backend.
func (staticBackend) Train(ctx context.Context, run *Run) error {
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
		rate := run.Params.Rate(step)
		loss, norm := trainer.Step(batch.Queries, batch.Passages, batch.Masked, rate)
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
	texts := func(yield func(string) bool) {
		for text := range run.Texts {
			if ctx.Err() != nil || !yield(text) {
				return
			}
		}
	}
	model := static.New(run.Params.static(), run.Params.Seed, texts)
	return model, ctx.Err()
}
