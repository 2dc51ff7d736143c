package compare_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/compare"
	"repro/reports/stats"
)

// arms returns the results of two samplers as one table, and the two cells.
func arms(t *testing.T, x, y scores) (*reports.Snapshot, *reports.Table) {
	t.Helper()
	store := mem.New()
	both := x.snapshot(t, store, "both")
	r := &both.Reports[0]
	r.Rows, r.From = []string{"arm"}, nil
	var stages []runs.Stage
	for arm, s := range map[string]*reports.Snapshot{"x": both, "y": y.snapshot(t, store, "")} {
		for _, stage := range s.Stages {
			stage.Axes = map[string]string{"seed": stage.Axes["seed"], "arm": arm}
			stage.Addr = "evaluate.main[arm=" + arm + ",seed=" + stage.Axes["seed"] + "]"
			stages = append(stages, stage)
			r.From = append(r.From, runs.Source{Stage: stage.Addr, Port: "metrics"})
		}
	}
	both.Stages = stages
	both = reports.NewSnapshot("both", both.Run, store)
	table, err := both.Table(t.Context(), &both.Reports[0])
	if err != nil {
		t.Fatal(err)
	}
	return both, table
}

// TestBetweenTakesTheWiderInterval has noise of questions or of seeds.
func TestBetweenTakesTheWiderInterval(t *testing.T) {
	t.Parallel()
	// Alternating questions differ by ±wide around a difference of 0.1.
	byQuestion := func(quality, wide, perSeed float64) func(string, int) float64 {
		return func(seed string, q int) float64 {
			v := 0.5 + quality + perSeed*(float64(seed[0])-'1')
			if q/2%2 == 0 {
				return v + wide
			}
			return v - wide
		}
	}
	seeds := []string{"0", "1", "2"}
	for name, c := range map[string]struct {
		x, y scores
		want func(e stats.Estimate) (lo, hi float64, exact bool)
	}{
		"seeds": {
			scores{seeds: seeds, value: byQuestion(0.1, 0, 0.05)}, scores{seeds: seeds, value: byQuestion(0, 0, 0.04)},
			func(e stats.Estimate) (float64, float64, bool) { return e.Lo, e.Hi, true },
		},
		"questions": { // the standard error of 100 differences of 0.3 and −0.1
			scores{seeds: seeds, value: byQuestion(0.1, 0.2, 0.001)}, scores{seeds: seeds, value: byQuestion(0, 0, 0.001)},
			func(stats.Estimate) (float64, float64, bool) { return 0.1 - 1.96*0.02, 0.1 + 1.96*0.02, false },
		},
		"seeds without questions": {
			scores{seeds: seeds, means: []float64{0.6, 0.62, 0.64}}, scores{seeds: seeds, means: []float64{0.5, 0.53, 0.5}},
			func(e stats.Estimate) (float64, float64, bool) { return e.Lo, e.Hi, true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, table := arms(t, c.x, c.y)
			row := func(arm string) compare.Place {
				return compare.Place{Row: slices.IndexFunc(table.Rows, func(k reports.Key) bool { return k[0] == arm })}
			}
			got, err := compare.Between(t.Context(), s, &s.Reports[0], table, row("y"), row("x"))
			if err != nil || got == nil {
				t.Fatal(got, err)
			}
			samples := func(arm string) (list []float64) {
				for _, s := range table.Cells[row(arm).Row][0].Samples {
					list = append(list, s.Value)
				}
				return list
			}
			lo, hi, exact := c.want(stats.Welch(samples("y"), samples("x"), 0.95))
			near := 0.005
			if exact {
				near = 1e-9
			}
			if math.Abs(got.Lo-lo) > near || math.Abs(got.Hi-hi) > near {
				t.Errorf("[%v, %v], want [%v, %v]", got.Lo, got.Hi, lo, hi)
			}
		})
	}
}

// TestBetweenABaselineWithoutSeeds: BM25 has one value, of no seed, and the
// interval is Student's over the other side's seeds.
func TestBetweenABaselineWithoutSeeds(t *testing.T) {
	t.Parallel()
	s, _ := arms(t, scores{seeds: []string{"0", "1", "2"}, means: []float64{0.6, 0.62, 0.67}}, scores{seeds: []string{"0"}, mean: 0.5})
	for i := range s.Stages {
		if s.Stages[i].Axes["arm"] == "y" {
			delete(s.Stages[i].Axes, "seed")
		}
	}
	table, err := s.Table(t.Context(), &s.Reports[0])
	if err != nil {
		t.Fatal(err)
	}
	row := func(arm string) compare.Place {
		return compare.Place{Row: slices.IndexFunc(table.Rows, func(k reports.Key) bool { return k[0] == arm })}
	}
	want := stats.PairedT([]float64{0.1, 0.12, 0.17}, 0.95)
	for name, c := range map[string]struct {
		old, now compare.Place
		lo, hi   float64
	}{
		"arm − baseline": {row("y"), row("x"), want.Lo, want.Hi},
		"baseline − arm": {row("x"), row("y"), -want.Hi, -want.Lo},
	} {
		got, err := compare.Between(t.Context(), s, &s.Reports[0], table, c.old, c.now)
		if err != nil || got == nil || math.Abs(got.Lo-c.lo) > 1e-9 || math.Abs(got.Hi-c.hi) > 1e-9 {
			t.Errorf("%s: %v, %v, want [%v, %v]", name, got, err, c.lo, c.hi)
		}
	}
}

// TestBetweenSharesOfOneStage: two shares that add up to 1 with every seed vary
// together, the other way; as independent samples their interval is too narrow.
func TestBetweenSharesOfOneStage(t *testing.T) {
	t.Parallel()
	store := mem.New()
	shares := []float64{0.42, 0.46, 0.51}
	s := scores{seeds: []string{"0", "1", "2"}, means: shares}.snapshot(t, store, "")
	for i, share := range shares {
		b, err := json.Marshal([]map[string]any{{"metric": "share", "kind": "a", "value": share}, {"metric": "share", "kind": "b", "value": 1 - share}})
		if err != nil {
			t.Fatal(err)
		}
		d, err := cache.PutBytes(t.Context(), store, b)
		if err != nil {
			t.Fatal(err)
		}
		s.Stages[i].Outputs["metrics"] = cache.Artifact{Digest: d}
	}
	s.Reports[0].Rows = []string{"kind"}
	table, err := s.Table(t.Context(), &s.Reports[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := compare.Between(t.Context(), s, &s.Reports[0], table, compare.Place{Row: 1}, compare.Place{Row: 0})
	want := stats.PairedT([]float64{2*0.42 - 1, 2*0.46 - 1, 2*0.51 - 1}, 0.95)
	if err != nil || got == nil || math.Abs(got.Lo-want.Lo) > 1e-9 || math.Abs(got.Hi-want.Hi) > 1e-9 {
		t.Errorf("%v, %v, want [%v, %v]", got, err, want.Lo, want.Hi)
	}
}

// TestOneSeedHasNoIntervalBetween: questions alone say nothing about seeds.
func TestOneSeedHasNoIntervalBetween(t *testing.T) {
	t.Parallel()
	s, table := arms(t, scores{seeds: []string{"0"}, value: model(0.5, 0)}, scores{seeds: []string{"0"}, value: model(0.4, 0)})
	got, err := compare.Between(t.Context(), s, &s.Reports[0], table, compare.Place{}, compare.Place{Row: 1})
	if got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
