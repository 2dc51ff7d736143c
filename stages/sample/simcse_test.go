package sample_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
	"repro/stages/stagetest"
)

// contradicted returns n items of a dataset, item i with i%3 negatives in each language.
func contradicted(dataset string, n int, langs ...string) []corpus.Pair {
	pairs := parallel(dataset, n, langs...)
	for k := range pairs {
		i := k / len(langs)
		for m := range i % 3 {
			pairs[k].Negatives = append(pairs[k].Negatives, fmt.Sprintf("%s no %d.%d", pairs[k].Lang, i, m))
		}
	}
	return pairs
}

func TestSimCSEPairsATextWithItself(t *testing.T) {
	t.Parallel()
	alone := []corpus.Pair{}
	for i := range 20 {
		text := fmt.Sprintf("A sentence %d.", i)
		alone = append(alone, corpus.Pair{Dataset: "alone", ID: fmt.Sprint(i), Lang: "en", Query: text, Passage: text})
	}
	pool := newPool(t, parallel("a", 20, "en", "de"), alone)
	for text, want := range map[string][]string{"passage": {"passage"}, "query": {"query"}, "either": {"passage", "query"}} {
		seen := map[string]bool{}
		for _, b := range batches(t, sampler(t, "simcse", fmt.Sprintf(`{"text": %q}`, text)), pool, 10, 100) {
			for _, r := range b.Rows {
				if r.Query != r.Passage || r.Query != b.Rows[0].Query || b.Draw != "simcse" {
					t.Fatalf("%s: row %+v of draw %s beside one in %s", text, r, b.Draw, b.Rows[0].Query)
				}
				query, passage, _ := pool.Text(r.Item, r.Query)
				switch {
				case b.Dataset.Name == "alone":
					if r.QueryText != "" || r.PassageText != "" {
						t.Fatalf("a sentence alone is written out: %+v", r)
					}
				case r.QueryText == passage && r.PassageText == "":
					seen["passage"] = true
				case r.PassageText == query && r.QueryText == "":
					seen["query"] = true
				default:
					t.Fatalf("%s: row %+v of %q and %q is no self-pair", text, r, query, passage)
				}
			}
		}
		for _, side := range []string{"passage", "query"} {
			if seen[side] != slices.Contains(want, side) {
				t.Errorf("%s: drew %v", text, seen)
			}
		}
	}
}

func TestSupervisedSimCSETakesThePairsNegatives(t *testing.T) {
	t.Parallel()
	pool := newPool(t, contradicted("a", 30, "en", "de"))
	for count := 1; count <= 3; count++ {
		most := 0
		for _, b := range batches(t, sampler(t, "simcse-supervised", fmt.Sprintf(`{"negatives": %d}`, count)), pool, 10, 50) {
			for _, r := range b.Rows {
				all := pool.Negatives(r.Item, r.Passage)
				if r.Query != r.Passage || len(r.NegativeTexts) != min(count, len(all)) {
					t.Fatalf("row %+v of an item with %d negatives", r, len(all))
				}
				most = max(most, len(r.NegativeTexts))
				for k, text := range r.NegativeTexts {
					if !slices.Contains(all, text) || slices.Contains(r.NegativeTexts[:k], text) {
						t.Fatalf("negatives %q, want some of %q", r.NegativeTexts, all)
					}
				}
			}
		}
		if most != min(count, 2) {
			t.Errorf("at most %d negatives of a row, want %d", most, min(count, 2))
		}
	}
}

func TestSimCSEsBatchesAreReadAsTheyWereDrawn(t *testing.T) {
	t.Parallel()
	in := input(t, contradicted("a", 30, "en"))
	for params, want := range map[string]struct{ self, negatives int }{
		`{"sampler": "simcse", "steps": 5, "batch_size": 10}`:                                              {50, 0},
		`{"sampler": "simcse-supervised", "simcse-supervised.negatives": 2, "steps": 1, "batch_size": 30}`: {0, 30},
		`{"sampler": "x-x-mono", "steps": 5, "batch_size": 10}`:                                            {0, 0},
	} {
		b, err := sample.Load(t.Context(), run(t, params, in))
		if err != nil {
			t.Fatal(err)
		}
		negatives := 0
		for batch, err := range b.All() {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range batch.Rows {
				negatives += len(r.NegativeTexts)
			}
		}
		if b.Summary.SelfPairs != want.self || negatives != want.negatives {
			t.Errorf("%s: %d self-pairs and %d negatives, want %+v", params, b.Summary.SelfPairs, negatives, want)
		}
		if diff := cmp.Diff([]string{"en no 11.0", "en no 11.1"}, b.Pool.Negatives(3, "en")); diff != "" { // a-11, after a-0, a-1 and a-10
			t.Errorf("negatives in the pool (-want +got):\n%s", diff)
		}
	}
}

func TestSimCSEKeepsItsPromises(t *testing.T) {
	t.Parallel()
	for _, params := range []string{
		`{"sampler": "simcse", "simcse.text": "either", "steps": 20, "batch_size": 8}`,
		`{"sampler": "simcse-supervised", "steps": 20, "batch_size": 8}`,
	} {
		stagetest.Run(t, sample.New(), stagetest.Case{Params: params, Inputs: input(t, contradicted("a", 20, "en", "de"))})
	}
}

func TestSimCSERefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	const shared = `"batch_size": 10, "steps": 1, "seed": 0, "dataset_weight": "size", "langs": []`
	for params, want := range map[string]string{
		`{"sampler": "simcse", "simcse.text": "title", ` + shared + `}`:                      "simcse.text",
		`{"sampler": "simcse-supervised", "simcse-supervised.negatives": 0, ` + shared + `}`: "simcse-supervised.negatives",
	} {
		var param *stages.ParamError
		if err := sample.New().Check([]byte(params)); !errors.As(err, &param) || param.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
	s := sample.New()
	err := s.Run(t.Context(), stagetest.NewJob(t, s, `{"sampler": "simcse-supervised", "steps": 1, "batch_size": 2}`, input(t, parallel("a", 9, "en"))...))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "no pair has negatives") {
		t.Errorf("a pool without negatives: %v", err)
	}
	empty := parallel("a", 2, "en")
	empty[1].Negatives = []string{"x", ""}
	if _, err := sample.NewPool(empty); !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "empty negative") {
		t.Errorf("an empty negative: %v", err)
	}
	twice := append(contradicted("a", 3, "en"), contradicted("a", 3, "en")...)
	if _, err := sample.NewPool(twice); err != nil {
		t.Errorf("equal pairs: %v", err)
	}
	twice[2].Negatives = []string{"another"}
	if _, err := sample.NewPool(twice); !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "twice") {
		t.Errorf("pairs that differ in their negatives: %v", err)
	}
}

func TestNegativesAreInTheImageOfAPool(t *testing.T) {
	t.Parallel()
	pool := newPool(t, contradicted("a", 40, "en", "de"), mixed()[120:])
	again, err := sample.OpenPool(saved(t, pool))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Collect(pool.All()), slices.Collect(again.All())); diff != "" {
		t.Errorf("pairs (-saved +read):\n%.2000s", diff)
	}
	file := filepath.Join(t.TempDir(), "draws")
	want := sample.Row{Item: 1, Query: "en", Passage: "en", NegativeTexts: []string{"no <&>", "回"}}
	if err := sample.WriteDraws(file, again, func(yield func(sample.Batch) error) error {
		return yield(sample.Batch{Draw: "x", Dataset: again.Datasets()[0], Rows: []sample.Row{want, {Item: 0, Query: "en", Passage: "en"}}})
	}); err != nil {
		t.Fatal(err)
	}
	if err := sample.ReadDraws(file, pool, func(b sample.Batch) error {
		if diff := cmp.Diff(want, b.Rows[0]); diff != "" || b.Rows[1].NegativeTexts != nil {
			t.Errorf("rows (-written +read):\n%s", diff)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
