package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
)

// facts returns the pool of a part of the bundled corpus in some of English and
// German.
func facts(t testing.TB, langs ...string) *sample.Pool {
	t.Helper()
	pairs, err := corpus.LoadLines[corpus.Pair]("testdata/pairs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return poolOf(t, slices.DeleteFunc(pairs, func(p corpus.Pair) bool { return !slices.Contains(langs, p.Lang) }))
}

// allFacts returns the pool of all of the bundled corpus.
func allFacts(t testing.TB, langs ...string) *sample.Pool {
	t.Helper()
	var pairs []corpus.Pair
	for _, lang := range langs {
		type line struct{ ID, Question, Passage string }
		err := corpus.ReadLines(filepath.Join("..", "..", "data", "facts", "train", lang+".jsonl"), func(l line) error {
			pairs = append(pairs, corpus.Pair{Dataset: "facts", ID: l.ID, Lang: lang, Query: l.Question, Passage: l.Passage})
			return nil
		})
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("the bundled corpus is not beside this copy of the plugin")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return poolOf(t, pairs)
}

func poolOf(t testing.TB, pairs []corpus.Pair) *sample.Pool {
	t.Helper()
	pool, err := sample.NewPool(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// prepared returns a sampler that has its lexicon: the given lines, or what it
// learned from the pool if there are none.
func prepared(t testing.TB, pool *sample.Pool, params string, lines ...string) (*codeSwitch, error) {
	t.Helper()
	job := &stages.Job{Params: filled(t, params), Log: t.Output()}
	s, err := newCodeSwitch(job.Params)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) > 0 {
		file := filepath.Join(t.TempDir(), "lexicon")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		job.In = []stages.Input{{Port: "lexicon", Path: file}}
	}
	return s.(*codeSwitch), s.(*codeSwitch).Prepare(t.Context(), pool, job)
}

// filled adds the defaults to a JSON object.
func filled(t testing.TB, params string) json.RawMessage {
	t.Helper()
	all := map[string]json.RawMessage{}
	for _, p := range method().Params {
		all[p.Name] = json.RawMessage(p.Default)
	}
	if err := json.Unmarshal([]byte(params), &all); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func batches(t testing.TB, s *codeSwitch, pool *sample.Pool, steps, size int, seed uint64) []sample.Batch {
	t.Helper()
	var all []sample.Batch
	for step := range steps {
		b, err := s.Batch(pool, sample.Step{Number: step, Total: steps, Size: size}, sample.NewRand(seed, step))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func TestLexiconOfTheBundledCorpusHasObviousWords(t *testing.T) {
	t.Parallel()
	s, err := prepared(t, allFacts(t, "en", "de", "sw", "es"), `{}`)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]map[string]string{
		"cow":      {"de": "Kuh", "sw": "ng'ombe", "es": "vaca"},
		"water":    {"de": "Wasser", "sw": "maji", "es": "agua"},
		"milk":     {"de": "Milch", "sw": "maziwa", "es": "leche"},
		"night":    {"de": "Nacht", "sw": "usiku", "es": "noche"},
		"children": {"de": "Kinder", "sw": "watoto", "es": "niños"},
		"grass":    {"de": "Gras", "sw": "nyasi", "es": "hierba"},
		"and":      {"de": "und", "sw": "na", "es": "y"},
		"paper":    {"de": "Papier", "sw": "karatasi", "es": "papel"},
	} {
		got := map[string]string{}
		for _, e := range s.lexicon[word] {
			got[e.lang] = strings.Join(e.words, " ")
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", word, got, want)
		}
	}
	for lang, known := range s.lexicon.langs() {
		if len(known) < 250 {
			t.Errorf("only %d words in %s", len(known), lang)
		}
	}
}

func TestLexiconNeedsWordsThatOccurTogetherOften(t *testing.T) {
	t.Parallel()
	pool := facts(t, "en", "de")
	before := math.MaxInt
	for _, least := range []int{1, 2, 3, 4} {
		s, err := prepared(t, pool, fmt.Sprintf(`{"min_count": %d}`, least))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(s.lexicon); n >= before || n < 10 {
			t.Errorf("min_count %d: %d words, with one less %d", least, n, before)
		}
		before = len(s.lexicon)
	}
}

func TestShareOfKnownWordsThatChangeIsP(t *testing.T) {
	t.Parallel()
	pool := facts(t, "en", "de")
	for _, p := range []float64{0, .25, .5, 1} {
		s, err := prepared(t, pool, fmt.Sprintf(`{"p": %v}`, p))
		if err != nil {
			t.Fatal(err)
		}
		known, changed := 0, 0
		for _, b := range batches(t, s, pool, 60, 30, 1) {
			for _, r := range b.Rows {
				query, passage, _ := pool.Text(r.Item, "en")
				for _, texts := range [][2]string{{query, r.QueryText}, {passage, r.PassageText}} {
					before, after := split(texts[0]), split(texts[1])
					if !slices.Equal(before.between, after.between) || len(before.words) != len(after.words) {
						t.Fatalf("more than words changed from %q to %q", texts[0], texts[1])
					}
					for i, word := range before.words {
						translations := s.lexicon[strings.ToLower(word)]
						switch {
						case word == after.words[i]:
						case !slices.ContainsFunc(translations, func(e entry) bool {
							return slices.ContainsFunc(e.words, func(w string) bool { return strings.EqualFold(w, after.words[i]) })
						}):
							t.Fatalf("%q became %q", word, after.words[i])
						default:
							changed++
						}
						if len(translations) > 0 {
							known++
						}
					}
				}
			}
		}
		if got, slack := float64(changed)/float64(known), 4*math.Sqrt(p*(1-p)/float64(known)); math.Abs(got-p) > slack {
			t.Errorf("p = %v: %d of %d known words changed, %.3f", p, changed, known, got)
		}
	}
}

type parts struct{ words, between []string }

func split(text string) (p parts) {
	at := 0
	for start, end := range words(text) {
		p.words, p.between = append(p.words, text[start:end]), append(p.between, text[at:start])
		at = end
	}
	p.between = append(p.between, text[at:])
	return p
}

func TestSeedsDecideAll(t *testing.T) {
	t.Parallel()
	pool := facts(t, "en", "de")
	var drawn [][]sample.Batch
	for _, seed := range []uint64{1, 1, 2} {
		s, err := prepared(t, pool, `{}`)
		if err != nil {
			t.Fatal(err)
		}
		drawn = append(drawn, batches(t, s, pool, 3, 30, seed))
	}
	if !reflect.DeepEqual(drawn[0], drawn[1]) {
		t.Error("the same seed drew other batches")
	}
	if reflect.DeepEqual(drawn[0], drawn[2]) {
		t.Error("two seeds drew the same")
	}
}

const (
	cow     = `{"from": "en", "word": "Cow", "to": "de", "translation": "Kuh"}`
	cowES   = `{"from": "en", "word": "cow", "to": "es", "translation": "vaca"}`
	cowDE   = `{"from": "en", "word": "cow", "to": "de", "translation": "Rind"}`
	is      = `{"from": "en", "word": "is", "to": "de", "translation": "ist"}`
	reverse = `{"from": "de", "word": "ist", "to": "en", "translation": "is"}`
)

func TestGivenLexiconIsUsed(t *testing.T) {
	t.Parallel()
	pool := facts(t, "en")
	for _, c := range []struct{ params, text, want string }{
		{`{"p": 1, "to": ["es"]}`, "A cow? COW's, cows; Cow.", "A vaca? COW's, cows; Vaca."},
		{`{"p": 1, "to": ["es"]}`, "What is a cow", "What is a vaca"},
		{`{"p": 0}`, "What is a cow", "What is a cow"},
		{`{"p": 1}`, "Is it?", "Ist it?"},
		{`{"p": 1}`, "", ""},
	} {
		s, err := prepared(t, pool, c.params, cow, cowES, is, reverse)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.lexicon.replace(c.text, s.P, sample.NewRand(0, 0)); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.params, c.text, got, c.want)
		}
	}
}

func TestLanguagesAreDrawnUniformlyThenTranslations(t *testing.T) {
	t.Parallel()
	s, err := prepared(t, facts(t, "en"), `{"p": 1}`, cow, cowES, cowDE)
	if err != nil {
		t.Fatal(err)
	}
	const n = 4000
	counts := map[string]int{}
	for _, word := range strings.Fields(s.lexicon.replace(strings.Repeat("cow ", n), s.P, sample.NewRand(3, 0))) {
		counts[word]++
	}
	for word, share := range map[string]float64{"vaca": .5, "Kuh": .25, "Rind": .25} {
		if got := float64(counts[word]) / n; math.Abs(got-share) > 4*math.Sqrt(share/n) {
			t.Errorf("share of %s: %.3f, want %v", word, got, share)
		}
	}
}

func TestWordsAreLettersMarksAndInnerApostrophes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"The cow's 2 mats.":       {"The", "cow's", "mats"},
		"the dogs' ng’ombe 'so'":  {"the", "dogs", "ng’ombe", "so"},
		"भारत की राजधानी?":        {"भारत", "की", "राजधानी"},
		"e\u0301te\u0301, Straße": {"e\u0301te\u0301", "Straße"},
		"half-life\xff":           {"half", "life"},
		"…":                       nil,
	} {
		if got := split(text).words; !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{"p": -0.1}`:              "p",
		`{"p": 1.5}`:               "p",
		`{"to": ["de", "en"]}`:     "to",
		`{"min_count": 0}`:         "min_count",
		`{"from": "", "to": [""]}`: "to",
	} {
		var bad *stages.ParamError
		if _, err := newCodeSwitch(filled(t, params)); !errors.As(err, &bad) || bad.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
}

func TestWhatCannotBeTranslatedSaysSo(t *testing.T) {
	t.Parallel()
	english, two := facts(t, "en"), facts(t, "en", "de")
	for _, c := range []struct {
		pool         *sample.Pool
		params, want string
		lexicon      []string
	}{
		{english, `{}`, "no word has a translation from en", nil},
		{two, `{"from": "fr"}`, "no word has a translation from fr", nil},
		{two, `{"to": ["de", "fr"]}`, `to: no word has a translation into "fr"`, nil},
		{two, `{"to": ["fr"]}`, `to: no word has a translation into "fr"`, []string{cow}},
		{two, `{}`, "no word has a translation", []string{reverse}},
		{two, `{}`, `lexicon:2: bad input: want "from"`, []string{cow, `{"from": "en", "word": "", "to": "de", "translation": "x"}`}},
		{two, `{}`, `lexicon:1: `, []string{"cow\tKuh"}},
	} {
		if _, err := prepared(t, c.pool, c.params, c.lexicon...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.params, err, c.want)
		}
	}
}
