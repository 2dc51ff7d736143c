package conformance_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages/plugin/build"
	"repro/stages/plugin/conformance"
	"repro/stages/plugin/host"
)

// Parts of manifests.
const (
	head        = "protocol = 1\nlanguage = \"go\"\n"
	samplerCase = `
case "own pool" {
  sampler = "demo"
  params  = { p = 0.25 }
  inputs  = { input = ["pairs.jsonl"] }
}
`
	kindCase = `
case "hello" {
  kind   = "demo-upper"
  params = { times = 2 }
  inputs = { text = ["hello.txt"] }
}
`
)

// prepared returns this test binary as a plugin that behaves so, with a manifest.
func prepared(t *testing.T, how, manifest string) *build.Plugin {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var pairs strings.Builder
	for _, id := range strings.Fields("a b c d e f") {
		for _, lang := range []string{"de", "pt"} {
			pairs.WriteString(`{"dataset":"mine","id":"` + id + `","lang":"` + lang + `","query":"q","passage":"p ` + id + `"}` + "\n")
		}
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		build.ManifestFile: manifest, "pairs.jsonl": pairs.String(), "hello.txt": "hello\n", "lexicon.txt": "word\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := build.LoadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &build.Plugin{
		Program: &host.Program{
			Name: "demo", Argv: []string{exe},
			Env:    []string{behaviour + "=" + how, "GORACE=atexit_sleep_ms=0"}, // the race detector sleeps a second
			Copied: dir, Source: dir,
		},
		Manifest: m,
	}
}

// run returns what did not pass: check → what is wrong.
func run(t *testing.T, plugin *build.Plugin) (results []conformance.Result, failed map[string]string) {
	t.Helper()
	var reported []conformance.Result
	results, err := conformance.Run(t.Context(), plugin, conformance.Options{
		Dir: t.TempDir(), Large: 4000,
		Report: func(r conformance.Result) { reported = append(reported, r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(results, reported); diff != "" {
		t.Errorf("reported as it came (-results +reported):\n%s", diff)
	}
	failed = map[string]string{}
	for _, r := range results {
		if r.Status == conformance.Failed {
			failed[strings.TrimSpace(r.Of+" "+r.Case)+": "+r.Check] = r.Detail
		}
	}
	return results, failed
}

func TestAGoodPluginPasses(t *testing.T) {
	t.Parallel()
	results, failed := run(t, prepared(t, "good", head+samplerCase+kindCase))
	for check, detail := range failed {
		t.Errorf("%s: %s", check, detail)
	}
	var got []string
	for _, r := range results {
		got = append(got, string(r.Status)+" "+strings.TrimSpace(r.Of+" "+r.Case)+": "+r.Check)
	}
	want := []string{
		"passed plugin demo: description",
		"passed plugin demo: cases",
		"passed sampler demo: draws batches",
		"passed sampler demo: same seed",
		"passed sampler demo: another seed",
		"passed sampler demo: threads",
		"passed sampler demo: without the engine",
		"passed sampler demo: progress",
		"passed sampler demo: cancel",
		"passed sampler demo: bad parameters",
		"passed sampler demo: large pool",
		"passed sampler demo own pool: draws batches",
		"passed sampler demo own pool: same seed",
		"passed sampler demo own pool: another seed",
		"passed sampler demo own pool: threads",
		"passed sampler demo own pool: without the engine",
		"passed kind demo-upper hello: stage",
		"passed kind demo-upper hello: without the engine",
		"passed kind demo-upper hello: cancel",
		"passed kind demo-upper hello: bad parameters",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEachBadPluginFailsItsCheck breaks one promise at a time.
func TestEachBadPluginFailsItsCheck(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]struct{ check, detail string }{
		"goes by the time":         {"sampler demo: same seed", "the outputs differ: batches/batches.jsonl, line 1"},
		"ignores the seed":         {"sampler demo: another seed", "seeds 0 and 1 give the same 40 batches"},
		"goes by the threads":      {"sampler demo: threads", "the outputs differ"},
		"looks for the engine":     {"sampler demo: without the engine", "the outputs differ"},
		"no progress":              {"sampler demo: progress", "it reports no progress in steps"},
		"progress goes back":       {"sampler demo: progress", "it goes back from"},
		"ignores wrong types":      {"sampler demo: bad parameters", `it accepts p = "many", which is no number`},
		"panics on bad parameters": {"sampler demo: bad parameters", `it panics on p = "many"`},
		"deaf":                     {"sampler demo: cancel", "started by hand: cancelled, it ended with: it did not end within 5s"},
		"copies the pool":          {"sampler demo: large pool", "want at most"},
		"one row short":            {"sampler demo: draws batches", "drew 15 rows, want 16"},
		"one bad step":             {"sampler demo: draws batches", "step 7: nothing to draw from"},
		"needs an input":           {"sampler demo: job", "not tested: it needs an input at the port lexicon"},
		"wants other pairs":        {"sampler demo: draws batches", "bad input: no pairs of mine"},
		"needs a parameter":        {"sampler demo: job", "not tested: its parameter p has no default"},
		"no documentation":         {"plugin demo: description", "the stage has no documentation"},

		"kind goes by the time":     {"kind demo-upper hello: stage", "the outputs differ"},
		"kind leaves files":         {"kind demo-upper hello: stage", "is no declared output"},
		"kind looks for the engine": {"kind demo-upper hello: without the engine", "the outputs differ: upper, line 2"},
		"kind goes on wrongly":      {"kind demo-upper hello: checkpoint", "the outputs differ: upper, line 1"},
		"kind ignores parameters":   {"kind demo-upper hello: bad parameters", `it accepts times = "many"`},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			manifest := head
			if isKind(how) {
				manifest += kindCase
			}
			_, failed := run(t, prepared(t, how, manifest))
			if !strings.Contains(failed[want.check], want.detail) {
				t.Errorf("%s: got %q, want it to say %q", want.check, failed[want.check], want.detail)
			}
			delete(failed, want.check)
			if len(failed) > 0 {
				t.Errorf("other checks failed too: %q", failed)
			}
		})
	}
}

func TestWhatIsNoMistake(t *testing.T) {
	t.Parallel()
	cases := head + samplerCase
	lexicon := strings.Replace(cases, `inputs  = { input = ["pairs.jsonl"] }`, `inputs  = { lexicon = ["lexicon.txt"] }`, 1)
	for how, manifest := range map[string]string{
		"stochastic":        cases,
		"reads the pool":    cases,
		"wants other pairs": cases,
		"needs an input":    lexicon,
		"needs a parameter": cases,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			if _, failed := run(t, prepared(t, how, manifest)); len(failed) > 0 {
				t.Errorf("failed: %q", failed)
			}
		})
	}
}

func TestAKindThatKeepsACheckpoint(t *testing.T) {
	t.Parallel()
	results, failed := run(t, prepared(t, "kind goes on", head+kindCase))
	if len(failed) > 0 {
		t.Errorf("failed: %q", failed)
	}
	if !slices.ContainsFunc(results, func(r conformance.Result) bool {
		return r.Check == "checkpoint" && r.Status == conformance.Passed
	}) {
		t.Errorf("it was not tried to go on: %+v", results)
	}
}

func TestAProgramWithoutAnSDK(t *testing.T) {
	t.Parallel()
	results, failed := run(t, prepared(t, "knows the protocol only", "protocol = 1\nlanguage = \"binary\"\nfile = \"demo\"\n"))
	if len(failed) > 0 {
		t.Errorf("failed: %q", failed)
	}
	var skipped []string
	for _, r := range results {
		if r.Status == conformance.Skipped {
			skipped = append(skipped, r.Check)
		}
	}
	if diff := cmp.Diff([]string{"without the engine", "large pool"}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}

func TestCasesThatNothingRuns(t *testing.T) {
	t.Parallel()
	for change, want := range map[[2]string]map[string]string{
		{`"demo"`, `"domo"`}:                    {"plugin demo: cases": `case "own pool": this plugin has no sampler domo`},
		{`p = 0.25`, `q = 1`}:                   {"sampler demo own pool: draws batches": "there is no parameter q"},
		{`"pairs.jsonl"`, `"pears.jsonl"`}:      {"sampler demo own pool: draws batches": "inputs: there is no pears.jsonl in the plugin's folder"},
		{`input = ["p`, `lexicon = ["p`}:        {"sampler demo own pool: draws batches": "there is no input port lexicon"},
		{`["hello.txt"]`, `["hello.txt", "x"]`}: {"kind demo-upper hello: stage": "inputs: there is no x in the plugin's folder"},
	} {
		_, failed := run(t, prepared(t, "good", strings.Replace(head+samplerCase+kindCase, change[0], change[1], 1)))
		if diff := cmp.Diff(want, failed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", change, diff)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	results, err := conformance.Run(ctx, prepared(t, "good", head+samplerCase+kindCase), conformance.Options{
		Dir: t.TempDir(), Report: func(conformance.Result) { cancel() },
	})
	if !errors.Is(err, context.Canceled) || len(results) != 1 {
		t.Errorf("got %d results and %v, want one and context.Canceled", len(results), err)
	}
}
