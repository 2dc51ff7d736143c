package reports_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"repro/reports"
	"repro/reports/stats"
)

func queries(list ...any) (q []reports.Query) {
	for i := 0; i < len(list); i += 3 {
		q = append(q, reports.Query{ID: list[i].(string), Question: list[i+1].(string), Value: list[i+2].(float64)})
	}
	return q
}

func TestPairKeepsTranslationsTogether(t *testing.T) {
	t.Parallel()
	old := &reports.Values{Groups: []reports.Group{
		{Key: reports.Key{"de"}, Weight: 0.5, Queries: queries("de:1", "1", 0.5, "de:2", "2", 0.5)},
		{Key: reports.Key{"en"}, Weight: 0.5, Queries: queries("en:1", "1", 0.2, "en:2", "2", 0.4, "en:3", "3", 0.4, "en:9", "9", 1.0)},
	}}
	new := &reports.Values{Groups: []reports.Group{
		{Key: reports.Key{"en"}, Weight: 0.5, Queries: queries("en:0", "0", 0.0, "en:1", "1", 0.3, "en:2", "2", 0.4, "en:3", "3", 0.6)},
		{Key: reports.Key{"de"}, Weight: 0.5, Queries: queries("de:1", "1", 1.0, "de:2", "2", 0.9)},
	}}
	units, shared, err := reports.Pair(old, new)
	if err != nil {
		t.Fatal(err)
	}
	// By hand: de differs by .5 and .4 (mean .45), en by .1, 0 and .2 (mean .1);
	// the cells by (.45+.1)/2 = .275.
	want := []reports.Unit{
		{Question: "1", Flip: 3 * (.5/2*.5 + .5/3*.1), Boot: .275 + 3*(.5/2*.05)},
		{Question: "2", Flip: 3 * (.5 / 2 * .4), Boot: .275 + 3*(.5/2*-.05+.5/3*-.1)},
		{Question: "3", Flip: 3 * (.5 / 3 * .2), Boot: .275 + 3*(.5/3*.1)},
	}
	if diff := cmp.Diff(want, units, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	flip, boot := 0.0, 0.0
	for _, u := range units {
		flip += u.Flip / 3
		boot += u.Boot / 3
	}
	if shared != 5 || math.Abs(flip-.275) > 1e-12 || math.Abs(boot-.275) > 1e-12 {
		t.Errorf("%d shared, means %v and %v", shared, flip, boot)
	}
}

// A system that is better by the same everywhere has no noise, however unequal
// the groups are: drawing questions must not bring any.
func TestPairOfAConstantDifferenceDoesNotVary(t *testing.T) {
	t.Parallel()
	old := &reports.Values{Groups: []reports.Group{
		{Key: reports.Key{"de"}, Weight: 0.5, Queries: queries("de:1", "1", 0.25)},
		{Key: reports.Key{"en"}, Weight: 0.5, Queries: queries("en:1", "1", 0.5, "en:2", "2", 0.25, "en:3", "3", 0.75)},
	}}
	new := &reports.Values{Groups: []reports.Group{
		{Key: reports.Key{"de"}, Weight: 0.5, Queries: queries("de:1", "1", 0.5)},
		{Key: reports.Key{"en"}, Weight: 0.5, Queries: queries("en:1", "1", 0.75, "en:2", "2", 0.5, "en:3", "3", 1.0)},
	}}
	units, _, err := reports.Pair(old, new)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range units {
		if u.Boot != 0.25 {
			t.Errorf("question %s: %v", u.Question, u.Boot)
		}
	}
}

func TestPairRefusesCellsOfOtherGroups(t *testing.T) {
	t.Parallel()
	de := reports.Group{Key: reports.Key{"de"}, Weight: 1, Queries: queries("de:1", "1", 0.5)}
	en := reports.Group{Key: reports.Key{"en"}, Weight: 1, Queries: queries("en:1", "1", 0.5)}
	other := reports.Group{Key: reports.Key{"de"}, Weight: 1, Queries: queries("de:2", "2", 0.5)}
	for name, c := range map[string][2][]reports.Group{
		"another group":     {{de}, {en}},
		"one more":          {{de}, {de, en}},
		"none":              {nil, nil},
		"no query in both ": {{de}, {other}},
	} {
		if _, _, err := reports.Pair(&reports.Values{Groups: c[0]}, &reports.Values{Groups: c[1]}); !errors.Is(err, reports.ErrUnpaired) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two systems that differ by chance only: each question has its own, most of
// which its translations share, and not every language has every question. One
// comparison in 20 is to look real, by either test.
func TestPairsOfEqualSystems(t *testing.T) {
	t.Parallel()
	const comparisons, questions = 1000, 240
	rng := rand.New(rand.NewPCG(5, 6))
	found := map[string]int{}
	for range comparisons {
		old, new := &reports.Values{}, &reports.Values{}
		chance := make([]float64, questions)
		for q := range chance {
			chance[q] = rng.NormFloat64()
		}
		for i, lang := range []string{"ar", "de", "en"} {
			a, b := reports.Group{Key: reports.Key{lang}, Weight: 1. / 3}, reports.Group{Key: reports.Key{lang}, Weight: 1. / 3}
			for q := 0; q < questions; q += 3 - i { // a third of the questions, half, all
				id, question := fmt.Sprintf("%s:%d", lang, q), fmt.Sprint(q)
				a.Queries = append(a.Queries, reports.Query{ID: id, Question: question, Value: 1})
				b.Queries = append(b.Queries, reports.Query{ID: id, Question: question, Value: 1 + chance[q] + 0.5*rng.NormFloat64()})
			}
			old.Groups, new.Groups = append(old.Groups, a), append(new.Groups, b)
		}
		units, _, err := reports.Pair(old, new)
		if err != nil {
			t.Fatal(err)
		}
		var flips, boots []float64
		for _, u := range units {
			flips, boots = append(flips, u.Flip), append(boots, u.Boot)
		}
		o := stats.Options{Samples: 600, Seed: rng.Uint64()}
		if stats.Randomisation(flips, o) <= 0.05 {
			found["randomisation"]++
		}
		if lo, hi := stats.Bootstrap(boots, o); lo > 0 || hi < 0 {
			found["bootstrap"]++
		}
	}
	t.Logf("of %d null comparisons, these looked real: %v", comparisons, found)
	// 999 of 1,000 times a binomial of 1,000 and 5 % is between 29 and 75.
	for _, test := range []string{"randomisation", "bootstrap"} {
		if n := found[test]; n < 29 || n > 75 {
			t.Errorf("%s: %d of %d", test, n, comparisons)
		}
	}
}
