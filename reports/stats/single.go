package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Single compares a sample with one value that may be of the same distribution,
// by Student's t with the sample's variance for both: the interval is that of
// the value's distance from the sample's mean, x − mean. If the sample does not
// vary, p is 1 if the value is no other, else NaN.
func Single(sample []float64, x, level float64) Estimate {
	mean := stat.Mean(sample, nil)
	if len(sample) < 2 {
		return unknown(x - mean)
	}
	n := float64(len(sample))
	sem := stat.StdDev(sample, nil) * math.Sqrt(1+1/n)
	return student(x-mean, sem, n-1, level, max(math.Abs(mean), math.Abs(x))).ofNoise()
}
