package overlap_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/overlap"
	"repro/stages/stagetest"
)

// line is a line of matches.
type line struct {
	Text, Lang, Match, ID, Test, Dataset, Pair, Train string
	Similarity                                        float64
}

// texts are a question and a passage in one language.
type texts struct{ lang, question, passage string }

func inputs(t testing.TB, train [][]texts, test []texts) []stagetest.Input {
	t.Helper()
	var list []stagetest.Input
	for f, file := range train {
		var b strings.Builder
		for i, x := range file {
			b.WriteString(encode(t, corpus.Pair{Dataset: fmt.Sprintf("set%d", f), ID: fmt.Sprint(i), Lang: x.lang, Query: x.question, Passage: x.passage}))
		}
		list = append(list, stagetest.Input{Port: "pairs", Content: b.String()})
	}
	var queries, docs strings.Builder
	for i, x := range test {
		queries.WriteString(encode(t, corpus.Query{ID: fmt.Sprintf("q%d", i), Text: x.question, Lang: x.lang}))
		docs.WriteString(encode(t, corpus.Doc{ID: fmt.Sprintf("d%d", i), Text: x.passage, Lang: x.lang}))
	}
	return append(list, stagetest.Input{Port: "retrieval", Files: map[string]string{
		"corpus.jsonl": docs.String(), "queries.jsonl": queries.String(), "qrels/test.tsv": corpus.QrelsHeader + "\n",
	}})
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func run(t testing.TB, params string, threads int, in []stagetest.Input) (metrics map[string]float64, matches []line, raw string) {
	t.Helper()
	job := stagetest.NewJob(t, overlap.New(), params, in...)
	job.Threads = threads
	if err := overlap.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(job.Out["metrics"])
	if err != nil {
		t.Fatal(err)
	}
	var records []struct {
		Metric, Text, Lang string
		Value              float64
	}
	if err := json.Unmarshal(b, &records); err != nil {
		t.Fatal(err)
	}
	metrics = map[string]float64{}
	for _, r := range records {
		metrics[r.Metric+" "+r.Text+" "+r.Lang] = r.Value
	}
	if matches, err = corpus.LoadLines[line](job.Out["matches"]); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(job.Out["matches"])
	if err != nil {
		t.Fatal(err)
	}
	return metrics, matches, string(b) + string(lines)
}

var (
	train = [][]texts{
		{
			{"en", "Who built the old mill?", "a b c d e f g h i j k l m n o p"},
			{"en", "Where is the sea?", "Nothing like it."},
			{"de", "Wo ist das Meer?", "Größe ﬁne"},
		},
		{
			{"en", "who built   the OLD mill?", "a b c d e f g h i j k l m n o q"},
			{"th", "", "กขคงจฉชซฌญฎฏฐฑฒณ"},
		},
	}
	test = []texts{
		{"en", "Who built the old mill?", "A B C D E F G H I J K L M N O"},
		{"en", "Wo ist das Meer?", "a c b d f e"},
		{"de", "Wo ist das Meer", "GRÖSSE fine grÖße\u00a0FINE"},
		{"de", "...", "gro\u0308ße\tFINE"},
		{"th", "ก", "กขคงจฉชซฌญฎฏฐฑฒ"},
	}
)

func TestExactAndNear(t *testing.T) {
	t.Parallel()
	metrics, matches, _ := run(t, "", 2, inputs(t, train, test))
	want := []line{
		// Without the question mark it is near: shingles have no punctuation.
		{Text: "question", Lang: "de", Match: "near", Similarity: 1, ID: "q2", Test: "Wo ist das Meer", Dataset: "set0", Pair: "2", Train: "Wo ist das Meer?"},
		// The first of equals, whatever its case and spaces.
		{Text: "question", Lang: "en", Match: "exact", Similarity: 1, ID: "q0", Test: "Who built the old mill?", Dataset: "set0", Pair: "0", Train: "Who built the old mill?"},
		{Text: "passage", Lang: "de", Match: "exact", Similarity: 1, ID: "d3", Test: "gro\u0308ße\tFINE", Dataset: "set0", Pair: "2", Train: "Größe ﬁne"},
		// 13 of 14 shingles of three words, and twice so: the first counts.
		{Text: "passage", Lang: "en", Match: "near", Similarity: 13. / 14, ID: "d0", Test: "A B C D E F G H I J K L M N O", Dataset: "set0", Pair: "0", Train: "a b c d e f g h i j k l m n o p"},
		// 11 of 12 shingles of five characters.
		{Text: "passage", Lang: "th", Match: "near", Similarity: 11. / 12, ID: "d4", Test: "กขคงจฉชซฌญฎฏฐฑฒ", Dataset: "set1", Pair: "1", Train: "กขคงจฉชซฌญฎฏฐฑฒณ"},
	}
	if diff := cmp.Diff(want, matches, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]float64{
		"exact question en": 0.5, "near question en": 0, "texts question en": 2, "exact-count question en": 1,
		"exact question de": 0, "near question de": 0.5, "near-count question de": 1,
		"exact passage de": 0.5, "near passage de": 0, "near passage en": 0.5, "near passage th": 1, "exact passage th": 0,
	} {
		if got, ok := metrics[name]; !ok || got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestParametersDecideWhatIsNear(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]float64{
		`{"threshold": 0.95}`:               0,
		`{"threshold": 0.2}`:                1,
		`{"threshold": 0.9, "words": 14}`:   0,
		`{"threshold": 0.375, "words": 20}`: 0,
		`{"threshold": 0.375, "words": 1}`:  2,
	} {
		metrics, _, _ := run(t, params, 1, inputs(t, train, test))
		if got := metrics["near-count passage en"]; got != want {
			t.Errorf("%s: %v near, want %v", params, got, want)
		}
	}
}

// Every near duplicate is found, and no other, with any number of threads.
func TestAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	words := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("w%d", rng.IntN(40))
		}
		return list
	}
	var test, train []texts
	for range 100 {
		test = append(test, texts{lang: "en", passage: strings.Join(words(1+rng.IntN(15)), " ")})
	}
	for range 500 {
		list := strings.Fields(test[rng.IntN(len(test))].passage)
		for range rng.IntN(4) {
			list[rng.IntN(len(list))] = words(1)[0]
		}
		if rng.IntN(2) == 0 {
			list = append(list, words(rng.IntN(3))...)
		}
		train = append(train, texts{lang: "en", passage: strings.Join(list, " ")})
	}
	for _, threshold := range []float64{0.5, 0.8, 1} {
		params := fmt.Sprintf(`{"threshold": %v, "words": 2}`, threshold)
		_, matches, one := run(t, params, 1, inputs(t, [][]texts{train}, test))
		if _, _, three := run(t, params, 3, inputs(t, [][]texts{train}, test)); three != one {
			t.Error("three threads find something else than one")
		}
		var got []line
		for _, m := range matches {
			if m.Text == "passage" {
				got = append(got, line{ID: m.ID, Match: m.Match, Similarity: m.Similarity, Pair: m.Pair})
			}
		}
		var want []line
		for i, x := range test {
			best := line{ID: fmt.Sprintf("d%d", i)}
			for j, y := range train {
				m := line{ID: best.ID, Match: "near", Pair: fmt.Sprint(j), Similarity: similarity(x.passage, y.passage)}
				if x.passage == y.passage {
					m.Match = "exact"
				}
				if m.Similarity >= threshold && (best.Match == "" || best.Match == "near" && (m.Match == "exact" || m.Similarity > best.Similarity)) {
					best = m
				}
			}
			if best.Match != "" {
				want = append(want, best)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("threshold %v: %s", threshold, diff)
		}
	}
}

// similarity is Jaccard's, of pairs of neighbouring words.
func similarity(a, b string) float64 {
	set := func(text string) []string {
		list := strings.Fields(text)
		if len(list) == 1 {
			return list
		}
		var pairs []string
		for i := range list[1:] {
			pairs = append(pairs, list[i]+" "+list[i+1])
		}
		slices.Sort(pairs)
		return slices.Compact(pairs)
	}
	x, y := set(a), set(b)
	shared := 0
	for _, s := range x {
		if slices.Contains(y, s) {
			shared++
		}
	}
	return float64(shared) / float64(len(x)+len(y)-shared)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, overlap.New(), stagetest.Case{Inputs: inputs(t, train, test)})
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	for params, name := range map[string]string{
		`{"threshold": 0, "words": 3, "characters": 5}`:   "threshold",
		`{"threshold": 1.1, "words": 3, "characters": 5}`: "threshold",
		`{"threshold": 0.8, "words": 0, "characters": 5}`: "words",
		`{"threshold": 0.8, "words": 3, "characters": 0}`: "characters",
	} {
		var bad *stages.ParamError
		if err := overlap.New().Check(json.RawMessage(params)); !errors.As(err, &bad) || bad.Param != name {
			t.Errorf("%s: %v", params, err)
		}
	}
}

// BenchmarkOverlap holds 100,000 pairs against 20,000 texts, of which one in
// ten has a near duplicate.
func BenchmarkOverlap(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	sentence := func() string {
		list := make([]string, 10+rng.IntN(20))
		for i := range list {
			list[i] = fmt.Sprintf("w%d", int(1/(rng.Float64()+1e-5))) // few words are frequent
		}
		return strings.Join(list, " ")
	}
	var test, train []texts
	for range 10_000 {
		test = append(test, texts{"en", sentence(), sentence()})
	}
	for i := range 50_000 {
		train = append(train, texts{"en", sentence(), sentence()})
		if i%50 == 0 {
			train[i].passage = test[i/50].passage + " end"
		}
	}
	in := inputs(b, [][]texts{train}, test)
	for b.Loop() {
		if metrics, _, _ := run(b, "", 2, in); metrics["near-count passage en"] < 990 {
			b.Fatalf("%v near duplicates", metrics["near-count passage en"])
		}
	}
}
