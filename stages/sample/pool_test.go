package sample_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
)

// parallel returns n items of a dataset in the given languages.
func parallel(dataset string, n int, langs ...string) []corpus.Pair {
	var pairs []corpus.Pair
	for i := range n {
		for _, lang := range langs {
			pairs = append(pairs, corpus.Pair{
				Dataset: dataset, ID: fmt.Sprintf("%s-%d", dataset, i), Lang: lang,
				Query: fmt.Sprintf("%s question %d?", lang, i), Passage: fmt.Sprintf("%s passage %d.", lang, i),
			})
		}
	}
	return pairs
}

func newPool(t testing.TB, pairs ...[]corpus.Pair) *sample.Pool {
	t.Helper()
	pool, err := sample.NewPool(slices.Concat(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func TestPoolDoesNotDependOnTheOrderOfPairs(t *testing.T) {
	t.Parallel()
	pairs := slices.Concat(parallel("b", 5, "en", "de"), parallel("a", 3, "fr", "en", "zh"))
	want := slices.Collect(newPool(t, pairs).All())
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		rng.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		if diff := cmp.Diff(want, slices.Collect(newPool(t, pairs).All())); diff != "" {
			t.Fatalf("pool (-want +got):\n%s", diff)
		}
	}
}

func TestPoolKnowsItemsByLanguage(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("two", 2, "en", "de"), parallel("one", 3, "en"))
	if diff := cmp.Diff([]string{"de", "en"}, pool.Langs()); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
	if pool.Len() != 7 {
		t.Errorf("%d pairs, want 7", pool.Len())
	}
	one, two := pool.Datasets()[0], pool.Datasets()[1]
	got := []int{len(one.Items()), len(one.In("en")), len(one.In("de")), len(one.Multilingual()),
		len(two.Items()), len(two.In("en")), len(two.In("xx")), len(two.Multilingual())}
	if diff := cmp.Diff([]int{3, 3, 0, 0, 2, 2, 0, 2}, got); diff != "" {
		t.Errorf("numbers of items (-want +got):\n%s", diff)
	}
	item, ok := pool.Find("two", "two-1")
	if !ok || pool.ID(item) != "two-1" {
		t.Fatalf("Find gave %d, %v", item, ok)
	}
	query, passage, ok := pool.Text(item, "de")
	if query != "de question 1?" || passage != "de passage 1." || !ok {
		t.Errorf("Text gave %q, %q, %v", query, passage, ok)
	}
	if _, _, ok := pool.Text(item, "fr"); ok {
		t.Error("Text found a language that is not there")
	}
	for _, absent := range [][2]string{{"two", "two-2"}, {"three", "two-1"}, {"one", "two-1"}} {
		if _, ok := pool.Find(absent[0], absent[1]); ok {
			t.Errorf("Find found %v", absent)
		}
	}
}

func TestPoolKnowsSharedPassages(t *testing.T) {
	t.Parallel()
	pairs := parallel("d", 3, "en", "de")
	pairs[2].Passage = pairs[0].Passage // items 0 and 1 share the English passage only
	pool := newPool(t, pairs)
	if !pool.SamePassage(0, 1, "en") || pool.SamePassage(0, 1, "de") || pool.SamePassage(0, 2, "en") || pool.SamePassage(0, 1, "fr") {
		t.Error("SamePassage is wrong")
	}
}

func TestPoolCountsEqualPairsOnceAndRefusesUnequalOnes(t *testing.T) {
	t.Parallel()
	pairs := parallel("d", 2, "en", "de")
	pool := newPool(t, pairs, pairs)
	if pool.Len() != 4 {
		t.Errorf("%d pairs, want 4", pool.Len())
	}
	other := pairs[3]
	other.Passage += " Not quite."
	_, err := sample.NewPool(append(pairs, other))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "d-1") || !strings.Contains(err.Error(), "de") {
		t.Errorf("got %v, want an input error that names the pair", err)
	}
}

func TestPoolRefusesPairsWithoutAField(t *testing.T) {
	t.Parallel()
	for field, blank := range map[string]func(*corpus.Pair){
		"dataset": func(p *corpus.Pair) { p.Dataset = "" },
		"id":      func(p *corpus.Pair) { p.ID = "" },
		"lang":    func(p *corpus.Pair) { p.Lang = "" },
		"query":   func(p *corpus.Pair) { p.Query = "" },
		"passage": func(p *corpus.Pair) { p.Passage = "" },
	} {
		pairs := parallel("d", 1, "en")
		blank(&pairs[0])
		if _, err := sample.NewPool(pairs); !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), field) {
			t.Errorf("without %s: got %v", field, err)
		}
	}
	if _, err := sample.NewPool(nil); !errors.Is(err, stages.ErrInput) {
		t.Errorf("no pairs: got %v", err)
	}
}

func TestPoolKeepsVeryLongTexts(t *testing.T) {
	t.Parallel()
	pairs := parallel("d", 3, "en")
	pairs[1].Passage = strings.Repeat("ẞ長い", 400_000)
	pool := newPool(t, pairs)
	if _, passage, _ := pool.Text(1, "en"); passage != pairs[1].Passage {
		t.Error("the long passage came back changed")
	}
}
