package claims_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"repro/cache/runs"
	"repro/reports/claims"
)

// judgeOne judges a claim of one comparison and returns its only evidence.
func judgeOne(t *testing.T, w *world, check runs.Check) claims.Evidence {
	t.Helper()
	results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{check}}), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(results[0].Ours.Evidence); n != 1 {
		t.Fatalf("%d pieces of evidence: %v", n, results[0].Ours)
	}
	return results[0].Ours.Evidence[0]
}

// A baseline without seeds is one value, but the other side has seeds that
// differ: what one of three found, other seeds may not find. Its differences
// are 0.3, 0 and 0, and so t = 1 with two degrees of freedom.
func TestSeedsAgainstABaselineWithout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := func(q int) float64 { return 0.1 + float64(q%7)/10 }
	w.stage("bm25", map[string]string{"sampler": "bm25"}, base)
	for seed := range 3 {
		gain := []float64{0.3, 0, 0}[seed]
		w.stage(fmt.Sprint("hybrid", seed), map[string]string{"sampler": "hybrid", "seed": fmt.Sprint(seed)}, func(q int) float64 { return base(q) + gain })
	}
	w.run.Reports = []runs.Report{w.report()}
	for _, names := range [][2]string{{"hybrid", "bm25"}, {"bm25", "hybrid"}} {
		e := judgeOne(t, w, comparison(names[0], names[1]))
		if p := 1 - 1/math.Sqrt(3); e.Verdict != claims.NotSignificant || math.Abs(*e.P-p) > 1e-6 || !(*e.Lo < 0 && *e.Hi > 0) {
			t.Errorf("%s: %s, want p = %.4f", e.Verdict, e.String(), p)
		}
		if text := e.String(); !strings.Contains(text, "and Student's t over seeds, 60 × question, 3 seeds)") || strings.Contains(text, "one seed") {
			t.Errorf("%s", text)
		}
	}
}

// Without values per query the seeds alone tell a difference from noise.
func TestSeedsAloneAgainstABaselineWithout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	value := func(v float64) {
		w.run.Stages[len(w.run.Stages)-1].Outputs["metrics"] = w.file([]map[string]any{{"metric": "map", "value": v}})
	}
	w.stage("bm25", map[string]string{"sampler": "bm25"}, nil)
	value(0.55)
	for seed, v := range []float64{0.60, 0.61, 0.62} {
		w.stage(fmt.Sprint("hybrid", seed), map[string]string{"sampler": "hybrid", "seed": fmt.Sprint(seed)}, nil)
		value(v)
	}
	r := w.report()
	r.Average = nil
	w.run.Reports = []runs.Report{r}
	for name, c := range map[string]struct {
		check runs.Check
		want  claims.Verdict
	}{
		"better":               {comparison("hybrid", "bm25"), claims.Holds},
		"worse":                {comparison("bm25", "hybrid"), claims.Fails},
		"by less than claimed": {with(comparison("hybrid", "bm25"), func(c *runs.Check) { c.By = 0.1 }), claims.Fails},
		"by nearly as much":    {with(comparison("hybrid", "bm25"), func(c *runs.Check) { c.By = 0.05 }), claims.NotSignificant},
	} {
		if e := judgeOne(t, w, c.check); e.Verdict != c.want || e.Test != "Student's t over seeds" || e.Seeds != map[bool][2]int{true: {3, 0}, false: {0, 3}}[e.Subject == "hybrid"] {
			t.Errorf("%s: %s: %s", name, e.Verdict, e.String())
		}
	}
}

// Neither of two baselines has seeds: nothing is to be said of them.
func TestNoSeedsAtAll(t *testing.T) {
	t.Parallel()
	w := samplers(t)
	for name, v := range map[string]float64{"bm25": 0.5, "random": 0.1} {
		w.stage(name, map[string]string{"sampler": name}, func(q int) float64 { return v + float64(q%3)/10 })
	}
	w.run.Reports = []runs.Report{w.report()}
	if e := judgeOne(t, w, comparison("bm25", "random")); e.Verdict != claims.Holds || e.Note != "" {
		t.Errorf("%s: %s", e.Verdict, e.String())
	}
}

// Two settings of one arm come from the same trainings: that both vary over
// seeds says nothing of their difference, which hardly does. The shares of two
// kinds of batches add up to 1 with each seed, and vary together the other way.
func TestOneArmIsPairedBySeed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		other func(v, jitter float64) float64
		want  claims.Verdict
	}{
		"together":    {func(v, jitter float64) float64 { return v - 0.1 + jitter }, claims.Holds},
		"add up to 1": {func(v, _ float64) float64 { return 1 - v }, claims.NotSignificant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for seed, v := range []float64{0.6, 0.8, 0.55} {
				w.stage(fmt.Sprint("x", seed), map[string]string{"sampler": "x", "seed": fmt.Sprint(seed)}, nil)
				w.run.Stages[seed].Outputs["metrics"] = w.file([]map[string]any{
					{"metric": "map", "setting": "a", "value": v},
					{"metric": "map", "setting": "b", "value": c.other(v, []float64{0.001, 0, 0.002}[seed])},
				})
			}
			r := w.report()
			r.Columns, r.Average = []string{"setting"}, nil
			w.run.Reports = []runs.Report{r}
			e := judgeOne(t, w, with(comparison("a", "b"), func(c *runs.Check) { c.Dim = "setting" }))
			if e.Verdict != c.want || e.Test != "Student's paired t over seeds" {
				t.Errorf("%s: %s", e.Verdict, e.String())
			}
		})
	}
}
