//go:build gotch

package trainer

import (
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

// gradients adds the gradients of the mean loss over the batches of a window to
// those of the parameters, and returns the loss of each. When memory runs out
// it tries again with smaller chunks.
func (s *training) gradients(window []*tokens, step int) ([]float64, error) {
	for {
		losses := make([]float64, len(window))
		var err error
		for k, b := range window {
			err = s.thread.Arena(func() (err error) {
				losses[k], err = s.gradient(b, seedOf(s.Params.Seed, uint64(step+k)), 1/float64(len(window)))
				return err
			})
			if err != nil {
				break
			}
		}
		if err == nil || !torch.OutOfMemory(err) {
			return losses, err
		}
		torch.ZeroGrad(s.optimiser.all)
		torch.FreeCache()
		if err := s.halve(window, err); err != nil {
			return nil, err
		}
		s.Logf("step %d: out of memory; going on with %d texts at once", step+1, s.limit)
		s.rechunked()
	}
}

// rechunked says that dropout takes other neurons now than it did elsewhere.
func (s *training) rechunked() {
	if s.class != stochastic {
		s.SetClass("tolerant")
	}
}

// halve lowers the number of texts that are in memory at once.
func (s *training) halve(window []*tokens, cause error) error {
	most := 0
	for _, b := range window {
		if s.limit == 0 {
			most = max(most, len(b.texts))
			continue
		}
		for _, c := range chunks(b.texts, s.limit) {
			most = max(most, len(c))
		}
	}
	if most <= 1 {
		return fmt.Errorf("there is not enough memory for a single text. Choose a smaller passage_length or a smaller model: %w", cause)
	}
	s.limit = (most + 1) / 2
	return nil
}

// gradient adds weight times the gradient of the loss of a batch to those of the
// parameters, and returns the loss.
func (s *training) gradient(b *tokens, seed uint64, weight float64) (loss float64, err error) {
	parts := chunks(b.texts, s.limit)
	encode := func(k int) *ts.Tensor {
		torch.Seed(seedOf(seed, uint64(k)))
		return s.encoder.Forward(pick(b.texts, parts[k]), true)
	}
	if s.limit == 0 {
		vectors := make([]*ts.Tensor, len(parts))
		for k := range parts {
			vectors[k] = encode(k)
		}
		l := infoNCE(inOrder(vectors, parts), s.optimiser.scale(), b)
		l.MustMulScalar(ts.FloatScalar(weight), false).MustBackward()
		return torch.Item(l), nil
	}
	return s.cached(b, parts, encode, weight)
}

// cached is gradient for chunks of which one is in memory at a time (GradCache,
// arXiv 2101.06983): first the vectors of all, then the gradient of the loss by
// the vectors, then that of each chunk's vectors, computed again, by the weights.
func (s *training) cached(b *tokens, parts [][]int, encode func(k int) *ts.Tensor, weight float64) (float64, error) {
	vectors := make([]*ts.Tensor, len(parts))
	for k := range parts {
		err := s.thread.Arena(func() error {
			s.thread.NoGrad(func() { vectors[k] = s.thread.Keep(encode(k)) })
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	for k := range vectors {
		vectors[k] = vectors[k].MustDetach(false).MustSetRequiresGrad(true, true)
	}
	l := infoNCE(inOrder(vectors, parts), s.optimiser.scale(), b)
	l.MustMulScalar(ts.FloatScalar(weight), false).MustBackward()
	for k := range parts {
		err := s.thread.Arena(func() error {
			encode(k).MustMul(vectors[k].MustGrad(false), false).MustSum(gotch.Float, false).MustBackward()
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return torch.Item(l), nil
}

// inOrder joins the vectors of chunks and puts them into the order of the texts.
func inOrder(vectors []*ts.Tensor, parts [][]int) *ts.Tensor {
	var place []int64
	for _, part := range parts {
		for _, text := range part {
			for len(place) <= text {
				place = append(place, 0)
			}
		}
	}
	row := int64(0)
	for _, part := range parts {
		for _, text := range part {
			place[text] = row
			row++
		}
	}
	all := ts.MustCat(vectors, 0)
	return all.MustIndexSelect(0, torch.Of(place, row).MustTo(all.MustDevice(), true), false)
}

func pick(texts [][]int32, numbers []int) [][]int32 {
	picked := make([][]int32, len(numbers))
	for i, n := range numbers {
		picked[i] = texts[n]
	}
	return picked
}

// seedOf mixes a number into a seed (SplitMix64, Steele et al. 2014).
func seedOf(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
