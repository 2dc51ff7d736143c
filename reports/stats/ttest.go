package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is a difference of means with its interval and two-sided p-value.
// With fewer than two values nothing can be said about noise: then Lo, Hi, P
// and DF are NaN, and so is Mean without any value.
type Estimate struct {
	Mean   float64 // of b − a
	Lo, Hi float64 // interval of Mean
	P      float64
	DF     float64 // degrees of freedom; infinite where nothing varies
}

// OK reports whether there were enough values for an interval and a p-value.
func (e *Estimate) OK() bool { return !math.IsNaN(e.P) }

// Welch compares two independent samples whose variances may differ (Welch,
// 1947, with the degrees of freedom of Satterthwaite). Level is the confidence
// of the interval, such as 0.95. If neither sample varies, p is 1 if they are
// equal; else it is NaN, as with one value each: that two seeds gave the same
// does not tell what others would.
func Welch(a, b []float64, level float64) Estimate {
	meanA, meanB := stat.Mean(a, nil), stat.Mean(b, nil)
	mean := meanB - meanA
	if len(a) < 2 || len(b) < 2 {
		return unknown(mean)
	}
	na, nb := float64(len(a)), float64(len(b))
	va, vb := stat.Variance(a, nil)/na, stat.Variance(b, nil)/nb
	df := (va + vb) * (va + vb) / (va*va/(na-1) + vb*vb/(nb-1))
	return student(mean, math.Sqrt(va+vb), df, level, max(math.Abs(meanA), math.Abs(meanB))).ofNoise()
}

// PairedT is Student's t-test of the mean of paired differences. Level is the
// confidence of the interval. If the differences are all alike, p is 1 if they
// are 0, else NaN: of their noise nothing is known.
func PairedT(d []float64, level float64) Estimate { return RoundedPairedT(d, 0, level) }

// RoundedPairedT is PairedT of numbers that were rounded before: the standard
// error of their mean is at least least, such as half a unit of the last digit.
func RoundedPairedT(d []float64, least, level float64) Estimate {
	return pairedT(d, least, math.Abs(stat.Mean(d, nil)), level)
}

// pairedT knows the size of the numbers that the differences were taken of.
func pairedT(d []float64, least, scale, level float64) Estimate {
	mean := stat.Mean(d, nil)
	if len(d) < 2 {
		return unknown(mean)
	}
	sem := max(least, stat.StdDev(d, nil)/math.Sqrt(float64(len(d))))
	return student(mean, sem, float64(len(d)-1), level, scale).ofNoise()
}

// ofNoise returns the estimate, or that nothing is known of a difference of
// values that do not vary.
func (e Estimate) ofNoise() Estimate {
	if e.P == 0 && math.IsInf(e.DF, 1) {
		return unknown(e.Mean)
	}
	return e
}

func unknown(mean float64) Estimate {
	nan := math.NaN()
	return Estimate{Mean: mean, Lo: nan, Hi: nan, P: nan, DF: nan}
}

// student returns the estimate of a mean from its standard error. Scale is the
// size of the numbers that the mean was made of, which tells rounding from
// variance.
func student(mean, sem, df, level, scale float64) Estimate {
	const rounding = 1e-15
	if sem <= rounding*scale {
		p := 0.0
		if math.Abs(mean) <= rounding*scale {
			p = 1
		}
		return Estimate{Mean: mean, Lo: mean, Hi: mean, P: p, DF: math.Inf(1)}
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
	half := t.Quantile(1-(1-level)/2) * sem
	return Estimate{Mean: mean, Lo: mean - half, Hi: mean + half, P: 2 * t.CDF(-math.Abs(mean)/sem), DF: df}
}
