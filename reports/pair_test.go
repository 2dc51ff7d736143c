package reports_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"repro/reports"
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
