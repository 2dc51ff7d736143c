package stats_test

import (
	"math"
	"testing"

	"repro/reports/stats"
)

// With t = 1 and two degrees of freedom p is 1 − 1/√3, and the 97.5 % quantile
// of t is 4.302653.
func TestOverSeeds(t *testing.T) {
	t.Parallel()
	const quantile = 4.302652729911275
	drawn := func(values ...float64) stats.Drawn { return stats.Drawn{Values: values} }
	fixed := stats.Drawn{Values: []float64{0.5}, Fixed: true}
	welch := stats.Welch([]float64{1, 2, 4}, []float64{2, 2, 3}, 0.95)
	for name, c := range map[string]struct {
		a, b         stats.Drawn
		paired       bool
		test         string
		mean, p, off float64 // off: half the interval
	}{
		"independent":          {drawn(1, 2, 4), drawn(2, 2, 3), false, "Welch's t", 0, welch.P, welch.Hi},
		"paired":               {drawn(1, 2, 4), drawn(4, 2, 4), true, "Student's paired t", 1, 1 - 1/math.Sqrt(3), quantile},
		"against a fixed one":  {fixed, drawn(0.5, 0.5, 0.8), false, "Student's t", 0.1, 1 - 1/math.Sqrt(3), 0.1 * quantile},
		"of a fixed one":       {drawn(0.5, 0.5, 0.8), fixed, false, "Student's t", -0.1, 1 - 1/math.Sqrt(3), 0.1 * quantile},
		"against another draw": {drawn(0.5), drawn(0.5, 0.5, 0.8), false, "Student's t", 0.1, 2 / 3., 0.2 * quantile},
		"of another draw":      {drawn(0.5, 0.5, 0.8), drawn(0.5), false, "Student's t", -0.1, 2 / 3., 0.2 * quantile},
		"one draw each":        {drawn(0.25), drawn(0.5), false, "", 0.25, math.NaN(), math.NaN()},
		"one draw and a fixed": {drawn(0.25), fixed, false, "", 0.25, math.NaN(), math.NaN()},
		"all alike":            {fixed, drawn(0.75, 0.75), false, "Student's t", 0.25, math.NaN(), math.NaN()},
		"alike but for bits":   {drawn(0.72, 0.81, 0.36), drawn(0.73, 0.82, 0.37), true, "Student's paired t", 0.01, math.NaN(), math.NaN()},
		"none":                 {drawn(), drawn(1, 2), false, "", math.NaN(), math.NaN(), math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, test := stats.OverSeeds(c.a, c.b, c.paired, 0.95)
			for _, pair := range [][2]float64{{got.Mean, c.mean}, {got.P, c.p}, {got.Lo, c.mean - c.off}, {got.Hi, c.mean + c.off}} {
				if math.IsNaN(pair[0]) != math.IsNaN(pair[1]) || math.Abs(pair[0]-pair[1]) > 1e-6 {
					t.Errorf("%v, want %v", pair[0], pair[1])
				}
			}
			if test != c.test {
				t.Errorf("test %q, want %q", test, c.test)
			}
		})
	}
}
