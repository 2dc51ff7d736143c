package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/tensor"
)

func TestHighestAreThoseOfASort(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		scores := make([]float32, rng.IntN(60))
		for i := range scores {
			scores[i] = float32(rng.IntN(9)) - 2 // many are equal
		}
		var want []int
		for i, s := range scores {
			if s > 0 {
				want = append(want, i)
			}
		}
		slices.SortStableFunc(want, func(a, b int) int { return int(scores[b]) - int(scores[a]) })
		n := 1 + rng.IntN(20)
		if got := highest(scores, n); !slices.Equal(got, want[:min(n, len(want))]) {
			t.Fatalf("the %d highest of %v: got %v, want %v", n, scores, got, want)
		}
	}
}

// Two datasets, two languages; in d, items 1 and 2 share their English passage.
var crafted = []corpus.Pair{
	{Dataset: "d", ID: "1", Lang: "en", Query: "red cow", Passage: "The red cow."},
	{Dataset: "d", ID: "2", Lang: "en", Query: "cow that is red", Passage: "The red cow."},
	{Dataset: "d", ID: "3", Lang: "en", Query: "blue cow", Passage: "A blue cow."},
	{Dataset: "d", ID: "4", Lang: "en", Query: "red hen", Passage: "My red hen red."},
	{Dataset: "d", ID: "5", Lang: "en", Query: "nothing else", Passage: "Alone here."},
	{Dataset: "d", ID: "1", Lang: "de", Query: "rote Kuh", Passage: "Die rote Kuh."},
	{Dataset: "d", ID: "3", Lang: "de", Query: "blaue Kuh", Passage: "Die blaue Kuh."},
	{Dataset: "e", ID: "1", Lang: "en", Query: "red cow", Passage: "Red cow elsewhere."},
	{Dataset: "e", ID: "9", Lang: "en", Query: "red cow", Passage: "A cow in e."},
}

func TestNegativesAreOfTheSameDatasetAndLanguageAndNoAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		params string
		want   map[string]string
	}{
		{`{}`, map[string]string{
			"d 1 en": "4 3", "d 2 en": "4 3", "d 3 en": "1", "d 4 en": "1",
			"d 1 de": "3", "d 3 de": "1", "e 1 en": "9", "e 9 en": "1",
		}},
		{`{"depth": 1}`, map[string]string{
			"d 1 en": "4", "d 2 en": "4", "d 3 en": "1", "d 4 en": "1",
			"d 1 de": "3", "d 3 de": "1", "e 1 en": "9", "e 9 en": "1",
		}},
		{`{"skip": 1}`, map[string]string{"d 1 en": "3", "d 2 en": "3"}},
	} {
		got := map[string]string{}
		job := done(t, mine{}, c.params, map[string][]string{"input": {write(t, crafted)}})
		for _, l := range loadLines[mined](t, job.Out["negatives"]) {
			var ids []string
			for _, n := range l.Negatives {
				if n.Lang != l.Lang {
					t.Errorf("a negative in %s of a pair in %s", n.Lang, l.Lang)
				}
				ids = append(ids, n.ID)
			}
			got[fmt.Sprintf("%s %s %s", l.Dataset, l.ID, l.Lang)] = strings.Join(ids, " ")
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.params, got, c.want)
		}
	}
}

// The answer itself usually ranks first: it must never be among the negatives,
// however it got there.
func TestAnswersAreNoNegatives(t *testing.T) {
	t.Parallel()
	type version struct{ id, lang string }
	passages := map[version]string{}
	for _, p := range loadLines[corpus.Pair](t, pairsFile) {
		passages[version{p.ID, p.Lang}] = p.Passage
	}
	job := done(t, mine{}, `{"depth": 400}`, map[string][]string{"input": {pairsFile}})
	lines := loadLines[mined](t, job.Out["negatives"])
	if len(lines) < 40 {
		t.Errorf("only %d of 48 pairs have negatives", len(lines))
	}
	for _, l := range lines {
		for _, n := range l.Negatives {
			if negative, ok := passages[version{n.ID, n.Lang}]; !ok || negative == passages[version{l.ID, l.Lang}] {
				t.Fatalf("%s in %s has the negative %q", l.ID, l.Lang, negative)
			}
		}
	}
}

// vectorsOf writes embeddings of the set of the crafted pairs: for each text one
// of the given angles in turn, in degrees.
func vectorsOf(t *testing.T, queries, docs []float64) string {
	t.Helper()
	dir := t.TempDir()
	for name, angles := range map[string][]float64{"queries.npy": queries, "corpus.npy": docs} {
		m := &tensor.Matrix{Rows: len(angles), Cols: 2}
		for _, a := range angles {
			m.Data = append(m.Data, float32(math.Cos(a*math.Pi/180)), float32(math.Sin(a*math.Pi/180)))
		}
		if err := tensor.SaveNPY(filepath.Join(dir, name), m); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestModelsRankByCosine(t *testing.T) {
	t.Parallel()
	var pairs []corpus.Pair
	for i := range 4 {
		pairs = append(pairs, corpus.Pair{Dataset: "d", ID: fmt.Sprint(i), Lang: "en", Query: fmt.Sprint("q", i), Passage: fmt.Sprint("p", i)})
	}
	file := write(t, pairs)
	texts := done(t, set{}, `{}`, map[string][]string{"input": {file}}).Out["retrieval"]
	inputs := func(pairs, embeddings string) map[string][]string {
		return map[string][]string{"input": {pairs}, "retrieval": {texts}, "embeddings": {embeddings}}
	}
	got := map[string]string{}
	job := done(t, mine{}, `{"method": "model"}`, inputs(file, vectorsOf(t, []float64{0, 80, 170, 270}, []float64{10, 20, 100, 340})))
	for _, l := range loadLines[mined](t, job.Out["negatives"]) {
		for _, n := range l.Negatives {
			got[l.ID] += n.ID
		}
	}
	if want := map[string]string{"0": "13", "1": "20"}; !maps.Equal(got, want) { // none beyond 90°
		t.Errorf("got %v, want %v", got, want)
	}

	_, err := run(t, mine{}, `{"method": "model"}`, inputs(file, vectorsOf(t, []float64{0}, []float64{0, 1, 2, 3})))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "queries.npy has 1 rows") {
		t.Errorf("got %v", err)
	}
	good := vectorsOf(t, []float64{0, 1, 2, 3}, []float64{0, 1, 2, 3})
	other := write(t, []corpus.Pair{{Dataset: "d", ID: "0", Lang: "en", Query: "other", Passage: "texts"}})
	_, err = run(t, mine{}, `{"method": "model"}`, inputs(other, good))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "no pair has a negative") {
		t.Errorf("got %v", err)
	}
	var bad *stages.ParamError
	if _, err := run(t, mine{}, `{}`, inputs(file, good)); !errors.As(err, &bad) || bad.Param != "method" {
		t.Errorf("got %v", err)
	}
}
