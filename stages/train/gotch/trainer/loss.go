//go:build gotch

package trainer

import (
	"math"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

// infoNCE returns the loss that package train defines, for vectors of length 1
// of the questions and then the passages, [texts, dim]. The scale is what
// cosines are multiplied by, 1/τ, as a tensor with one element.
func infoNCE(vectors, scale *ts.Tensor, b *tokens) *ts.Tensor {
	rows, columns := int64(b.queries), int64(b.passages())
	q := vectors.MustNarrow(0, 0, rows, false)
	p := vectors.MustNarrow(0, rows, columns, false)
	scores := q.MustMatmul(p.MustT(false), false).MustMul(scale, false)

	off := make([]float32, rows*columns)
	any := false
	truth := make([]int64, rows)
	for i := range b.queries {
		truth[i] = int64(i)
		for j := range b.passages() {
			if i != j && b.masked(i, j) {
				off[i*b.passages()+j], any = float32(math.Inf(-1)), true
			}
		}
	}
	device := vectors.MustDevice()
	if any {
		scores = scores.MustAdd(torch.Of(off, rows, columns).MustTo(device, true), false)
	}
	logs := scores.MustLogSoftmax(1, gotch.Float, false)
	return logs.MustNllLoss(torch.Of(truth, rows).MustTo(device, true), ts.None, ts.ReductionMean, -100, false)
}
