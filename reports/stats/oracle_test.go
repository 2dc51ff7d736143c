package stats_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"

	"repro/reports/stats"
)

// oracleCase is what testdata/oracle.py is asked.
type oracleCase struct {
	Samples int
	Paired  [][]float64
	Welch   [][2][]float64
	Time    []float64
}

type oracleAnswer struct {
	Paired []struct {
		T     [3]float64 // p, interval
		Flips float64
		Boot  [2]float64
	}
	Welch   [][3]float64
	Seconds float64
}

// ask runs SciPy, the independent implementation.
func ask(t testing.TB, c oracleCase) oracleAnswer {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import scipy.stats").CombinedOutput(); err != nil {
		t.Skipf("needs Debian's python3-scipy: %v\n%s", err, out)
	}
	in, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/oracle.py")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var answer oracleAnswer
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// retrieval returns differences of average precisions: many 0, in steps.
func retrieval(rng *rand.Rand, n int, shift float64) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = 1/float64(1+rng.IntN(4)) - 1/float64(1+rng.IntN(4)) + shift
	}
	return d
}

func normal(rng *rand.Rand, n int, mean, sd float64) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = mean + sd*rng.NormFloat64()
	}
	return d
}

func TestAgreesWithSciPy(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	c := oracleCase{
		Samples: 20_000,
		Paired: [][]float64{
			retrieval(rng, 7, 0.1), retrieval(rng, 11, 0), normal(rng, 9, 0.5, 1), {1, 1, 1, 1, 0, -1},
			retrieval(rng, 300, 0.03), normal(rng, 120, 0.1, 1), normal(rng, 40, 3, 1),
		},
		Welch: [][2][]float64{
			{normal(rng, 3, 0, 1), normal(rng, 3, 1, 0.1)}, {normal(rng, 5, 0, 1), normal(rng, 2, 0.2, 4)},
			{{1, 1, 1}, {2, 2, 2.5}}, {normal(rng, 40, 0, 1), normal(rng, 50, 4, 1)},
		},
	}
	want := ask(t, c)
	o := stats.Options{Samples: c.Samples, Level: 0.9, Seed: 5}
	for i, d := range c.Paired {
		want := want.Paired[i]
		paired := stats.PairedT(d, o.Level)
		near(t, "paired t", [3]float64{paired.P, paired.Lo, paired.Hi}, want.T, 1e-9)
		p := stats.Randomisation(d, o)
		if 1<<min(len(d), 30) <= c.Samples {
			near(t, "exact randomisation", [3]float64{p}, [3]float64{want.Flips}, 1e-12)
		} else if sd := math.Sqrt(2*want.Flips*(1-want.Flips)/float64(c.Samples)) + 1e-4; math.Abs(p-want.Flips) > 4*sd {
			t.Errorf("randomisation of case %d: p = %v, SciPy has %v", i, p, want.Flips)
		}
		lo, hi := stats.Bootstrap(d, o)
		if width := want.Boot[1] - want.Boot[0]; math.Abs(lo-want.Boot[0]) > 0.03*width || math.Abs(hi-want.Boot[1]) > 0.03*width {
			t.Errorf("bootstrap of case %d: [%v, %v], SciPy has %v", i, lo, hi, want.Boot)
		}
	}
	for i, pair := range c.Welch {
		welch := stats.Welch(pair[0], pair[1], o.Level)
		near(t, "Welch", [3]float64{welch.P, welch.Lo, welch.Hi}, want.Welch[i], 1e-9)
	}
}

func near(t *testing.T, what string, got, want [3]float64, tolerance float64) {
	t.Helper()
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: %v, SciPy has %v", what, got, want)
			return
		}
	}
}

// BenchmarkBootstrap draws 10,000 samples of 13,000 units, in the same run as
// NumPy with its fastest generator.
func BenchmarkBootstrap(b *testing.B) {
	d := retrieval(rand.New(rand.NewPCG(1, 2)), 13_000, 0)
	for b.Loop() {
		stats.Bootstrap(d, stats.Options{})
	}
	ours := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(ask(b, oracleCase{Samples: 10_000, Time: d}).Seconds/ours, "numpy/ours")
}

func BenchmarkRandomisation(b *testing.B) {
	d := retrieval(rand.New(rand.NewPCG(1, 2)), 13_000, 0)
	for b.Loop() {
		stats.Randomisation(d, stats.Options{})
	}
}
