//go:build gotch

package trainer

import (
	"context"

	"github.com/sugarme/gotch/ts"

	"repro/stages/hf"
	"repro/stages/train"
	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
)

// Batch is a batch as ids, for tests that leave the tokenizer out.
type Batch struct {
	Queries, Passages [][]int32
	Masked            func(i, j int) bool
}

func (b *Batch) tokens() *tokens {
	return &tokens{texts: append(b.Queries[:len(b.Queries):len(b.Queries)], b.Passages...), queries: len(b.Queries), masked: b.Masked}
}

// OnIDs is a training of the model folder run.Init whose steps a test takes.
type OnIDs struct{ s *training }

// TrainOnIDs calls fn with a training that has not begun.
func TrainOnIDs(ctx context.Context, run *train.Run, fn func(*OnIDs) error) error {
	o, err := own(run.Params)
	if err != nil {
		return err
	}
	device, err := Device(o.Device)
	if err != nil {
		return err
	}
	return torch.Run(ctx, torch.Options{Threads: o.Threads, Seed: run.Params.Seed}, func(t *torch.Thread) error {
		s := &training{Run: run, o: o, thread: t}
		m, err := hf.Open(run.Init)
		if err != nil {
			return err
		}
		o.apply(m)
		if s.encoder, err = encoder.Load(t, m, run.Init, device); err != nil {
			return err
		}
		s.encoder.Autocast = o.Precision == "bfloat16"
		s.optimiser = newOptimiser(s.encoder, run.Params, o)
		if o.MicroBatch != nil {
			s.limit = *o.MicroBatch
		}
		s.keeper = newKeeper(s, 0)
		s.meter.start()
		return fn(&OnIDs{s})
	})
}

// Vectors returns those of a batch's texts, one behind another, without dropout.
func (o *OnIDs) Vectors(b *Batch) (values []float32, err error) {
	err = o.s.thread.Arena(func() error {
		o.s.thread.NoGrad(func() { values = torch.Values[float32](o.s.encoder.Forward(b.tokens().texts, false)) })
		return nil
	})
	return values, err
}

// Gradients returns those of a window's mean loss, by name.
func (o *OnIDs) Gradients(window []*Batch) (map[string][]float32, error) {
	all := map[string][]float32{}
	err := o.s.thread.Arena(func() error {
		if _, err := o.s.gradients(windowOf(window), 0); err != nil {
			return err
		}
		for name, p := range o.named() {
			all[name] = torch.Values[float32](p.MustGrad(false))
		}
		torch.ZeroGrad(o.s.optimiser.all)
		return nil
	})
	return all, err
}

// Step takes an optimiser step.
func (o *OnIDs) Step(ctx context.Context, window []*Batch) error {
	return o.s.thread.Arena(func() error {
		_, err := o.s.step(ctx, windowOf(window))
		return err
	})
}

// Weights returns the parameters by name.
func (o *OnIDs) Weights() map[string][]float32 {
	all := map[string][]float32{}
	for name, p := range o.named() {
		all[name] = torch.Values[float32](p)
	}
	return all
}

// Encoder returns what is trained.
func (o *OnIDs) Encoder() *encoder.Encoder { return o.s.encoder }

// Wait returns when the device has nothing left to do.
func (o *OnIDs) Wait() { torch.Item(o.s.optimiser.all[0].MustSum(o.s.optimiser.all[0].DType(), false)) }

// Chunks returns how a batch's texts are divided: numbers of texts, the queries
// first.
func (b *Batch) Chunks() [][]int { return chunks(b.tokens().texts, 0) }

func (o *OnIDs) named() map[string]*ts.Tensor {
	all := map[string]*ts.Tensor{}
	for i, w := range o.s.encoder.Model.Weights() {
		all[w.Name] = o.s.encoder.Params[i]
	}
	if o.s.o.LearnTemp {
		all["log_scale"] = o.s.optimiser.logScale
	}
	return all
}

func windowOf(batches []*Batch) []*tokens {
	var window []*tokens
	for _, b := range batches {
		window = append(window, b.tokens())
	}
	return window
}
