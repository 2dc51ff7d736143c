package stats

import (
	"math"
	"math/rand/v2"
)

// Randomisation returns the two-sided p-value of Fisher's randomisation test of
// paired differences, one for each independent unit: how often the mean is at
// least as far from 0 when every difference keeps its size and takes a sign by
// chance. If all choices of signs are no more than o.Samples, each is looked
// at once; else o.Samples are drawn, and the observed one counts as one more
// (Phipson and Smyth, 2010), so that p is never 0. Where none of them is as
// extreme, p is beyond what they can resolve: then Student's paired t tells it,
// as a correction for many comparisons would else never find anything, but it
// is never less than the share of one choice of signs and its opposite, 2/2ⁿ.
// Without differences p is NaN.
func Randomisation(diffs []float64, o Options) float64 {
	o = o.withDefaults()
	if len(diffs) == 0 {
		return math.NaN()
	}
	sum, size := 0.0, 0.0
	for _, d := range diffs {
		sum += d
		size += math.Abs(d)
	}
	// Sums that are equal but for rounding count as equal.
	observed := math.Abs(sum) - 1e-12*size
	if n := len(diffs); n < 63 && 1<<n <= o.Samples {
		return exact(diffs, observed)
	}
	sums := resample(o, func(rng *rand.PCG, part []float64) {
		for i := range part {
			part[i] = flipSum(rng, diffs)
		}
	})
	extreme := 0
	for _, s := range sums {
		if math.Abs(s) >= observed {
			extreme++
		}
	}
	p := float64(extreme+1) / float64(len(sums)+1)
	if e := PairedT(diffs, o.Level); extreme == 0 && e.OK() {
		p = min(p, max(e.P, math.Ldexp(1, 1-len(diffs))))
	}
	return p
}

// exact goes through all choices of signs.
func exact(diffs []float64, observed float64) float64 {
	extreme, all := 0, 1<<len(diffs)
	for signs := range all {
		sum := 0.0
		for i, d := range diffs {
			sum += withSign(d, uint64(signs>>i))
		}
		if math.Abs(sum) >= observed {
			extreme++
		}
	}
	return float64(extreme) / float64(all)
}

// flipSum returns the sum of the differences with random signs.
func flipSum(rng *rand.PCG, diffs []float64) float64 {
	sum := 0.0
	var signs uint64
	for i, d := range diffs {
		if i%64 == 0 {
			signs = rng.Uint64()
		}
		sum += withSign(d, signs)
		signs >>= 1
	}
	return sum
}

// withSign flips the sign of d if the lowest bit is set, without a branch that
// nothing could predict.
func withSign(d float64, bit uint64) float64 {
	return math.Float64frombits(math.Float64bits(d) ^ bit<<63)
}
