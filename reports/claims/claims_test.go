package claims_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/claims"
)

// world is results that tests make up.
type world struct {
	t       *testing.T
	store   *mem.Store
	run     *runs.Run
	sources []runs.Source

	questions int // of each language
}

func newWorld(t *testing.T) *world {
	return &world{t: t, store: mem.New(), run: runs.New(), questions: 60}
}

func (w *world) put(b []byte) cache.Digest {
	w.t.Helper()
	d, err := cache.PutBytes(w.t.Context(), w.store, b)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) file(v any) cache.Artifact {
	w.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	return cache.Artifact{Digest: w.put(b)}
}

// stage adds a stage whose queries have the values that value returns for each
// question, in two languages; nil for none, with one metric without queries.
func (w *world) stage(name string, axes map[string]string, value func(question int) float64) {
	w.t.Helper()
	s := runs.Stage{Addr: "evaluate." + name, Axes: axes, Outputs: map[string]cache.Artifact{}}
	record := map[string]any{"metric": "map", "value": 0.5}
	records := []any{record}
	if value != nil {
		records = nil
		var lines strings.Builder
		for _, lang := range []string{"de", "en"} {
			sum := 0.0
			for q := range w.questions {
				v := value(q)
				sum += v
				fmt.Fprintf(&lines, `{"query":"%s:%d","question":"%d","query_lang":%q,"map":%v}`+"\n", lang, q, q, lang, v)
			}
			records = append(records, map[string]any{"metric": "map", "query_lang": lang, "value": sum / float64(w.questions)})
		}
		s.Outputs["per_query"] = cache.Artifact{Digest: w.put([]byte(lines.String()))}
	}
	s.Outputs["metrics"] = w.file(records)
	w.run.Stages = append(w.run.Stages, s)
	w.sources = append(w.sources, runs.Source{Stage: s.Addr, Port: "metrics"})
}

func (w *world) snapshot(all ...runs.Claim) *reports.Snapshot {
	run := *w.run
	run.Claims = all
	return reports.NewSnapshot("test", &run, w.store)
}

// report is the table of a world: samplers, over seeds.
func (w *world) report() runs.Report {
	return runs.Report{
		Name: "map", From: w.sources, Rows: []string{"sampler"}, Columns: []string{"metric"},
		Average: []string{"query_lang"}, Over: "seed", Best: map[string]string{"": "max"}, Digits: 3,
	}
}

func comparison(better string, than ...string) runs.Check {
	return runs.Check{
		Kind: runs.Compare, At: "main.hcl:1", Report: "map", Dim: "sampler", Better: better, Than: than,
		Test: "randomisation", Unit: "question", Correction: "holm", Level: 0.05,
	}
}

// samplers makes a world of four samplers and three seeds: good is better than
// base on most questions with every seed, same is as good, and lucky is better
// on most questions, but with one of the seeds only.
func samplers(t *testing.T) *world {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	difficulty := make([]float64, 60)
	for i := range difficulty {
		difficulty[i] = rng.Float64()
	}
	for seed := range 3 {
		for _, sampler := range []string{"base", "good", "same", "lucky"} {
			gain := map[string]float64{"good": 0.1, "lucky": []float64{0, 0, 0.4}[seed]}[sampler]
			w.stage(fmt.Sprintf("%s-%d", sampler, seed), map[string]string{"sampler": sampler, "seed": fmt.Sprint(seed)}, func(q int) float64 {
				return difficulty[q] + gain + 0.1*rng.NormFloat64()
			})
		}
	}
	w.run.Reports = []runs.Report{w.report()}
	return w
}

func with(c runs.Check, change func(*runs.Check)) runs.Check {
	change(&c)
	return c
}

func TestVerdictsOnOurs(t *testing.T) {
	t.Parallel()
	w := samplers(t)
	half, ten := 0.5, 10.0
	four := 4.0
	for name, c := range map[string]struct {
		check  runs.Check
		want   claims.Verdict
		reason string
	}{
		"better":                      {comparison("good", "base"), claims.Holds, "good − base = +0."},
		"better by the bootstrap":     {with(comparison("good", "base"), func(c *runs.Check) { c.Test = "bootstrap" }), claims.Holds, "good − base = +0."},
		"worse":                       {comparison("base", "good"), claims.Fails, "base − good = -0."},
		"as good":                     {comparison("same", "base"), claims.NotSignificant, "same − base"},
		"one of two":                  {comparison("good", "same", "lucky"), claims.NotSignificant, "1 of 2 holds; good − lucky"},
		"with one seed only":          {comparison("lucky", "base"), claims.NotSignificant, "lucky − base = +0.1"},
		"by less than claimed":        {with(comparison("good", "base"), func(c *runs.Check) { c.By = 0.2 }), claims.Fails, "at metric=map; has to be 0.2 better"},
		"by more than claimed":        {with(comparison("good", "base"), func(c *runs.Check) { c.By = 0.02 }), claims.Holds, "good − base"},
		"not worse":                   {with(comparison("same", "base"), func(c *runs.Check) { c.NotWorse = true }), claims.Holds, "same − base"},
		"worse after all":             {with(comparison("base", "good"), func(c *runs.Check) { c.NotWorse = true }), claims.Fails, "base − good"},
		"worse by less than the room": {with(comparison("base", "good"), func(c *runs.Check) { c.NotWorse, c.By = true, 0.3 }), claims.Holds, "at metric=map; may be 0.3 worse"},
		"misspelt":                    {comparison("god", "base"), claims.NoData, "there is no value for god; did you mean \"good\"?"},
		"misspelt rival":              {comparison("good", "bas"), claims.NoData, "there is no value for bas; did you mean \"base\"?"},
		"all misspelt":                {comparison("god", "bas"), claims.NoData, "no cell has sampler = god; did you mean \"good\"?"},
		"a misspelt filter":           {with(comparison("good", "base"), func(c *runs.Check) { c.Where = map[string][]string{"query_lang": {"en", "dee"}} }), claims.NoData, "1 of 2 holds; there is no value with query_lang = dee; did you mean \"de\"?"},
		"not there":                   {comparison("good", "best"), claims.NoData, "there is no value for best"},
		"neither":                     {comparison("better", "best"), claims.NoData, "no cell has sampler = better"},
		"a filter that admits none":   {with(comparison("good", "base"), func(c *runs.Check) { c.Where = map[string][]string{"metric": {"mrr"}} }), claims.NoData, "there is no value with metric = mrr"},
		"of one language":             {with(comparison("good", "base"), func(c *runs.Check) { c.Where = map[string][]string{"query_lang": {"en"}} }), claims.Holds, "at metric=map, query_lang=en"},
		"over languages":              {with(comparison("good", "base"), func(c *runs.Check) { c.Unit, c.Test = "query_lang", "" }), claims.Holds, "(p = 0.028)"},

		"rising":         {trend("rising", "base", "good"), claims.Holds, "good − base"},
		"falling":        {trend("falling", "base", "good"), claims.Fails, "good − base"},
		"rising, twice":  {trend("rising", "base", "same", "good"), claims.NotSignificant, "1 of 2 holds; same − base"},
		"above":          {runs.Check{Kind: runs.Threshold, Report: "map", AtLeast: new(float64)}, claims.Holds, "map: 0."},
		"at most":        {runs.Check{Kind: runs.Threshold, Report: "map", AtMost: new(float64)}, claims.Fails, "claimed at most 0"},
		"within the ±":   {runs.Check{Kind: runs.Threshold, Report: "map", AtLeast: &half, AtMost: &ten, Where: map[string][]string{"sampler": {"lucky"}}}, claims.NotSignificant, "claimed 0.5 to 10"},
		"four samplers":  {runs.Check{Kind: runs.Count, Report: "map", Of: []string{"sampler"}, AtLeast: &four, AtMost: &four}, claims.Holds, "sampler: 4, claimed 4"},
		"ten samplers":   {runs.Check{Kind: runs.Count, Report: "map", Of: []string{"sampler"}, AtLeast: &ten}, claims.Fails, "sampler: 4, claimed at least 10"},
		"eight together": {runs.Check{Kind: runs.Count, Report: "map", Of: []string{"sampler", "query_lang"}, AtMost: &four}, claims.Fails, "sampler × query_lang: 8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{c.check}}), claims.Options{Samples: 2000})
			if err != nil {
				t.Fatal(err)
			}
			got := results[0].Ours
			if got.Verdict != c.want || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%s: %s", got.Verdict, got.Reason)
			}
			if warns := len(got.Notes) > 0 && strings.Contains(got.Notes[len(got.Notes)-1], "as good"); warns != (c.check.NotWorse && c.want == claims.Holds) {
				t.Errorf("notes: %q", got.Notes)
			}
			if results[0].Published.Verdict != claims.NoData {
				t.Errorf("published: %v", results[0].Published)
			}
		})
	}
}

func trend(direction string, order ...string) runs.Check {
	c := comparison("")
	c.Kind, c.Dim, c.Along, c.Order, c.Direction = runs.Trend, "", "sampler", order, direction
	return c
}

// The evidence has all that a reader needs to check it, and is the same every
// time.
func TestEvidence(t *testing.T) {
	t.Parallel()
	w := samplers(t)
	claim := runs.Claim{Checks: []runs.Check{comparison("good", "base", "same"), with(comparison("same", "base"), func(c *runs.Check) { c.Correction = "none" })}}
	var first []claims.Result
	for range 2 {
		results, err := claims.Judge(t.Context(), w.snapshot(claim), claims.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if first != nil {
			if diff := cmp.Diff(first, results); diff != "" {
				t.Errorf("a second time:\n%s", diff)
			}
		}
		first = results
	}
	e := first[0].Ours.Evidence
	if got := e[0]; got.Units != 60 || got.Seeds != [2]int{3, 3} || got.Test != "randomisation over questions and Welch's t over seeds" ||
		got.Place != "metric=map" || got.At != "main.hcl:1" || !(*got.Lo < *got.Difference && *got.Difference < *got.Hi && *got.Lo > 0) {
		t.Errorf("%+v", got)
	}
	smaller, larger := &e[0], &e[1]
	if *smaller.P > *larger.P {
		smaller, larger = larger, smaller
	}
	if *smaller.Adjusted != min(1, 2**smaller.P) || *larger.Adjusted != max(*larger.P, *smaller.Adjusted) || *e[2].Adjusted != *e[2].P {
		t.Errorf("Holm over two of three: %v %v %v", e[0].String(), e[1].String(), e[2].String())
	}
}

// With one seed only questions speak, and the evidence says what that leaves out.
func TestOneSeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for sampler, value := range map[string]float64{"a": 0.5, "b": 0.4} {
		w.stage(sampler, map[string]string{"sampler": sampler, "seed": "0"}, func(q int) float64 { return value + float64(q%3)/10 })
	}
	w.run.Reports = []runs.Report{w.report()}
	results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{comparison("a", "b")}}), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Ours; got.Verdict != claims.Holds || !strings.HasSuffix(got.Reason, "one seed says nothing about others") {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}

// Seeds that gave the same leave their noise unknown: that is no p of 0.
func TestSeedsThatDoNotVary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for sampler, value := range map[string]float64{"a": 0.5, "b": 0.25} {
		for _, seed := range []string{"0", "1"} {
			w.stage(sampler+seed, map[string]string{"sampler": sampler, "seed": seed}, func(int) float64 { return value })
			delete(w.run.Stages[len(w.run.Stages)-1].Outputs, "per_query")
		}
	}
	w.run.Reports = []runs.Report{w.report()}
	results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{comparison("a", "b")}}), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Ours; got.Verdict != claims.NotSignificant || !strings.Contains(got.Reason, "it does not vary over seed, which says nothing about others") {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}

// A stage that failed is no reason for a claim to hold on the others alone.
func TestMissingStages(t *testing.T) {
	t.Parallel()
	w := samplers(t)
	for _, sampler := range []string{"base", "good"} {
		axes := map[string]string{"sampler": sampler, "seed": "0", "init": "LaBSE"}
		w.run.Stages = append(w.run.Stages, runs.Stage{Addr: "evaluate.LaBSE-" + sampler, Axes: axes})
		w.sources = append(w.sources, runs.Source{Stage: "evaluate.LaBSE-" + sampler, Port: "metrics"})
	}
	for i := range w.run.Stages {
		axes := maps.Clone(w.run.Stages[i].Axes)
		if axes["init"] == "" {
			axes["init"] = "XLM-R"
		}
		w.run.Stages[i].Axes = axes
	}
	r := w.report()
	r.Rows = []string{"init", "sampler"}
	w.run.Reports = []runs.Report{r}
	results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{comparison("good", "base")}}), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := results[0].Ours
	if got.Verdict != claims.NoData || !strings.HasPrefix(got.Reason, "1 of 2 holds; there is no value for good; there is no value for base at init=LaBSE") {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}

// The correction multiplies p-values by the number of comparisons: the draws
// have to be so many that clear ones stay clear.
func TestManyComparisons(t *testing.T) {
	t.Parallel()
	const rivals = 600
	w := newWorld(t)
	w.questions = 4
	names := make([]string, rivals)
	w.stage("best", map[string]string{"sampler": "best"}, func(q int) float64 { return 0.9 + float64(q)/1000 })
	for i := range names {
		names[i] = fmt.Sprintf("s%d", i)
		w.stage(names[i], map[string]string{"sampler": names[i]}, func(q int) float64 { return 0.5 + float64(q*q)/1000 })
	}
	r := w.report()
	r.Over = ""
	w.run.Reports = []runs.Report{r}
	check := with(comparison("best", names...), func(c *runs.Check) { c.Test = "bootstrap" })
	results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{check}}), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Ours; got.Verdict != claims.Holds || len(got.Evidence) != rivals {
		t.Errorf("%s: %s (%d comparisons)", got.Verdict, got.Reason, len(got.Evidence))
	}
}

// A p-value that is the level is not below it, as in diff: five questions that
// all point one way give 2/2⁵.
func TestTheLevelItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.questions = 5
	w.stage("a", map[string]string{"sampler": "a"}, func(q int) float64 { return 0.5 + float64(q)/100 })
	w.stage("b", map[string]string{"sampler": "b"}, func(int) float64 { return 0.4 })
	r := w.report()
	r.Over = ""
	w.run.Reports = []runs.Report{r}
	for level, want := range map[float64]claims.Verdict{2. / 32: claims.NotSignificant, 2.1 / 32: claims.Holds} {
		check := with(comparison("a", "b"), func(c *runs.Check) { c.Level = level })
		results, err := claims.Judge(t.Context(), w.snapshot(runs.Claim{Checks: []runs.Check{check}}), claims.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := results[0].Ours; got.Verdict != want {
			t.Errorf("level %v: %s: %s", level, got.Verdict, got.Reason)
		}
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	w := samplers(t)
	silent := w.report()
	silent.Name, silent.Best = "silent", map[string]string{"mrr": "max"}
	w.run.Reports = append(w.run.Reports, silent)
	bad := []runs.Claim{
		{Name: "a", Checks: []runs.Check{with(comparison("good", "base"), func(c *runs.Check) { c.Where = map[string][]string{"seting": {"x"}} })}},
		{Name: "b", Checks: []runs.Check{with(comparison("good", "base"), func(c *runs.Check) { c.Report = "silent" })}},
		{Name: "c", Checks: []runs.Check{with(comparison("good", "base"), func(c *runs.Check) { c.Report = "gone" })}},
		{Name: "d", Checks: []runs.Check{comparison("good", "base")}},
	}
	results, err := claims.Judge(t.Context(), w.snapshot(bad...), claims.Options{Samples: 100})
	want := []string{
		`main.hcl:1: claim "a": no record of report "map" has the dimension "seting": the dimensions are metric, query_lang, sampler, seed`,
		`main.hcl:1: claim "b": report "silent" does not say which values of map are better: give it best = { "map" = "max" } or "min"`,
		`main.hcl:1: claim "c": there is no report "gone"`,
	}
	if err == nil || !slices.Equal(strings.Split(err.Error(), "\n"), want) {
		t.Errorf("%v", err)
	}
	if len(results) != 1 || results[0].Claim.Name != "d" {
		t.Errorf("the claim that can be judged is not: %v", results)
	}
}
