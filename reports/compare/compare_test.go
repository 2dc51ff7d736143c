package compare_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/compare"
)

// scores is a workflow with a report over one stage a seed, all made by hand.
type scores struct {
	params    map[string]string
	seeds     []string
	value     func(seed string, question int) float64 // nil for a metric without values per query
	mean      float64                                 // if value is nil
	means     []float64                               // one for each seed, in place of mean
	tolerance map[string]float64
	columns   []string
}

const questions = 200

// snapshot puts the workflow's results into a store.
func (s scores) snapshot(t *testing.T, store *mem.Store, label string) *reports.Snapshot {
	t.Helper()
	put := func(b []byte) cache.Artifact {
		d, err := cache.PutBytes(t.Context(), store, b)
		if err != nil {
			t.Fatal(err)
		}
		return cache.Artifact{Digest: d}
	}
	columns := s.columns
	if columns == nil {
		columns = []string{"metric"}
	}
	r := &runs.Run{Header: runs.Header{Workflow: "w.hcl"}, Reports: []runs.Report{{
		Name: "main", Rows: []string{"sampler"}, Columns: columns, Over: "seed",
		Best: map[string]string{"": "max"}, Digits: 4, Tolerance: s.tolerance,
	}}}
	for i, seed := range s.seeds {
		action := &cache.Action{Kind: "evaluate", Version: "1", Params: map[string]string{"seed": seed}}
		for name, value := range s.params {
			action.Params[name] = value
		}
		stage := runs.Stage{
			Addr: "evaluate.main[seed=" + seed + "]", Axes: map[string]string{"seed": seed}, Kind: "evaluate",
			Key: put(action.Encode()).Digest, State: runs.Hit, Outputs: map[string]cache.Artifact{},
		}
		mean := s.mean
		if s.means != nil {
			mean = s.means[i]
		}
		if s.value != nil {
			var lines bytes.Buffer
			mean = 0
			for q := range questions {
				v := s.value(seed, q)
				mean += v / questions
				fmt.Fprintf(&lines, "{\"query\": \"q%d\", \"question\": \"%d\", \"map\": %v}\n", q, q/2, v)
			}
			stage.Outputs["per_query"] = put(lines.Bytes())
		}
		metrics, err := json.Marshal([]map[string]any{{"sampler": "x", "metric": "map", "value": mean}})
		if err != nil {
			t.Fatal(err)
		}
		stage.Outputs["metrics"] = put(metrics)
		r.Stages = append(r.Stages, stage)
		r.Reports[0].From = append(r.Reports[0].From, runs.Source{Stage: stage.Addr, Port: "metrics"})
	}
	return reports.NewSnapshot(label, r, store)
}

// diff compares two workflows and returns the one cell.
func diff(t *testing.T, old, now scores) (*compare.Diff, compare.Cell) {
	t.Helper()
	store := mem.New()
	d, err := compare.Compare(t.Context(), old.snapshot(t, store, "old"), now.snapshot(t, store, "new"), compare.Options{Samples: 2000})
	if err != nil {
		t.Fatal(err)
	}
	return d, d.Tables[0].Cells[0][0]
}

// model scores questions as a trained model does: each question has a
// difficulty, each seed a share of its own in every question and overall.
func model(quality, perSeed float64) func(string, int) float64 {
	return func(seed string, q int) float64 {
		hash := func(parts ...any) float64 {
			h := cache.Of(fmt.Append(nil, parts...)).Hash
			return rand.New(rand.NewPCG(uint64(h[0])<<8|uint64(h[1]), uint64(h[2]))).NormFloat64()
		}
		return quality + 0.2*hash("question", q) + 0.05*hash(seed, q) + perSeed*hash("seed", seed)
	}
}

// TestSeedsInPlaceOfABaseline: an arm that has seeds now was a baseline without
// any before, such as BM25.
func TestSeedsInPlaceOfABaseline(t *testing.T) {
	t.Parallel()
	store := mem.New()
	three := []string{"0", "1", "2"}
	state := func(arm ...float64) *reports.Snapshot {
		s := scores{seeds: three, mean: 0.9}.snapshot(t, store, "")
		for i, v := range arm {
			metrics, err := cache.PutBytes(t.Context(), store, fmt.Appendf(nil, `[{"sampler": "arm", "metric": "map", "value": %v}]`, v))
			if err != nil {
				t.Fatal(err)
			}
			stage := s.Stages[i]
			stage.Addr += "arm"
			stage.Outputs = map[string]cache.Artifact{"metrics": {Digest: metrics}}
			if len(arm) == 1 {
				stage.Axes = nil
			}
			s.Stages = append(s.Stages, stage)
			s.Reports[0].From = append(s.Reports[0].From, runs.Source{Stage: stage.Addr, Port: "metrics"})
		}
		return reports.NewSnapshot("", s.Run, store)
	}
	for name, c := range map[string]struct {
		now  []float64
		want compare.Verdict
	}{
		"better":    {[]float64{0.6, 0.61, 0.62}, compare.Moved},
		"with luck": {[]float64{0.8, 0.5, 0.5}, compare.Noise},
	} {
		d, err := compare.Compare(t.Context(), state(0.5), state(c.now...), compare.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Tables[0].Cells[1][0]; got.Verdict != c.want || got.Method != "seeds" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	three, others := []string{"0", "1", "2"}, []string{"3", "4", "5"}
	base := scores{seeds: three, value: model(0.5, 0.02)}
	change := func(do func(s *scores)) scores {
		s := base
		do(&s)
		return s
	}
	cases := map[string]struct {
		old, now scores
		verdict  compare.Verdict
		method   string
	}{
		"nothing":             {base, base, compare.Equal, ""},
		"seeds alone":         {base, change(func(s *scores) { s.seeds = others }), compare.Noise, "questions and seeds"},
		"a better model":      {base, change(func(s *scores) { s.value = model(0.8, 0.02) }), compare.Moved, "questions and seeds"},
		"one seed each":       {change(func(s *scores) { s.seeds = []string{"0"} }), change(func(s *scores) { s.seeds = []string{"3"} }), compare.Noise, "one run each"},
		"the same seed":       {change(func(s *scores) { s.seeds = []string{"0"} }), change(func(s *scores) { s.seeds = []string{"0"}; s.value = model(0.6, 0.02) }), compare.Moved, "questions"},
		"constant over seeds": {scores{seeds: three, mean: 0.5}, scores{seeds: three, mean: 0.6}, compare.Moved, "exact"},
		"without questions": {
			scores{seeds: three, means: []float64{0.5, 0.51, 0.52}}, scores{seeds: three, means: []float64{0.6, 0.61, 0.62}}, compare.Moved, "seeds",
		},
		"a number without any": {scores{seeds: []string{"0"}, mean: 3}, scores{seeds: []string{"0"}, mean: 4}, compare.Moved, "exact"},
		"tolerated":            {base, change(func(s *scores) { s.value = model(0.5005, 0.02); s.tolerance = map[string]float64{"map": 0.001} }), compare.Tolerated, ""},
		"not tolerated":        {base, change(func(s *scores) { s.value = model(0.9, 0.02); s.tolerance = map[string]float64{"": 0.001} }), compare.Moved, "questions and seeds"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, cell := diff(t, c.old, c.now)
			if cell.Verdict != c.verdict || cell.Method != c.method {
				t.Errorf("%s by %s, want %s by %s: %+v", cell.Verdict, cell.Method, c.verdict, c.method, cell)
			}
			if d.Beyond() != c.verdict.Beyond() {
				t.Errorf("beyond noise: %v", d.Beyond())
			}
		})
	}
}

// Questions alone would call a change of seeds real: that is why seeds count.
func TestQuestionsAloneWouldBeFooledBySeeds(t *testing.T) {
	t.Parallel()
	fooled := 0
	for i := range 20 {
		seed := func(n int) scores { return scores{seeds: []string{"0"}, value: model(0.5, 0.05)}.as(fmt.Sprint(n)) }
		if _, cell := diff(t, seed(2*i), seed(2*i+1)); cell.Verdict == compare.Moved {
			fooled++
		}
	}
	if fooled < 10 {
		t.Errorf("the test of questions was fooled %d times of 20: this model has no noise of seeds", fooled)
	}
}

// as pretends that another seed is the seed 0.
func (s scores) as(seed string) scores {
	value := s.value
	s.value = func(_ string, q int) float64 { return value(seed, q) }
	return s
}

// Holm's correction multiplies by the number of cells: draws alone could find
// nothing among more than 500.
func TestVeryManyCells(t *testing.T) {
	t.Parallel()
	store := mem.New()
	old, now := scores{seeds: []string{"0"}, value: model(0.2, 0)}, scores{seeds: []string{"0"}, value: model(0.8, 0)}.as("1")
	before, after := old.snapshot(t, store, "old"), now.snapshot(t, store, "new")
	for _, s := range []*reports.Snapshot{before, after} {
		for i := range 600 {
			report := s.Reports[0]
			report.Name = fmt.Sprint(i)
			s.Reports = append(s.Reports, report)
		}
	}
	d, err := compare.Compare(t.Context(), before, after, compare.Options{Samples: 500})
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Count()[compare.Moved]; n != 601 {
		t.Errorf("%d of 601 cells moved", n)
	}
}

func TestOrderOfSeedsIsNothing(t *testing.T) {
	t.Parallel()
	a := scores{seeds: []string{"0", "1"}, value: model(0.5, 0.02)}
	b := scores{seeds: []string{"1", "0"}, value: model(0.5, 0.02)}
	if _, cell := diff(t, a, b); cell.Verdict != compare.Equal {
		t.Errorf("%+v", cell)
	}
}

func TestOneRunAgainstSeveral(t *testing.T) {
	t.Parallel()
	several := scores{seeds: []string{"0", "1", "2", "3"}, value: model(0.5, 0.02)}
	like, unlike := scores{seeds: []string{"7"}, value: model(0.5, 0.02)}, scores{seeds: []string{"7"}, value: model(0.9, 0.02)}
	for _, c := range []struct {
		old, now scores
		want     compare.Verdict
	}{{several, like, compare.Noise}, {like, several, compare.Noise}, {several, unlike, compare.Moved}, {unlike, several, compare.Moved}} {
		_, cell := diff(t, c.old, c.now)
		if cell.Verdict != c.want || cell.Interval == nil {
			t.Errorf("%+v, want %s", cell, c.want)
			continue
		}
		if cell.Diff < cell.Interval.Lo || cell.Diff > cell.Interval.Hi {
			t.Errorf("the difference is out of its interval: %+v", cell)
		}
	}
}

func TestOtherColumns(t *testing.T) {
	t.Parallel()
	base := scores{seeds: []string{"0"}, mean: 1}
	other := base
	other.columns = []string{"metric", "sampler2"}
	store := mem.New()
	if _, err := compare.Compare(t.Context(), base.snapshot(t, store, "old"), other.snapshot(t, store, "new"), compare.Options{}); err == nil || !strings.Contains(err.Error(), `report main: new: report "main": no record has the dimension "sampler2"`) {
		t.Errorf("error %v", err)
	}
}

func TestALostBlobIsSaidSo(t *testing.T) {
	t.Parallel()
	base := scores{seeds: []string{"0"}, mean: 1}
	old := base.snapshot(t, mem.New(), "old")
	old.Blobs = mem.New() // the cache was cleared
	_, err := compare.Compare(context.Background(), old, base.snapshot(t, mem.New(), "new"), compare.Options{})
	if err == nil || !strings.Contains(err.Error(), "report main: old: metrics of evaluate.main[seed=0]") {
		t.Errorf("error %v", err)
	}
}

func TestThePlaceOfTheCauseIsNamed(t *testing.T) {
	t.Parallel()
	base := scores{seeds: []string{"0", "1"}, value: model(0.5, 0.02), params: map[string]string{"temperature": "0.05"}}
	other := base
	other.params, other.value = map[string]string{"temperature": "1"}, model(0.1, 0.02)
	d, _ := diff(t, base, other)
	if len(d.Causes) != 1 {
		t.Fatalf("causes %+v", d.Causes)
	}
	if diff := cmp.Diff([]string{"temperature: 0.05 → 1"}, d.Causes[0].Details); diff != "" {
		t.Error(diff)
	}
	if line, _ := d.Causes[0].Text(); line != "evaluate.main (2 stages): temperature: 0.05 → 1" {
		t.Error(line)
	}
}
