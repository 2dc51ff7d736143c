package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Drawn is what was measured of one side of a comparison.
type Drawn struct {
	Values []float64 // one for each seed
	Fixed  bool      // whether no seed was drawn for its only value, as for BM25: it is no sample of others
}

// OverSeeds estimates b − a over the seeds that were drawn, and names the test,
// for people. If paired, the values of both sides are of the same draws, in the
// same order, and their differences are tested (Student's paired t); else two
// samples are independent (Welch's t), a sample has or has not the mean of a
// fixed value (Student's t), and a single value of another draw may or may not
// be of the same distribution as a sample (Student's t, Single). The test is ""
// if one draw or none is on either side: they say nothing of others.
func OverSeeds(a, b Drawn, paired bool, level float64) (e Estimate, test string) {
	several := [2]bool{len(a.Values) > 1, len(b.Values) > 1}
	switch {
	case several == [2]bool{true, true} && paired:
		return differenceT(a.Values, b.Values, level), "Student's paired t"
	case several == [2]bool{true, true}:
		return Welch(a.Values, b.Values, level), "Welch's t"
	case several[0] && b.Fixed, several[1] && a.Fixed:
		return differenceT(a.Values, b.Values, level), "Student's t"
	case several[0] && len(b.Values) == 1:
		return Single(a.Values, b.Values[0], level), "Student's t"
	case several[1] && len(a.Values) == 1:
		return Single(b.Values, a.Values[0], level).negated(), "Student's t"
	default:
		return unknown(stat.Mean(b.Values, nil) - stat.Mean(a.Values, nil)), ""
	}
}

// differenceT is PairedT of b − a, where a single value stands for as many as
// the other side has.
func differenceT(a, b []float64, level float64) Estimate {
	d, scale := make([]float64, max(len(a), len(b))), 0.0
	for i := range d {
		x, y := a[min(i, len(a)-1)], b[min(i, len(b)-1)]
		d[i], scale = y-x, max(scale, math.Abs(x), math.Abs(y))
	}
	return pairedT(d, 0, scale, level)
}

// negated is the estimate of a − b.
func (e Estimate) negated() Estimate {
	e.Mean, e.Lo, e.Hi = -e.Mean, -e.Hi, -e.Lo
	return e
}
