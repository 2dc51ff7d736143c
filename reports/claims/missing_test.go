package claims_test

import (
	"slices"
	"strings"
	"testing"

	"repro/cache/runs"
	"repro/reports/claims"
)

// Three languages and two samplers, of which 4 of 6 have not been made: the
// mean of what there is says nothing of the mean over all.
func TestIncompleteMeans(t *testing.T) {
	t.Parallel()
	of := func(made ...string) *world {
		w := newWorld(t)
		for _, lang := range []string{"en", "de", "th"} {
			for sampler, value := range map[string]float64{"x": 0.9, "y": 0.5} {
				name := lang + "-" + sampler
				axes := map[string]string{"lang": lang, "sampler": sampler}
				if slices.Contains(made, name) {
					w.stage(name, axes, func(q int) float64 { return value + float64(q%3)/100 })
					continue
				}
				w.run.Stages = append(w.run.Stages, runs.Stage{Addr: "evaluate." + name, Axes: axes})
				w.sources = append(w.sources, runs.Source{Stage: "evaluate." + name, Port: "metrics"})
			}
		}
		r := w.report()
		r.Average, r.Over = []string{"lang", "query_lang"}, ""
		w.run.Reports = []runs.Report{r}
		return w
	}
	zero, two := 0.0, 2.0
	all := []string{"en-x", "en-y", "de-x", "de-y", "th-x", "th-y"}
	bounded := runs.Check{Kind: runs.Threshold, Report: "map", AtLeast: &zero}
	counted := runs.Check{Kind: runs.Count, Report: "map", Of: []string{"sampler"}, AtLeast: &two}
	unfinished := of("en-x", "en-y")
	gone := of(all...) // a run of some stages does not have the others on record
	gone.run.Stages = slices.DeleteFunc(gone.run.Stages, func(s runs.Stage) bool { return s.Axes["lang"] == "th" })
	uneven := of(all...)
	uneven.run.Reports[0].From = slices.DeleteFunc(uneven.sources, func(s runs.Source) bool { return s.Stage == "evaluate.th-y" })
	for name, c := range map[string]struct {
		world   *world
		check   runs.Check
		want    claims.Verdict
		reason  string
		missing int
	}{
		"complete":             {of(all...), comparison("x", "y"), claims.Holds, "x − y = +0.400", 0},
		"4 of 6 missing":       {unfinished, comparison("x", "y"), claims.NoData, "4 of 6 results are missing, such as evaluate.de-", 4},
		"of one language":      {unfinished, with(comparison("x", "y"), func(c *runs.Check) { c.Where = map[string][]string{"lang": {"en"}} }), claims.Holds, "x − y", 0},
		"of one side":          {of(all[1:]...), comparison("x", "y"), claims.NoData, "1 of 6 results are missing, such as evaluate.en-x", 1},
		"bounds":               {unfinished, bounded, claims.NoData, "2 of 3 results are missing", 2},
		"count":                {unfinished, counted, claims.NoData, "4 of 6 results are missing", 4},
		"stages not on record": {gone, comparison("x", "y"), claims.NoData, "2 of 6 results are missing, such as evaluate.th-", 2},
		"uneven":               {uneven, comparison("x", "y"), claims.NoData, "they are means over different numbers of results: 6 of x, 4 of y", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := claims.Judge(t.Context(), c.world.snapshot(runs.Claim{Checks: []runs.Check{c.check}}), claims.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := results[0].Ours
			if got.Verdict != c.want || !strings.Contains(got.Reason, c.reason) || got.Evidence[0].Missing != c.missing {
				t.Errorf("%s: %s (%d missing)", got.Verdict, got.Reason, got.Evidence[0].Missing)
			}
		})
	}
}

// A place that will only be there once a stage has run keeps a claim about all
// places from holding, and so does a seed that one side lacks.
func TestPlacesAndSeedsToCome(t *testing.T) {
	t.Parallel()
	for name, axes := range map[string]map[string]string{
		"place": {"sampler": "good", "init": "LaBSE", "seed": "0"},
		"seed":  {"sampler": "good", "init": "XLM-R", "seed": "9"},
		"none":  {"sampler": "other", "init": "LaBSE", "seed": "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := samplers(t)
			for i := range w.run.Stages {
				w.run.Stages[i].Axes["init"] = "XLM-R"
			}
			w.run.Stages = append(w.run.Stages, runs.Stage{Addr: "evaluate.new", Axes: axes})
			w.sources = append(w.sources, runs.Source{Stage: "evaluate.new", Port: "metrics"})
			r := w.report()
			r.Rows, r.Average = []string{"init", "query_lang", "sampler"}, nil // the stage does not tell the language
			w.run.Reports = []runs.Report{r}
			results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{comparison("good", "base")}}), claims.Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := map[bool]claims.Verdict{true: claims.Holds, false: claims.NoData}[name == "none"]
			if got := results[0].Ours; got.Verdict != want || (want == claims.NoData && !strings.Contains(got.Reason, "results are missing, such as evaluate.new")) {
				t.Errorf("%s: %s", got.Verdict, got.Reason)
			}
		})
	}
}

func TestASeedThatOneSideLacks(t *testing.T) {
	t.Parallel()
	w := samplers(t)
	w.run.Reports[0].From = slices.DeleteFunc(w.sources, func(s runs.Source) bool { return s.Stage == "evaluate.good-1" })
	results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{comparison("good", "base")}}), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Ours; got.Verdict != claims.NoData || got.Reason != "good lacks values of seed: it has 2 at metric=map" {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}
