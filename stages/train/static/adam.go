package static

import "math"

// Adam's usual constants.
const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

// adam is Adam (arXiv 1412.6980) for a table of which a step touches few rows.
// It differs from the dense algorithm in three ways: a row that a step does not
// touch does not move, and its moments do not decay; the bias is corrected by
// the number of steps that touched the row; and the second moment is one number
// for a row, the mean over its values, so that a step keeps the direction of
// the first moment and a row takes half the memory.
type adam struct {
	model       *Model
	weightDecay float64
	first       []float32 // as the model's rows
	second      []float64 // by bucket
	steps       []uint32  // by bucket
}

func newAdam(m *Model, weightDecay float64) *adam {
	return &adam{
		model: m, weightDecay: weightDecay,
		first:  make([]float32, len(m.rows)),
		second: make([]float64, m.Buckets),
		steps:  make([]uint32, m.Buckets),
	}
}

// step moves the row of bucket b against its gradient, whose squares sum up to
// square. Different rows may be stepped at once.
func (a *adam) step(b uint32, gradient []float32, square, lr float64) {
	dim := a.model.Dim
	row, first := a.model.row(b), a.first[int(b)*dim:(int(b)+1)*dim]
	a.steps[b]++
	n := float64(a.steps[b])
	scale(beta1, first)
	axpy(1-beta1, gradient, first)
	a.second[b] = beta2*a.second[b] + (1-beta2)*square/float64(dim)
	if a.weightDecay > 0 {
		scale(float32(1-lr*a.weightDecay), row)
	}
	second := math.Sqrt(a.second[b] / (1 - math.Pow(beta2, n)))
	axpy(float32(-lr/(1-math.Pow(beta1, n))/(second+epsilon)), first, row)
}
