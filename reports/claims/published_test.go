package claims_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/cache/runs"
	"repro/internal/testkit"
	"repro/reports/claims"
)

// The paper's own numbers, judged by what its workflow claims of them: which of
// its sentences they bear out, and which are weak.
func TestTheNumbersOfThePaper(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(testkit.Root(), "paper", "published", "retrieval.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	// Nothing of ours is there yet.
	w.run.Stages = []runs.Stage{{Addr: "evaluate.hybrid"}}
	w.sources = []runs.Source{{Stage: "evaluate.hybrid", Port: "metrics"}}
	published := w.put(b)
	w.run.Reports = []runs.Report{
		{
			Name: "map", From: w.sources, Where: map[string][]string{"metric": {"map"}},
			Rows: []string{"init", "sampler"}, Columns: []string{"dataset", "setting"}, Average: []string{"query_lang", "doc_lang"},
			Over: "seed", Best: map[string]string{"": "max"}, Digits: 4, Published: published, PublishedFile: "retrieval.csv",
		},
		{
			Name: "rank", From: w.sources, Where: map[string][]string{"metric": {"rank-distance"}},
			Rows: []string{"init", "sampler"}, Columns: []string{"dataset"}, Average: []string{"query_lang"},
			Best: map[string]string{"": "min"}, Digits: 1, Published: published, PublishedFile: "retrieval.csv",
		},
	}
	setting := func(value string) map[string][]string { return map[string][]string{"setting": {value}} }
	eleven := 11.0
	compare := func(report, better string, where map[string][]string, than ...string) runs.Check {
		c := comparison(better, than...)
		c.Report, c.Where = report, where
		return c
	}
	for name, c := range map[string]struct {
		check  runs.Check
		want   claims.Verdict
		reason string // what it says of the decisive evidence
		all    int    // pieces of evidence
	}{
		"hybrid is best in the multilingual setting": {compare("map", "hybrid", setting("multilingual"), "x-x-mono", "x-y"),
			claims.NotSignificant, "hybrid − x-y = -0.0006 (p = 0.80) at init=XLM-R, dataset=XQuAD-R, setting=multilingual; points the other way", 8},
		"hybrid beats monolingual batches there": {compare("map", "hybrid", setting("multilingual"), "x-x-mono"),
			claims.Holds, "4 of 4 hold", 4},
		"x-y is better than hybrid with XLM-R": {compare("map", "x-y", map[string][]string{"setting": {"multilingual"}, "init": {"XLM-R"}, "dataset": {"XQuAD-R"}}, "hybrid"),
			claims.NotSignificant, "x-y − hybrid = +0.0006", 1},
		"monolingual batches are best across languages": {compare("map", "x-x-mono", setting("cross-lingual"), "hybrid"),
			claims.Fails, "x-x-mono − hybrid = -0.0", 4},
		"hybrid has less language bias": {compare("rank", "hybrid", nil, "x-x-mono"),
			claims.Holds, "4 of 4 hold", 4},
		"hybrid has less language bias than x-y": {compare("rank", "hybrid", nil, "x-y"),
			claims.NotSignificant, "hybrid − x-y = +0.5", 4},
		"XQuAD-R is in 11 languages": {runs.Check{Kind: runs.Count, Report: "map", Where: map[string][]string{"dataset": {"XQuAD-R"}}, Of: []string{"query_lang"}, AtLeast: &eleven, AtMost: &eleven},
			claims.Holds, "query_lang: 11, claimed 11", 1},
		"of pairs they say nothing": {runs.Check{Kind: runs.Count, Report: "map", Where: setting("cross-lingual"), Of: []string{"query_lang", "doc_lang"}, AtLeast: &eleven},
			claims.NoData, "the published numbers do not tell doc_lang", 1},
		"of BM25 neither": {compare("map", "hybrid", nil, "bm25"),
			claims.NoData, "there is no value for bm25", 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := w.snapshot(runs.Claim{Name: "claim", Checks: []runs.Check{c.check}})
			results, err := claims.Judge(t.Context(), s, claims.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if mine := results[0].Ours; mine.Verdict != claims.NoData || !strings.HasSuffix(mine.Reason, "has no results yet") {
				t.Errorf("ours: %s: %s", mine.Verdict, mine.Reason)
			}
			got := results[0].Published
			if got.Verdict != c.want || !strings.Contains(got.Reason, c.reason) || len(got.Evidence) != c.all {
				t.Errorf("%s: %s (%d pieces)", got.Verdict, got.Reason, len(got.Evidence))
				for _, e := range got.Evidence {
					t.Logf("%s: %s", e.Verdict, e.String())
				}
			}
			tested := slices.ContainsFunc(got.Evidence, func(e claims.Evidence) bool { return e.P != nil })
			if says := slices.ContainsFunc(got.Notes, func(n string) bool { return strings.Contains(n, "not independent") }); says != tested {
				t.Errorf("notes: %q", got.Notes)
			}
		})
	}
}

// Published numbers are rounded: that their differences are alike does not make
// them certain, and two or three of them are too few.
func TestRoundedNumbers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b   []float64 // by language
		want   claims.Verdict
		reason string
	}{
		"two alike":            {[]float64{.5, .6}, []float64{.4, .5}, claims.NotSignificant, "a − b = +0.10 at metric=map; 2 of query_lang are too few to tell it from noise by"},
		"four alike by a unit": {[]float64{.5, .6, .7, .8}, []float64{.4, .5, .6, .7}, claims.NotSignificant, "a − b = +0.10 (p = 0.14)"},
		"four alike by more":   {[]float64{.55, .65, .75, .85}, []float64{.4, .5, .6, .7}, claims.Holds, "a − b = +0.15 (p = 8.1e-05)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.stage("a", map[string]string{"sampler": "a"}, func(int) float64 { return 1 })
			w.run.Reports = []runs.Report{{
				Name: "map", From: w.sources, Rows: []string{"sampler"}, Columns: []string{"metric"}, Average: []string{"query_lang"},
				Best: map[string]string{"": "max"}, Digits: 2,
			}}
			var csv strings.Builder
			csv.WriteString("metric,sampler,query_lang,value\n")
			for i := range c.a {
				fmt.Fprintf(&csv, "map,a,%d,%v\nmap,b,%d,%v\n", i, c.a[i], i, c.b[i])
			}
			results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{
				Checks: []runs.Check{comparison("a", "b")}, Published: w.put([]byte(csv.String())), PublishedFile: "own.csv",
			}), claims.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := results[0].Published; got.Verdict != c.want || !strings.HasPrefix(got.Reason, c.reason) {
				t.Errorf("%s: %s", got.Verdict, got.Reason)
			}
		})
	}
}

// Numbers of a claim's own take the place of the report's, and a table never
// shows them.
func TestAClaimBringsItsOwnPublishedNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stage("a", map[string]string{"sampler": "a"}, nil)
	w.run.Reports = []runs.Report{{
		Name: "map", From: w.sources, Rows: []string{"sampler"}, Columns: []string{"metric"}, Best: map[string]string{"": "max"}, Digits: 2,
	}}
	check := comparison("a", "b")
	check.Unit, check.Test = "query_lang", ""
	s := w.snapshot(runs.Claim{
		Name: "claim", Checks: []runs.Check{check},
		Published: w.put([]byte("metric,sampler,value\nmap,a,0.5\nmap,b,0.4\n")), PublishedFile: "own.csv",
	})
	results, err := claims.Judge(t.Context(), s, claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Published; got.Verdict != claims.NotSignificant || got.Reason != "a − b = +0.10 at metric=map; there is nothing to tell it from noise by" {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
	if got := results[0].Ours; got.Verdict != claims.NoData || got.Reason != "there is no value for b at metric=map" {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}
