//go:build gotch

package trainer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/sugarme/gotch/ts"

	"repro/stages"
	"repro/stages/train"
	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
)

// training is one training on its thread.
type training struct {
	*train.Run
	o            *params
	thread       *torch.Thread
	tokenizerDir string
	encoder      *encoder.Encoder
	lexer        *lexer
	optimiser    *optimiser
	limit        int          // texts that are in memory at once; 0: all
	taken        []train.Step // so far
	validation   *validation  // nil: none
	best         []*ts.Tensor // room for the weights with the least validation loss; nil without validation
	keeper       *keeper
	class        string // what was promised of a second run, if not what the variant says
	meter        meter
}

// trimEvery is after how many steps the allocator gives memory back: rarely
// enough to cost little, 2 % of the time. At hidden size 512 and 100 pairs a step
// it grew by 1 GB in 50 steps, and to twice what it has with this in 600.
const trimEvery = 16

// train takes the steps that have not been taken before a checkpoint.
func (s *training) train(ctx context.Context) error {
	if c := s.encoder.Model.Config; s.SelfPairs && s.Steps > 0 && c.Dropout == 0 && c.AttentionDropout == 0 {
		return &stages.ParamError{
			Param: "dropout", Problem: "the sampler pairs each text with itself, which teaches nothing without dropout",
			Hint: "Give 0.1, as SimCSE does",
		}
	}
	if err := s.resume(); err != nil {
		return err
	}
	s.meter.start()
	var window []*tokens
	for b, err := range s.lexer.ahead(ctx, after(s.Batches, len(s.taken))) {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		window = append(window, b)
		if len(window) < s.o.Accumulate && len(s.taken)+len(window) < s.Steps {
			continue
		}
		stop := false
		err = s.thread.Arena(func() (err error) {
			stop, err = s.step(ctx, window)
			return err
		})
		if err != nil {
			return s.lost(err)
		}
		if stop {
			return nil
		}
		if len(s.taken)%trimEvery < len(window) {
			s.thread.GiveMemoryBack()
		}
		window = window[:0]
	}
	return ctx.Err()
}

// step takes one optimiser step over the batches of a window, and reports
// whether it was the last.
func (s *training) step(ctx context.Context, window []*tokens) (stop bool, err error) {
	first := len(s.taken)
	rate := s.Params.Rate(first, s.Steps)
	losses, err := s.gradients(window, first)
	if err != nil {
		return false, err
	}
	norm := s.optimiser.norm()
	finite := !math.IsNaN(norm) && !math.IsInf(norm, 0)
	if finite {
		s.optimiser.step(s.thread, rate)
	}
	for k, b := range window {
		step := train.Step{Loss: losses[k], LR: rate, GradNorm: norm}
		if s.validation != nil && finite && k == len(window)-1 && s.validation.due(first, len(window), s.Steps) {
			if step.Validation, err = s.validate(ctx); err != nil {
				return false, err
			}
		}
		if err := s.Report(step); err != nil {
			return false, err
		}
		s.taken = append(s.taken, step)
		s.meter.add(s.encoder, b)
	}
	if note, ok := s.meter.note(losses[len(losses)-1], norm, s.encoder.Device); ok {
		s.Note(note)
	}
	if s.validation != nil && s.validation.exhausted(s.o.Patience) && len(s.taken) < s.Steps {
		s.Stop(fmt.Sprintf("%d validations without a loss below %.4f", s.o.Patience, *s.validation.Best))
		return true, nil
	}
	return false, s.keeper.keep()
}

// lost adds to an error what is left of the training.
func (s *training) lost(err error) error {
	var bad *stages.ParamError
	if kept := s.keeper.last; kept > 0 && !errors.As(err, &bad) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w (what there was after step %d is kept in %s)", err, kept, s.keeper.file)
	}
	return err
}

// after leaves out the first n batches.
func after(batches iter.Seq2[train.Batch, error], n int) iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		k := 0
		for b, err := range batches {
			if k++; k <= n && err == nil {
				continue
			}
			if !yield(b, err) {
				return
			}
		}
	}
}
