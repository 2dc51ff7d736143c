package lang_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"repro/cache/runs"
	"repro/engine"
	"repro/engine/lang"
	"repro/internal/testkit"
)

func load(t *testing.T, src string, o lang.Options) (*lang.Workflow, hcl.Diagnostics) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.hcl")
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Kinds, o.Version = kinds(), "0.1.0"
	return lang.Load(file, o)
}

func mustLoad(t *testing.T, src string, o lang.Options) *lang.Workflow {
	t.Helper()
	w, diags := load(t, src, o)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return w
}

// describe prints a stage the way the tests compare it.
func describe(s *lang.Stage) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", s.Addr, lang.ParamsJSON(s.Params))
	for _, in := range s.Inputs {
		from := in.Path
		if in.From != nil {
			from = in.From.Addr.String() + "." + in.Out
		}
		fmt.Fprintf(&b, " %s/%s=%s", in.Port, in.Name, from)
	}
	return b.String()
}

func describeAll(w *lang.Workflow) []string {
	var all []string
	for _, s := range w.Stages {
		all = append(all, describe(s))
	}
	return all
}

func TestReferencesOrderTheBlocks(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
stage "train" "encoder" { batches = stage.sample.batches.batches }
stage "sample" "batches" {
  input   = local.inputs
  sampler = "x-y"
}
locals { inputs = [stage.collect.texts.file] }
stage "collect" "texts" { source = "data/texts.jsonl" }
`, lang.Options{})
	want := []string{
		`collect.texts {"url":null} source/=data/texts.jsonl`,
		`sample.batches {"batch_size":100,"extra":{"a":[1]},"langs":[],"sampler":"x-y"} input/0=collect.texts.file`,
		`train.encoder {"seed":0} batches/=sample.batches.batches`,
	}
	if diff := cmp.Diff(want, describeAll(w)); diff != "" {
		t.Error(diff)
	}
}

func TestMatrixMakesInstancesInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
variable "seeds" { default = [0, 1] }
stage "sample" "batches" {
  matrix  = { sampler = ["x-y", "hybrid"], seed = var.seeds }
  input   = ["a.jsonl"]
  sampler = each.sampler
}
stage "train" "encoder" {
  matrix  = { sampler = ["hybrid", "x-y"], seed = var.seeds }
  batches = stage.sample.batches[{ seed = each.seed, sampler = each.sampler }].batches
  seed    = each.seed
}
`, lang.Options{Vars: map[string]string{"seeds": "[7]"}})
	want := []string{
		`sample.batches[sampler=x-y,seed=7] {"batch_size":100,"extra":{"a":[1]},"langs":[],"sampler":"x-y"} input/0=a.jsonl`,
		`sample.batches[sampler=hybrid,seed=7] {"batch_size":100,"extra":{"a":[1]},"langs":[],"sampler":"hybrid"} input/0=a.jsonl`,
		`train.encoder[sampler=hybrid,seed=7] {"seed":7} batches/=sample.batches[sampler=hybrid,seed=7].batches`,
		`train.encoder[sampler=x-y,seed=7] {"seed":7} batches/=sample.batches[sampler=x-y,seed=7].batches`,
	}
	if diff := cmp.Diff(want, describeAll(w)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"seeds": "[7]"}, w.Vars); diff != "" {
		t.Error(diff)
	}
}

func TestInstancesCanBeReferredToInEveryWay(t *testing.T) {
	t.Parallel()
	const collect = `
stage "collect" "xquad" {
  matrix = { lang = ["de", "el", "en"] }
  url    = each.lang
}
stage "collect" "none" { matrix = { lang = [] } }
stage "collect" "grid" { matrix = { lang = ["de", "en"], part = [1, 2] } }
`
	for expr, want := range map[string]string{
		`stage.collect.xquad[*].file`:                                                       "de el en",
		`stage.collect.xquad["el"].file`:                                                    "el",
		`stage.collect.xquad[local.lang].file`:                                              "en",
		`stage.collect.xquad[{ lang = "de" }].file`:                                         "de",
		`[for x in stage.collect.xquad : x.file if x.each.lang != "el"]`:                    "de en",
		`stage.collect.none[*].file`:                                                        "",
		`concat(stage.collect.none[*].file, [stage.collect.xquad["en"].file])`:              "en",
		`[for l in ["en", "de"] : stage.collect.xquad[l].file]`:                             "en de",
		`stage.collect.grid[{ lang = "en", part = 2 }].file`:                                "en,2",
		`[for x in stage.collect.grid : x.file if x.each.part == 1]`:                        "de,1 en,1",
		`{ a = stage.collect.xquad, b = stage.collect.none }["a"][*].file`:                  "de el en",
		`[for x in concat(stage.collect.xquad, stage.collect.grid) : x.file][3]`:            "de,1",
		`var.small ? stage.collect.xquad[*].file : stage.collect.none[*].file`:              "de el en",
		`[for s in [stage.collect.none, stage.collect.xquad] : s[0].file if length(s) > 0]`: "de",
		`var.small ? stage.collect.xquad["de"].file : stage.collect.none["de"].file`:        "de",
	} {
		t.Run(expr, func(t *testing.T) {
			t.Parallel()
			w := mustLoad(t, collect+`
variable "small" { default = true }
locals { lang = "en" }
stage "sample" "all" {
  sampler = "x-y"
  input   = `+expr+`
}
`, lang.Options{})
			var got []string
			for _, in := range w.Stages[len(w.Stages)-1].Inputs {
				var each []string
				for _, axis := range in.From.Addr.Each {
					each = append(each, axis.Value)
				}
				got = append(got, strings.Join(each, ","))
			}
			if text := strings.Join(got, " "); text != want {
				t.Errorf("got %q, want %q", text, want)
			}
		})
	}
}

func TestVariablesComeFromDefaultsFilesAndTheCommandLine(t *testing.T) {
	t.Parallel()
	const src = `
variable "scale" { default = "smoke" }
variable "count" { default = 1 }
variable "langs" { type = list(string) }
stage "sample" "a" {
  input      = ["x"]
  sampler    = var.scale
  batch_size = var.count
  langs      = var.langs
}
`
	dir := t.TempDir()
	file := filepath.Join(dir, "vars.hcl")
	if err := os.WriteFile(file, []byte("scale = \"small\"\nlangs = [\"de\"]\ncount = \"5\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := mustLoad(t, src, lang.Options{VarFiles: []string{file}, Vars: map[string]string{"scale": "paper"}})
	want := map[string]string{"scale": `"paper"`, "count": "5", "langs": `["de"]`}
	if diff := cmp.Diff(want, w.Vars); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"count", "langs", "scale"}, w.Changed); diff != "" {
		t.Error(diff)
	}
	w = mustLoad(t, src, lang.Options{Vars: map[string]string{"scale": "smoke", "count": "1", "langs": `["de"]`}})
	if diff := cmp.Diff([]string{"langs"}, w.Changed); diff != "" { // it has no default
		t.Error(diff)
	}
}

func TestResourcesAreNoParameters(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
stage "collect" "a" {
  matrix = { n = [2] }
  url    = "u"
  resources {
    cpus    = each.n
    gpus    = 1
    memory  = "16GiB"
    timeout = "90m"
  }
}
`, lang.Options{})
	want := engine.Resources{CPUs: 2, GPUs: 1, Memory: 16 << 30, Timeout: 90 * 60 * 1e9}
	if diff := cmp.Diff(want, w.Stages[0].Resources); diff != "" {
		t.Error(diff)
	}
	if len(w.Stages[0].Params) != 1 {
		t.Errorf("parameters %v", w.Stages[0].Params)
	}
}

func TestReportReadsItsAttributes(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
stage "train" "encoder" {
  matrix  = { seed = [0, 1] }
  batches = "b"
}
report "main" {
  title     = "mAP"
  from      = [stage.train.encoder[*].metrics, stage.train.encoder[1].metrics]
  rows      = ["sampler"]
  columns   = ["dataset", "metric"]
  average   = ["lang"]
  over      = "seed"
  where     = { metric = ["map"], setting = "multilingual" }
  best      = { map = "max", rank_distance = "min" }
  digits    = 3
  published = "published.csv"
}
`, lang.Options{})
	r := w.Reports[0]
	var from []string
	for _, s := range r.From {
		from = append(from, s.Stage+"."+s.Port)
	}
	if diff := cmp.Diff([]string{"train.encoder[seed=0].metrics", "train.encoder[seed=1].metrics", "train.encoder[seed=1].metrics"}, from); diff != "" {
		t.Error(diff)
	}
	r.From, r.At, r.Range = nil, "", hcl.Range{}
	want := &lang.Report{Report: runs.Report{
		Name: "main", Title: "mAP", Rows: []string{"sampler"}, Columns: []string{"dataset", "metric"},
		Average: []string{"lang"}, Over: "seed",
		Where: map[string][]string{"metric": {"map"}, "setting": {"multilingual"}},
		Best:  map[string]string{"map": "max", "rank_distance": "min"}, Digits: 3, PublishedFile: "published.csv",
	}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
}

// TestDiagnostics shows, for each mistake in testdata/bad, what the user sees.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no test files")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".hcl")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, diags := lang.Load(file, lang.Options{Kinds: kinds(), Version: "0.1.0"})
			if !diags.HasErrors() {
				t.Fatal("no error")
			}
			var b strings.Builder
			if err := hcl.NewDiagnosticTextWriter(&b, w.Sources, 100, false).WriteDiagnostics(diags); err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, "bad/"+name+".txt", b.String())
		})
	}
}

func TestLargeMatrixLoadsQuickly(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
stage "collect" "text" {
  matrix = { i = range(1000) }
  url    = "u/${each.i}"
}
stage "exec" "upper" {
  matrix  = { i = range(1000) }
  command = ["tr", "a-z", "A-Z"]
  inputs  = { text = stage.collect.text[each.i].file }
}
`, lang.Options{})
	if len(w.Stages) != 2000 || w.Stages[1999].Inputs[0].From != w.Stages[999] {
		t.Errorf("%d stages", len(w.Stages))
	}
}

func BenchmarkLoad10k(b *testing.B) {
	file := filepath.Join(b.TempDir(), "main.hcl")
	src := `
stage "exec" "a" {
  matrix  = { i = range(100), j = range(100) }
  command = ["cp", "in/${each.i}", "out"]
  inputs  = { text = "in/${each.j}" }
}
`
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w, diags := lang.Load(file, lang.Options{Kinds: kinds(), Version: "0.1.0"})
		if diags.HasErrors() || len(w.Stages) != 10_000 {
			b.Fatal(diags)
		}
	}
}
