package page_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/internal/testkit"
	"repro/reports"
	"repro/reports/claims"
	"repro/reports/compare"
	"repro/reports/page"
)

// write returns the page of a record.
func write(t testing.TB, run *runs.Run, store cache.Store, judged ...claims.Result) string {
	t.Helper()
	s := reports.NewSnapshot("run "+run.ID, run, store)
	var tables []*reports.Table
	for i := range s.Reports {
		table, err := s.Table(t.Context(), &s.Reports[i])
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	p, err := page.New(t.Context(), s, tables, judged)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withClaim returns results with a claim, and what became of that.
func withClaim(t *testing.T) (*runs.Run, cache.Store, []claims.Result) {
	t.Helper()
	run, store := testkit.Results(t)
	run.Claims = []runs.Claim{{Name: "best", Text: "Hybrid is best across languages.", Source: "section 4", Checks: []runs.Check{{
		Kind: runs.Threshold, Report: "map", Where: map[string][]string{"sampler": {"hybrid"}, "setting": {"cross-lingual"}}, AtLeast: new(0.3), Level: 0.05,
	}}}}
	judged, err := claims.Judge(t.Context(), reports.NewSnapshot("", run, store), claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return run, store, judged
}

func TestThePageHasEverything(t *testing.T) {
	t.Parallel()
	run, store, judged := withClaim(t)
	html := write(t, run, store, judged...)
	stage := run.Stages[len(run.Stages)-1]
	for what, want := range map[string]string{
		"the workflow":        "<h1>workflows/study.hcl</h1>",
		"the time":            "2 min 5 s",
		"a value":             ">0.510</a>",
		"a published value":   `<span class="pub">[0.470]</span>`,
		"its seeds":           "seed 0: 0.5, seed 1: 0.52",
		"its stage":           ">" + stage.Addr + "</a>",
		"a digest":            stage.Outputs["metrics"].Digest.String(),
		"a key":               stage.Key.String(),
		"a parameter":         `sampler = <code>&#34;hybrid&#34;</code>`,
		"a log":               "wrote " + stage.Addr,
		"an input":            "train.encoder[sampler=hybrid,seed=1].model</a>",
		"a heat map":          "Heat map, query language by passage language.",
		"loss curves":         "training loss by step.",
		"the graph":           "evaluate.retrieval needs train.encoder.",
		"cache hits":          "<dd>4 ran, 5 cached</dd>",
		"a variable":          "<dt>seeds</dt><dd><code>[0,1]</code>",
		"the commit":          run.Commit,
		"a plugin":            "<dt>codeswitch.py</dt><dd><code>cd34</code>",
		"the machine":         "linux/amd64, 2 CPUs",
		"a claim":             "Hybrid is best across languages. <cite>section 4</cite>",
		"its verdict":         `<span class="verdict good">holds</span>`,
		"claims in the facts": "<dt>Claims</dt><dd>1 holds</dd>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not there: %s", what, want)
		}
	}
	checkLinks(t, html)
}

var (
	anchor = regexp.MustCompile(` id="([^"]*)"`)
	link   = regexp.MustCompile(` href="([^"]*)"`)
)

// checkLinks demands that every link leads to an anchor of the page, and that
// no anchor is there twice.
func checkLinks(t *testing.T, html string) {
	t.Helper()
	anchors := map[string]bool{}
	for _, m := range anchor.FindAllStringSubmatch(html, -1) {
		if anchors[m[1]] {
			t.Errorf("the anchor %s is there twice", m[1])
		}
		anchors[m[1]] = true
	}
	links := link.FindAllStringSubmatch(html, -1)
	if len(links) < 5 {
		t.Errorf("there are only %d links", len(links))
	}
	for _, m := range links {
		if to, local := strings.CutPrefix(m[1], "#"); m[1] != "data:," && (!local || !anchors[to]) {
			t.Errorf("the link %s leads nowhere on the page", m[1])
		}
	}
}

func TestNothingIsTakenForHTML(t *testing.T) {
	t.Parallel()
	const evil = `</style><script>alert(1)</script>"'<img src=http://example.org/x>`
	run, store := testkit.Results(t)
	run.Workflow, run.ID, run.Commit, run.Dirty = evil, evil, evil, evil
	run.Vars, run.Targets = map[string]string{evil: evil}, []string{evil}
	run.Host.OS = evil
	run.Plugins = []runs.Plugin{{Name: evil, Identity: map[string]string{evil: evil}, Files: map[string]string{evil: evil}}}
	r := &run.Reports[0]
	r.Title, r.Caption = evil, evil
	log, err := cache.PutBytes(t.Context(), store, []byte(evil))
	if err != nil {
		t.Fatal(err)
	}
	for i := range run.Stages {
		stage := &run.Stages[i]
		stage.Axes["sampler"] += evil // in the tables, figures and sources
		stage.Reason, stage.Error, stage.Log, stage.State = evil, evil, log, runs.Failed
		stage.Outputs[evil] = cache.Artifact{}
		for j := range stage.Inputs {
			stage.Inputs[j].Path, stage.Inputs[j].Name = evil, evil
		}
	}
	bad := claims.Judgement{Verdict: claims.Fails, Reason: evil, Notes: []string{evil}, Evidence: []claims.Evidence{{Report: evil, Kind: runs.Threshold, Subject: evil, Note: evil, Value: new(0.1), AtLeast: new(0.2)}}}
	html := write(t, run, store, claims.Result{Claim: runs.Claim{Name: "x", Text: evil, Source: evil}, Ours: bad, Published: bad})
	if n := strings.Count(html, "alert(1)"); n < 40 {
		t.Errorf("only %d places show the text", n)
	}
	for _, never := range []string{"<script", "<img", "</style><"} {
		if strings.Contains(html, never) {
			t.Errorf("%s is on the page", never)
		}
	}
}

// TestTenThousandStages demands that the page of a large run can be opened: not
// all of its stages are shown in full.
func TestTenThousandStages(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	for i := range 10_000 {
		stage := run.Stages[1]
		stage.Addr = fmt.Sprintf("exec.sweep[lr=%d]", i)
		run.Stages = append(run.Stages, stage)
	}
	html := write(t, run, store)
	if len(html) > 4<<20 {
		t.Errorf("the page has %d bytes", len(html))
	}
	if !strings.Contains(html, "400 of 10009 stages are shown in full") {
		t.Error("it does not say that stages are cut")
	}
	checkLinks(t, html)
}

func TestWhatTheCacheLostIsSaid(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	for i := range run.Stages {
		run.Stages[i].Key, run.Stages[i].Log = cache.Of([]byte("gone")), cache.Of([]byte("gone too"))
		if run.Stages[i].Kind == "train" {
			run.Stages[i].Outputs["curve"] = cache.Artifact{Digest: cache.Of([]byte("also gone"))}
		}
	}
	html := write(t, run, store)
	for _, want := range []string{"The parameters of this stage cannot be read", "The log of this stage cannot be read"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is not there", want)
		}
	}
	if strings.Contains(html, "Loss curves") {
		t.Error("there are loss curves without their files")
	}
}

func TestNoResultsYet(t *testing.T) {
	t.Parallel()
	p, err := page.New(t.Context(), reports.NewSnapshot("working tree", &runs.Run{Reports: []runs.Report{{Name: "map"}}}, mem.New()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.Write(&b); err != nil || !strings.Contains(b.String(), "No results yet for map.") {
		t.Errorf("%v: %s", err, b.String())
	}
}

// writeDiff returns the page of what moves when one seed's evaluation is gone
// and another one's values differ.
func writeDiff(t testing.TB) string {
	t.Helper()
	before, store := testkit.Results(t)
	after, _ := testkit.Results(t)
	after.Vars = map[string]string{"scale": `"paper"`}
	after.Commit = strings.Repeat("d", 40)
	hybrid := cache.Artifact{}
	for i := range after.Stages {
		if stage := &after.Stages[i]; stage.Addr == "evaluate.retrieval[sampler=hybrid,seed=0]" {
			hybrid = stage.Outputs["metrics"]
		}
	}
	for i := range after.Stages {
		switch stage := &after.Stages[i]; stage.Addr {
		case "evaluate.retrieval[sampler=none]":
			stage.Outputs = nil
		case "evaluate.retrieval[sampler=mono,seed=0]", "evaluate.retrieval[sampler=mono,seed=1]":
			stage.Outputs["metrics"] = hybrid
		}
	}
	d, err := compare.Compare(t.Context(), reports.NewSnapshot("main (c0ffee)", before, store), reports.NewSnapshot("<working tree>", after, store), compare.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := page.WriteDiff(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheDiffHasBothSides(t *testing.T) {
	t.Parallel()
	html := writeDiff(t)
	for what, want := range map[string]string{
		"both labels":       "main (c0ffee) → &lt;working tree&gt;",
		"the variable":      `scale: &#34;small&#34; → &#34;paper&#34;`,
		"a cell that moved": `<td class="beyond better">0.500<span class="change">`,
		"one that vanished": `<span class="change">was 0.100</span>`,
		"the list of moves": "Every cell that differs",
		"the differences":   `<title>mono · cross-lingual: +0.2900 ±0.1271`,
		"the cause":         "the same action gave another result",
		"a commit":          strings.Repeat("d", 40),
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is not there: %s", what, want)
		}
	}
	checkLinks(t, html)
}

// TestEachOutputOfAStageHasItsDigest: one report may read several outputs of a
// stage.
func TestEachOutputOfAStageHasItsDigest(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	more, err := cache.PutBytes(t.Context(), store, []byte(`[{"setting":"mixed","query_lang":"de","doc_lang":"de","metric":"map","value":0.75}]`))
	if err != nil {
		t.Fatal(err)
	}
	stage := &run.Stages[0]
	stage.Outputs["mixed"] = cache.Artifact{Digest: more}
	run.Reports[0].From = append(run.Reports[0].From, runs.Source{Stage: stage.Addr, Port: "mixed"})
	html := write(t, run, store)
	for _, port := range []string{"metrics", "mixed"} {
		want := fmt.Sprintf(`%s</a> %s <code class="digest">%s</code>`, stage.Addr, port, stage.Outputs[port].Digest)
		if !strings.Contains(html, want) {
			t.Errorf("%s is not there", want)
		}
	}
}

// TestAnArmLooksTheSameInAllFigures: and no two arms look alike, though there
// are more of them than colours.
func TestAnArmLooksTheSameInAllFigures(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	for i := range 20 {
		stage := *reports.NewSnapshot("", run, store).Stage("evaluate.retrieval[sampler=hybrid,seed=0]")
		stage.Addr = fmt.Sprintf("evaluate.more[n=%d]", i)
		stage.Axes = map[string]string{"sampler": fmt.Sprintf("more %d", i), "seed": "0"}
		run.Stages = append(run.Stages, stage)
		run.Reports[0].From = append(run.Reports[0].From, runs.Source{Stage: stage.Addr, Port: "metrics"})
	}
	html := write(t, run, store)
	looks, arms := map[string]string{}, map[string]string{}
	legends := regexp.MustCompile(`<li class="(c\d[^"]*)"><i></i>([^<]*)`).FindAllStringSubmatch(html, -1)
	for _, m := range legends {
		look, arm := m[1], m[2]
		if looks[arm] != "" && looks[arm] != look || arms[look] != "" && arms[look] != arm {
			t.Errorf("%s is %s, which is of %q", arm, look, arms[look])
		}
		looks[arm], arms[look] = look, arm
	}
	if len(looks) != 12 || len(legends) < len(looks)+2 {
		t.Errorf("%d arms in %d lines of legends", len(looks), len(legends))
	}
	if bar := fmt.Sprintf(`<title>hybrid: 51.5 ±6.4</title><rect class="b %s"`, looks["hybrid"]); !strings.Contains(html, bar) {
		t.Errorf("among the rank distances there is no %s", bar)
	}
}

func TestClaimsOnBothSides(t *testing.T) {
	t.Parallel()
	run, store, judged := withClaim(t)
	compared := claims.Evidence{
		Report: "map", Kind: runs.Compare, Verdict: claims.Fails, Subject: "x-1", Against: "y", Digits: 2, Place: "layer=-1",
		Value: new(.2), Other: new(.5), Difference: new(-.3), Lo: new(-.4), Hi: new(.1),
	}
	none := claims.Judgement{Verdict: claims.NoData, Reason: "there are no published numbers"}
	judged[0].Ours = claims.Judgement{Verdict: claims.Fails, Reason: "x-1 − y = -0.30", Evidence: []claims.Evidence{compared}}
	judged[0].Published = none
	only := claims.Result{Claim: runs.Claim{Name: "theirs"}, Ours: none, Published: judged[0].Ours}
	html := write(t, run, store, append(judged, only)...)
	for want, n := range map[string]int{
		`<dt>published</dt><dd><span class="verdict m">—</span> there are no published numbers`: 1,
		`x-1 − y = −0.30`: 2,
		`fails: x-1 0.20, y 0.50: −0.30 [−0.40, &#43;0.10] at layer=-1 (<a href="#r-map">table</a>)</span>`: 1,
		`at layer=-1</span>`: 1,
	} {
		if got := strings.Count(html, want); got != n {
			t.Errorf("%s is there %d times", want, got)
		}
	}
}
