package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Bootstrap returns the percentile bootstrap interval of the mean of paired
// differences, one for each independent unit (Efron and Tibshirani, An
// Introduction to the Bootstrap, chapter 13): units are drawn with replacement,
// and the interval holds the middle o.Level of the means. Without differences
// both ends are NaN.
func Bootstrap(diffs []float64, o Options) (lo, hi float64) {
	o = o.withDefaults()
	if len(diffs) == 0 {
		return math.NaN(), math.NaN()
	}
	means := bootstrapMeans(diffs, o)
	slices.Sort(means)
	tail := (1 - o.Level) / 2
	return quantile(means, tail), quantile(means, 1-tail)
}

// BootstrapP returns the two-sided p-value that belongs to Bootstrap: twice the
// share of means on that side of 0 where fewer are, which is below 1 − level
// where the interval is on one side of 0. As in Randomisation the observed mean
// counts as one more, and without differences it is NaN.
func BootstrapP(diffs []float64, o Options) float64 {
	o = o.withDefaults()
	if len(diffs) == 0 {
		return math.NaN()
	}
	below, above := 0, 0
	for _, mean := range bootstrapMeans(diffs, o) {
		if mean <= 0 {
			below++
		}
		if mean >= 0 {
			above++
		}
	}
	return min(1, 2*float64(min(below, above)+1)/float64(o.Samples+1))
}

func bootstrapMeans(diffs []float64, o Options) []float64 {
	return resample(o, func(rng *rand.PCG, part []float64) {
		for i := range part {
			part[i] = drawSum(rng, diffs) / float64(len(diffs))
		}
	})
}

// drawSum returns the sum of as many differences as there are, drawn with
// replacement. Each half of a random number gives one: for n differences some
// are drawn more often than others by less than n/2³² of their share.
func drawSum(rng *rand.PCG, diffs []float64) float64 {
	n := uint64(len(diffs))
	sum := 0.0
	for range n / 2 {
		r := rng.Uint64()
		sum += diffs[(r>>32)*n>>32] + diffs[(r&math.MaxUint32)*n>>32]
	}
	if n%2 == 1 {
		sum += diffs[(rng.Uint64()>>32)*n>>32]
	}
	return sum
}

// quantile interpolates linearly between the order statistics, as NumPy does
// (type 7 of Hyndman and Fan, 1996).
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(below)
	return sorted[below]*(1-part) + sorted[below+1]*part
}
