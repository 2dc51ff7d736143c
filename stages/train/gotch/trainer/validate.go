//go:build gotch

package trainer

import (
	"context"
	"fmt"
	"strings"

	"github.com/sugarme/gotch/ts"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/train"
	"repro/stages/train/gotch/torch"
)

// validation chooses weights by the loss over pairs that are not trained on,
// without dropout.
type validation struct {
	batches []*tokens
	every   int      // steps
	Best    *float64 `json:"best"`  // least loss so far; nil: none yet
	Since   int      `json:"since"` // validations since then
}

// validationPairs is how many pairs are looked at at most, taken evenly from
// all: enough for a loss to three digits, few enough to do it often. They are
// scored against each other in batches of validationRows, as in the paper's
// training.
const (
	validationPairs = 1000
	validationRows  = 100
)

// newValidation reads the pairs of files.
func newValidation(files []string, every int, l *lexer) (*validation, error) {
	var pairs []corpus.Pair
	for _, file := range files {
		more, err := corpus.LoadLines[corpus.Pair](file)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, more...)
	}
	if len(pairs) < 2 {
		return nil, fmt.Errorf("%w: %s: %d pairs: validation takes 2 at least", stages.ErrInput, strings.Join(files, ", "), len(pairs))
	}
	n := min(len(pairs), validationPairs)
	rows := min(validationRows, n)
	n -= n % rows // whole batches, which still are from all over the files
	v := &validation{every: every}
	for start := 0; start+rows <= n; start += rows {
		var b train.Batch
		for i := start; i < start+rows; i++ {
			p := pairs[i*len(pairs)/n]
			b.Queries, b.Passages = append(b.Queries, p.Query), append(b.Passages, p.Passage)
		}
		b.Masked = func(i, j int) bool { return b.Passages[i] == b.Passages[j] }
		v.batches = append(v.batches, l.batch(b))
	}
	return v, nil
}

// due reports whether there is a validation after the n steps from first on.
func (v *validation) due(first, n, total int) bool {
	return (first+n)/v.every > first/v.every || first+n == total
}

func (v *validation) exhausted(patience int) bool { return patience > 0 && v.Since >= patience }

// validate returns the loss of the weights, and keeps them if it is the least.
func (s *training) validate(ctx context.Context) (*float64, error) {
	sum := 0.0
	var err error
	s.thread.NoGrad(func() {
		for _, b := range s.validation.batches {
			if err = ctx.Err(); err != nil {
				return
			}
			err = s.thread.Arena(func() error {
				parts := chunks(b.texts, evaluated(s.limit))
				vectors := make([]*ts.Tensor, len(parts))
				for k, part := range parts {
					vectors[k] = s.encoder.Forward(pick(b.texts, part), false)
				}
				sum += torch.Item(infoNCE(inOrder(vectors, parts), s.optimiser.scale(), b))
				return nil
			})
			if err != nil {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	loss := sum / float64(len(s.validation.batches))
	if s.validation.Best != nil && loss >= *s.validation.Best {
		s.validation.Since++
		return &loss, nil
	}
	s.validation.Best, s.validation.Since = &loss, 0
	s.thread.NoGrad(func() {
		for i, p := range s.encoder.Params {
			s.best[i].Copy_(p)
		}
	})
	return &loss, nil
}

// evaluated is how many texts are in memory at once where no gradients are.
func evaluated(limit int) int {
	const most = 128
	if limit == 0 {
		return most
	}
	return min(most, limit)
}
