package stats_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"repro/reports/stats"
)

var nan = math.NaN()

func TestHolmByItsDefinition(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		p := make([]float64, rng.IntN(9))
		for i := range p {
			p[i] = math.Round(rng.Float64()*100) / 400 // with ties
			if rng.IntN(5) == 0 {
				p[i] = nan
			}
		}
		got := stats.Holm(p)
		for _, level := range []float64{0.001, 0.0501, 0.1007, 0.3003} {
			if diff := cmp.Diff(rejections(p, level), below(got, level)); diff != "" {
				t.Fatalf("%v at %v: adjusted to %v\n%s", p, level, got, diff)
			}
		}
	}
	want := []float64{0.03, nan, 0.06, 0.06, 0.02}
	if diff := cmp.Diff(want, stats.Holm([]float64{0.01, nan, 0.04, 0.03, 0.005}), cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
}

// rejections is Holm's procedure as he states it: step down from the smallest,
// and stop at the first that is not below level/(number left).
func rejections(p []float64, level float64) []bool {
	rejected := make([]bool, len(p))
	left := 0
	for _, v := range p {
		if !math.IsNaN(v) {
			left++
		}
	}
	for ; left > 0; left-- {
		smallest := -1
		for i, v := range p {
			if !math.IsNaN(v) && !rejected[i] && (smallest < 0 || v < p[smallest]) {
				smallest = i
			}
		}
		if p[smallest] > level/float64(left) {
			break
		}
		rejected[smallest] = true
	}
	return rejected
}

func below(p []float64, level float64) []bool {
	list := make([]bool, len(p))
	for i, v := range p {
		list[i] = v <= level
	}
	return list
}

func TestWhatDoesNotVary(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ got, want stats.Estimate }{
		"nothing":             {stats.PairedT(nil, 0.95), stats.Estimate{Mean: nan, Lo: nan, Hi: nan, P: nan, DF: nan}},
		"one difference":      {stats.PairedT([]float64{2}, 0.95), stats.Estimate{Mean: 2, Lo: nan, Hi: nan, P: nan, DF: nan}},
		"all 0":               {stats.PairedT([]float64{0, 0}, 0.95), stats.Estimate{P: 1, DF: math.Inf(1)}},
		"all alike":           {stats.PairedT([]float64{.1, .1, .1}, 0.95), stats.Estimate{Mean: .1, Lo: nan, Hi: nan, P: nan, DF: nan}},
		"constant, new value": {stats.Single([]float64{1, 1}, 3, 0.95), stats.Estimate{Mean: 2, Lo: nan, Hi: nan, P: nan, DF: nan}},
		"constant, no new":    {stats.Single([]float64{1, 1}, 1, 0.95), stats.Estimate{P: 1, DF: math.Inf(1)}},
		"constant and equal":  {stats.Welch([]float64{.1, .1, .1}, []float64{.1, .1}, 0.95), stats.Estimate{P: 1, DF: math.Inf(1)}},
		"constant, unequal":   {stats.Welch([]float64{1, 1}, []float64{3, 3}, 0.95), stats.Estimate{Mean: 2, Lo: nan, Hi: nan, P: nan, DF: nan}},
		"one seed":            {stats.Welch([]float64{1, 2}, []float64{3}, 0.95), stats.Estimate{Mean: 1.5, Lo: nan, Hi: nan, P: nan, DF: nan}},
	} {
		if diff := cmp.Diff(c.want, c.got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if want := !math.IsNaN(c.want.P); c.got.OK() != want {
			t.Errorf("%s: OK() = %v", name, !want)
		}
	}
	zeros := make([]float64, 30)
	if lo, hi := stats.Bootstrap(zeros, stats.Options{}); lo != 0 || hi != 0 {
		t.Errorf("bootstrap of zeros: [%v, %v]", lo, hi)
	}
	if p := stats.BootstrapP(zeros, stats.Options{}); p != 1 {
		t.Errorf("bootstrap of zeros: p = %v", p)
	}
	if p := stats.Randomisation(zeros, stats.Options{}); p != 1 {
		t.Errorf("randomisation of zeros: p = %v", p)
	}
	lo, hi := stats.Bootstrap(nil, stats.Options{})
	if p := stats.Randomisation(nil, stats.Options{}); !math.IsNaN(lo) || !math.IsNaN(hi) || !math.IsNaN(p) {
		t.Errorf("of nothing: [%v, %v], p = %v", lo, hi, p)
	}
}

// The number of CPUs is the whole process's: this test is not parallel.
func TestCPUsDoNotMatter(t *testing.T) {
	d := retrieval(rand.New(rand.NewPCG(7, 7)), 101, 0.02)
	o := stats.Options{Samples: 1234, Seed: 9}
	numbers := func(cpus int) [3]float64 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus))
		lo, hi := stats.Bootstrap(d, o)
		return [3]float64{lo, hi, stats.Randomisation(d, o)}
	}
	one, four := numbers(1), numbers(4)
	if one != four {
		t.Errorf("with one CPU %v, with four %v", one, four)
	}
	o.Seed++
	if other := numbers(1); other == one {
		t.Error("another seed gives the same numbers")
	}
}

// Null comparisons as they come from retrieval: each question is asked in
// several languages, whose differences share much. With one difference a
// question, about one in 20 looks real; with one a query, far more do.
func TestFalsePositives(t *testing.T) {
	t.Parallel()
	const comparisons, questions, languages = 1000, 80, 5
	o := stats.Options{Samples: 1000}
	rng := rand.New(rand.NewPCG(11, 12))
	found := map[string]int{}
	for range comparisons {
		var byQuestion, byQuery []float64
		for range questions {
			shared, sum := rng.NormFloat64(), 0.0
			for range languages {
				d := shared + 0.7*rng.NormFloat64()
				byQuery = append(byQuery, d)
				sum += d
			}
			byQuestion = append(byQuestion, sum/languages)
		}
		o.Seed = rng.Uint64()
		if lo, hi := stats.Bootstrap(byQuestion, o); lo > 0 || hi < 0 {
			found["bootstrap"]++
		}
		if stats.BootstrapP(byQuestion, o) <= 0.05 {
			found["bootstrap p"]++
		}
		if stats.Randomisation(byQuestion, o) <= 0.05 {
			found["randomisation"]++
		}
		if stats.PairedT(byQuestion, 0.95).P <= 0.05 {
			found["paired t"]++
		}
		if stats.Randomisation(byQuery, o) <= 0.05 {
			found["by query"]++
		}
	}
	t.Logf("of %d null comparisons, these looked real: %v", comparisons, found)
	// 999 of 1,000 times a binomial of 1,000 and 5 % is between 29 and 75.
	for _, test := range []string{"bootstrap", "bootstrap p", "randomisation", "paired t"} {
		if n := found[test]; n < 29 || n > 75 {
			t.Errorf("%s: %d of %d null comparisons look real", test, n, comparisons)
		}
	}
	if found["by query"] < 150 {
		t.Errorf("by query, only %d look real: the queries are not clustered, and this test shows nothing", found["by query"])
	}
}

func TestPower(t *testing.T) {
	t.Parallel()
	d := retrieval(rand.New(rand.NewPCG(2, 2)), 400, 0.1)
	if p := stats.Randomisation(d, stats.Options{}); p > 0.001 {
		t.Errorf("p = %v", p)
	}
	if lo, hi := stats.Bootstrap(d, stats.Options{}); lo <= 0 || hi < lo {
		t.Errorf("[%v, %v]", lo, hi)
	}
	flipped := slices.Clone(d)
	for i := range flipped {
		flipped[i] = -flipped[i]
	}
	if a, b := stats.Randomisation(d, stats.Options{}), stats.Randomisation(flipped, stats.Options{}); a != b {
		t.Errorf("the sign changes p: %v and %v", a, b)
	}
}
