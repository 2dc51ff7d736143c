package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/stagetest"
	"repro/stages/tensor"
)

// bm25 is the formula in the comment of index, word for word, for one passage
// of all, given as their words.
func bm25(question, passage []string, all [][]string, k1, b float64) (score float64) {
	count := func(words []string, word string) (n float64) {
		for _, w := range words {
			if w == word {
				n++
			}
		}
		return n
	}
	length := 0.0
	for _, p := range all {
		length += float64(len(p)) / float64(len(all))
	}
	for _, word := range question {
		n := 0.0
		for _, p := range all {
			if slices.Contains(p, word) {
				n++
			}
		}
		f := count(passage, word)
		score += math.Log(1+(float64(len(all))-n+.5)/(n+.5)) * f * (k1 + 1) / (f + k1*(1-b+b*float64(len(passage))/length))
	}
	return score
}

func TestBM25IsItsFormula(t *testing.T) {
	t.Parallel()
	var questions, passages []string
	if err := corpus.ReadLines(filepath.Join("..", "..", "data", "facts", "train", "en.jsonl"), func(l struct{ Question, Passage string }) error {
		questions, passages = append(questions, l.Question), append(passages, l.Passage)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	passages = append(passages, "", "?!", "cow cow cow cow grass")
	questions = append([]string{"cow cow grass"}, questions...)
	all := make([][]string, len(passages))
	for i, p := range passages {
		all[i] = terms(p)
	}
	for _, c := range []struct{ k1, b float64 }{{1.2, .75}, {0, .75}, {2, 0}, {.9, 1}} {
		x, scores := newIndex(passages, c.k1, c.b), make([]float32, len(passages))
		for k := 0; k < len(questions); k += 9 {
			q := questions[k]
			x.score(q, scores)
			for i := range passages {
				want := bm25(terms(q), all[i], all, c.k1, c.b)
				if got := float64(scores[i]); math.Abs(got-want) > 1e-5*(1+want) {
					t.Fatalf("k1 %v, b %v: score of %q for %q: got %v, want %v", c.k1, c.b, passages[i], q, got, want)
				}
			}
		}
	}
}

func TestTermsOfScriptsWithoutSpacesArePairsOfCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"The cow's 2 mats.": {"the", "cow", "s", "2", "mats"},
		"中国的首都":             {"中国", "国的", "的首", "首都"},
		"水, Straße":         {"水", "straße"},
		"भारत की":           {"भारत", "की"},
		"…":                 nil,
	} {
		if diff := cmp.Diff(want, terms(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

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
		want = append([]int{}, want[:min(n, len(want))]...)
		if diff := cmp.Diff(want, highest(scores, n)); diff != "" {
			t.Fatalf("%v, %d (-want +got):\n%s", scores, n, diff)
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
		for _, l := range negatives(t, c.params, input(t, crafted)) {
			var ids []string
			for _, n := range l.Negatives {
				if n.Lang != l.Lang {
					t.Errorf("a negative in %s of a pair in %s", n.Lang, l.Lang)
				}
				ids = append(ids, n.ID)
			}
			got[fmt.Sprintf("%s %s %s", l.Dataset, l.ID, l.Lang)] = strings.Join(ids, " ")
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.params, diff)
		}
	}
}

// On the bundled corpus the answer itself usually ranks first: it must never be
// among the negatives, however it got there.
func TestAnswersAreNoNegatives(t *testing.T) {
	t.Parallel()
	passages := map[string]string{}
	for _, lang := range []string{"en", "de", "sw"} {
		if err := corpus.ReadLines(filepath.Join("..", "..", "data", "facts", "train", lang+".jsonl"), func(l struct{ ID, Passage string }) error {
			passages[l.ID+" "+lang] = l.Passage
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	lines := negatives(t, `{"depth": 400}`, facts(t, "en", "de", "sw"))
	if len(lines) < 450 {
		t.Errorf("only %d of 480 pairs have negatives", len(lines))
	}
	for _, l := range lines {
		for _, n := range l.Negatives {
			if passages[n.ID+" "+n.Lang] == passages[l.ID+" "+l.Lang] {
				t.Fatalf("%s in %s has its own passage as a negative", l.ID, l.Lang)
			}
		}
	}
}

// vectorsOf writes embeddings of the set of the crafted pairs: for each text one
// of the given angles in turn, in degrees.
func vectorsOf(t *testing.T, queries, docs []float64) stagetest.Input {
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
	return stagetest.Input{Port: "embeddings", From: dir}
}

func TestModelsRankByCosine(t *testing.T) {
	t.Parallel()
	var pairs []corpus.Pair
	for i := range 4 {
		pairs = append(pairs, corpus.Pair{Dataset: "d", ID: fmt.Sprint(i), Lang: "en", Query: fmt.Sprint("q", i), Passage: fmt.Sprint("p", i)})
	}
	texts := output(t, set{}, ``, "retrieval", "retrieval", input(t, pairs))
	got := map[string]string{}
	for _, l := range negatives(t, `{"method": "model"}`, input(t, pairs), texts,
		vectorsOf(t, []float64{0, 80, 170, 270}, []float64{10, 20, 100, 340})) {
		for _, n := range l.Negatives {
			got[l.ID] += n.ID
		}
	}
	if diff := cmp.Diff(map[string]string{"0": "13", "1": "20"}, got); diff != "" { // none beyond 90°
		t.Errorf("negatives (-want +got):\n%s", diff)
	}
	_, err := run(t, mine{}, `{"method": "model"}`, input(t, pairs), texts, vectorsOf(t, []float64{0}, []float64{0, 1, 2, 3}))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "queries.npy has 1 rows") {
		t.Errorf("got %v", err)
	}
	other := []corpus.Pair{{Dataset: "d", ID: "0", Lang: "en", Query: "other", Passage: "texts"}}
	_, err = run(t, mine{}, `{"method": "model"}`, input(t, other), texts, vectorsOf(t, []float64{0, 1, 2, 3}, []float64{0, 1, 2, 3}))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "no pair has a negative") {
		t.Errorf("got %v", err)
	}
	var bad *stages.ParamError
	if _, err := run(t, mine{}, `{}`, input(t, pairs), texts); !errors.As(err, &bad) || bad.Param != "method" {
		t.Errorf("got %v", err)
	}
}

func BenchmarkBM25(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(rng, 1.1, 3, 50_000)
	text := func(words int) string {
		var s strings.Builder
		for range words {
			fmt.Fprintf(&s, "w%d ", zipf.Uint64())
		}
		return s.String()
	}
	passages := make([]string, 100_000)
	for i := range passages {
		passages[i] = text(25)
	}
	x, scores := newIndex(passages, 1.2, .75), make([]float32, len(passages))
	questions := make([]string, 1000)
	for i := range questions {
		questions[i] = text(10)
	}
	n := 0
	for b.Loop() {
		x.score(questions[n%len(questions)], scores)
		highest(scores, 10)
		n++
	}
}
