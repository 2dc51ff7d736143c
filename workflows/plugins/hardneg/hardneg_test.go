package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
)

var update = flag.Bool("update", false, "write testdata anew")

const (
	pairsFile     = "testdata/pairs.jsonl" // of the bundled corpus, in English and German
	negativesFile = "testdata/negatives.jsonl"
)

// run runs a stage as the engine does. A port has its files, in order.
func run(t testing.TB, s stages.Stage, params string, inputs map[string][]string) (*stages.Job, error) {
	t.Helper()
	all := map[string]json.RawMessage{}
	spec := s.Spec().With("hardneg")
	for _, p := range spec.Params {
		all[p.Name] = json.RawMessage(p.Default)
	}
	if err := json.Unmarshal([]byte(params), &all); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	job := &stages.Job{Params: raw, Dir: t.TempDir(), Out: map[string]string{}, Threads: 2, Log: t.Output()}
	for _, port := range spec.Inputs {
		for _, path := range inputs[port.Name] {
			job.In = append(job.In, stages.Input{Port: port.Name, Path: path})
		}
	}
	for _, port := range spec.Outputs {
		job.Out[port.Name] = filepath.Join(job.Dir, port.Name)
	}
	return job, s.Run(t.Context(), job)
}

// done is run for what must succeed.
func done(t testing.TB, s stages.Stage, params string, inputs map[string][]string) *stages.Job {
	t.Helper()
	job, err := run(t, s, params, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// write writes pairs to a file.
func write(t testing.TB, pairs []corpus.Pair) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := corpus.WriteLines(name, pairs); err != nil {
		t.Fatal(err)
	}
	return name
}

func loadLines[T any](t testing.TB, name string) []T {
	t.Helper()
	lines, err := corpus.LoadLines[T](name)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// draw draws batches with negatives from a file.
func draw(t testing.TB, params, pairs, negatives string) (*sample.Batches, []sample.Batch) {
	t.Helper()
	job := done(t, sample.New(method()), params, map[string][]string{"input": {pairs}, "hardneg.negatives": {negatives}})
	folder, err := sample.Load(t.Context(), job.Out["batches"])
	if err != nil {
		t.Fatal(err)
	}
	var all []sample.Batch
	for b, err := range folder.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return folder, all
}

// The conformance suite draws with the negatives in testdata: they must be what
// is mined.
func TestNegativesInTestdataAreWhatIsMined(t *testing.T) {
	t.Parallel()
	got, err := os.ReadFile(done(t, mine{}, `{"depth": 5}`, map[string][]string{"input": {pairsFile}}).Out["negatives"])
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(negativesFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(negativesFile); err != nil || string(got) != string(want) {
		t.Errorf("%v; mined were\n%s\nwant\n%s", err, got, want)
	}
}

func TestRowsGetNegativesThatWereMinedInThePassagesLanguage(t *testing.T) {
	t.Parallel()
	hardest := map[string][]string{}
	for _, l := range loadLines[mined](t, negativesFile) {
		for _, n := range l.Negatives {
			hardest[l.ID+" "+l.Lang] = append(hardest[l.ID+" "+l.Lang], n.ID+" "+n.Lang)
		}
	}
	for _, count := range []int{1, 3, 9} {
		folder, all := draw(t, fmt.Sprintf(
			`{"sampler": "hardneg", "hardneg.count": %d, "hardneg.alpha": 0.25, "steps": 200, "batch_size": 10}`, count), pairsFile, negativesFile)
		if mono := folder.Summary.Draws["x-x-mono"]; mono < 30 || mono > 70 || mono+folder.Summary.Draws["x-y"] != 200 {
			t.Errorf("draws %v with alpha 0.25", folder.Summary.Draws)
		}
		ranks := map[int]bool{}
		for _, b := range all {
			for _, r := range b.Rows {
				of := folder.Pool.ID(r.Item) + " " + r.Passage
				if got, want := len(r.Negatives), min(count, len(hardest[of])); got != want {
					t.Fatalf("%s has %d negatives, want %d", of, got, want)
				}
				seen := map[string]bool{}
				for _, n := range r.Negatives {
					id := folder.Pool.ID(n.Item) + " " + n.Lang
					if seen[id] || !slices.Contains(hardest[of], id) {
						t.Fatalf("%s has the negative %s, mined were %v", of, id, hardest[of])
					}
					seen[id] = true
					ranks[slices.Index(hardest[of], id)] = true
				}
			}
		}
		if len(ranks) != 5 {
			t.Errorf("%d negatives a row: ranks drawn %v, want all 5", count, ranks)
		}
	}
}

func TestNegativesThatThePoolDoesNotHaveAreLeftOut(t *testing.T) {
	t.Parallel()
	_, all := draw(t, `{"sampler": "hardneg", "hardneg.alpha": 1, "steps": 5, "batch_size": 10, "langs": ["de"]}`, pairsFile, negativesFile)
	drawn := 0
	for _, b := range all {
		for _, r := range b.Rows {
			for _, n := range r.Negatives {
				drawn++
				if n.Lang != "de" {
					t.Fatalf("negatives %v", r.Negatives)
				}
			}
		}
	}
	if drawn < 30 {
		t.Errorf("%d negatives in 50 rows", drawn)
	}
	var other []corpus.Pair
	for i := range 9 {
		other = append(other, corpus.Pair{Dataset: "other", ID: fmt.Sprint(i), Lang: "en", Query: "q", Passage: "p"})
	}
	_, err := run(t, sample.New(method()), `{"sampler": "hardneg", "steps": 5, "batch_size": 5}`,
		map[string][]string{"input": {write(t, other)}, "hardneg.negatives": {negativesFile}})
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "negatives for no pair of the pool") {
		t.Errorf("got %v", err)
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	check := func(params, want string, err error) {
		t.Helper()
		var bad *stages.ParamError
		if !errors.As(err, &bad) || bad.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
	for params, want := range map[string]string{
		`{"alpha": 1.1, "count": 1}`: "alpha",
		`{"alpha": -1, "count": 1}`:  "alpha",
		`{"alpha": 0.5, "count": 0}`: "count",
	} {
		_, err := newSampler([]byte(params))
		check(params, want, err)
	}
	for params, want := range map[string]string{
		`{"method": "tf-idf"}`: "method",
		`{"depth": 0}`:         "depth",
		`{"skip": -1}`:         "skip",
		`{"k1": -1}`:           "k1",
		`{"b": 2}`:             "b",
		`{"method": "model"}`:  "method",
	} {
		_, err := run(t, mine{}, params, map[string][]string{"input": {pairsFile}})
		check(params, want, err)
	}
}
