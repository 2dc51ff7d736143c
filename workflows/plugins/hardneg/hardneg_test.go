package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/embed"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
)

// facts returns the bundled corpus in some languages as an input.
func facts(t testing.TB, langs ...string) stagetest.Input {
	t.Helper()
	var pairs []corpus.Pair
	for _, lang := range langs {
		type line struct{ ID, Question, Passage string }
		if err := corpus.ReadLines(filepath.Join("..", "..", "data", "facts", "train", lang+".jsonl"), func(l line) error {
			pairs = append(pairs, corpus.Pair{Dataset: "facts", ID: l.ID, Lang: lang, Query: l.Question, Passage: l.Passage})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return input(t, pairs)
}

func input(t testing.TB, pairs []corpus.Pair) stagetest.Input {
	t.Helper()
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	for _, p := range pairs {
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	return stagetest.Input{Port: "input", Content: lines.String()}
}

func run(t testing.TB, s stages.Stage, params string, inputs ...stagetest.Input) (*stages.Job, error) {
	t.Helper()
	job := stagetest.NewJob(t, s, params, inputs...)
	return job, s.Run(t.Context(), job)
}

// output runs a stage and returns what it made as the input of another.
func output(t testing.TB, s stages.Stage, params, port, as string, inputs ...stagetest.Input) stagetest.Input {
	t.Helper()
	job, err := run(t, s, params, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: as, From: job.Out[port]}
}

func negatives(t testing.TB, params string, inputs ...stagetest.Input) []mined {
	t.Helper()
	lines, err := corpus.LoadLines[mined](output(t, mine{}, params, "negatives", "", inputs...).From)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func load(t testing.TB, batches stagetest.Input) (*sample.Batches, []sample.Batch) {
	t.Helper()
	folder, err := sample.Load(t.Context(), batches.From)
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

func TestStagesKeepTheirPromises(t *testing.T) {
	t.Parallel()
	pairs := facts(t, "en", "de", "sw")
	stagetest.Run(t, mine{}, stagetest.Case{Inputs: []stagetest.Input{pairs}})
	stagetest.Run(t, set{}, stagetest.Case{Inputs: []stagetest.Input{pairs}})
	stagetest.Run(t, sample.New(method()), stagetest.Case{
		Params: `{"sampler": "hardneg", "hardneg.count": 2, "steps": 20, "batch_size": 30}`,
		Inputs: []stagetest.Input{pairs, output(t, mine{}, ``, "negatives", "hardneg.negatives", pairs)},
	})
}

func TestRowsGetNegativesThatWereMinedInThePassagesLanguage(t *testing.T) {
	t.Parallel()
	pairs := facts(t, "en", "de", "sw")
	file := output(t, mine{}, `{"depth": 5}`, "negatives", "hardneg.negatives", pairs)
	hardest := map[string][]string{}
	for _, l := range negatives(t, `{"depth": 5}`, pairs) {
		for _, n := range l.Negatives {
			hardest[l.ID+" "+l.Lang] = append(hardest[l.ID+" "+l.Lang], n.ID+" "+n.Lang)
		}
	}
	for _, count := range []int{1, 3, 9} {
		folder, all := load(t, output(t, sample.New(method()),
			fmt.Sprintf(`{"sampler": "hardneg", "hardneg.count": %d, "hardneg.alpha": 0.25, "steps": 200, "batch_size": 20}`, count),
			"batches", "", pairs, file))
		if mono := folder.Summary.Draws["x-x-mono"]; mono < 30 || mono > 70 || mono+folder.Summary.Draws["x-y"] != 200 {
			t.Errorf("draws %v with alpha 0.25", folder.Summary.Draws)
		}
		drawn := map[string]int{}
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
					drawn[fmt.Sprint(slices.Index(hardest[of], id))]++
				}
			}
		}
		if len(drawn) != 5 {
			t.Errorf("%d negatives a row: ranks drawn %v, want all 5", count, drawn)
		}
	}
}

func TestNegativesThatThePoolDoesNotHaveAreLeftOut(t *testing.T) {
	t.Parallel()
	file := output(t, mine{}, ``, "negatives", "hardneg.negatives", facts(t, "en", "de", "sw"))
	params := `{"sampler": "hardneg", "hardneg.alpha": 1, "steps": 5, "batch_size": 20, "langs": %s}`
	_, all := load(t, output(t, sample.New(method()), fmt.Sprintf(params, `["de"]`), "batches", "", facts(t, "en", "de", "sw"), file))
	for _, b := range all {
		for _, r := range b.Rows {
			if len(r.Negatives) != 1 || r.Negatives[0].Lang != "de" {
				t.Fatalf("negatives %v", r.Negatives)
			}
		}
	}
	_, err := run(t, sample.New(method()), fmt.Sprintf(params, `[]`), facts(t, "es"), file)
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "negatives for no pair of the pool") {
		t.Errorf("got %v", err)
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{"alpha": 1.1, "count": 1}`: "alpha",
		`{"alpha": -1, "count": 1}`:  "alpha",
		`{"alpha": 0.5, "count": 0}`: "count",
	} {
		var bad *stages.ParamError
		if _, err := newSampler([]byte(params)); !errors.As(err, &bad) || bad.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
	for params, want := range map[string]string{
		`{"method": "tf-idf"}`: "method",
		`{"depth": 0}`:         "depth",
		`{"skip": -1}`:         "skip",
		`{"k1": -1}`:           "k1",
		`{"b": 2}`:             "b",
		`{"method": "model"}`:  "method",
	} {
		var bad *stages.ParamError
		if _, err := run(t, mine{}, params, facts(t, "en")); !errors.As(err, &bad) || bad.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
}

// Training with the negatives of BM25, then with those of the model that came
// of it: the whole round that a workflow takes.
func TestTrainingWithMinedNegativesLearns(t *testing.T) {
	t.Parallel()
	pairs := facts(t, "en", "de", "sw")
	trained := func(negatives stagetest.Input) stagetest.Input {
		batches := output(t, sample.New(method()), `{"sampler": "hardneg", "steps": 60, "batch_size": 30}`, "batches", "batches", pairs, negatives)
		job, err := run(t, train.New(), `{"dim": 64, "buckets": 16384, "learning_rate": 0.1, "temperature": 0.2, "log_every": 10}`, batches)
		if err != nil {
			t.Fatal(err)
		}
		curve, err := corpus.LoadLines[struct{ Loss float64 }](job.Out["curve"])
		if err != nil {
			t.Fatal(err)
		}
		if first, last := curve[0].Loss, curve[len(curve)-1].Loss; last > .6*first || math.IsNaN(last) {
			t.Errorf("the loss went from %.3f to %.3f", first, last)
		}
		return stagetest.Input{Port: "model", From: job.Out["model"]}
	}
	model := trained(output(t, mine{}, ``, "negatives", "hardneg.negatives", pairs))
	texts := output(t, set{}, ``, "retrieval", "retrieval", pairs)
	embeddings := output(t, embed.New(), ``, "embeddings", "embeddings", model, texts)
	again := output(t, mine{}, `{"method": "model"}`, "negatives", "hardneg.negatives", pairs, texts, embeddings)
	trained(again)
	lines, err := corpus.LoadLines[mined](again.From)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3*160 {
		t.Errorf("%d of 480 pairs have negatives", len(lines))
	}
	if diff := cmp.Diff("facts", lines[0].Dataset); diff != "" {
		t.Error(diff)
	}
}
