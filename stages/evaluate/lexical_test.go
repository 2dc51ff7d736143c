package evaluate_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/evaluate"
	"repro/stages/stagetest"
)

// randomWords returns a set as randomSet does, with texts of few words, some of
// which are in one language only. Questions have two: of a sum of two it does
// not matter in which order it is added.
func randomWords(seed uint64, queries, docs int) *corpus.Set {
	rng := rand.New(rand.NewPCG(seed, 0))
	set := randomSet(rng, queries, docs)
	words := func(lang string, n int) string {
		var list []string
		for range n {
			word := fmt.Sprintf("w%d", rng.IntN(9)*rng.IntN(9))
			if rng.IntN(2) == 0 {
				word += lang
			}
			list = append(list, word)
		}
		return strings.Join(list, " ")
	}
	for i := range set.Docs {
		d := &set.Docs[i]
		d.Text = words(d.Lang, rng.IntN(20))
		if i%3 == 0 {
			d.Title = words(d.Lang, 1)
		}
	}
	for i := range set.Queries {
		set.Queries[i].Text = words(set.Queries[i].Lang, 2)
	}
	return set
}

// found returns the documents of docs that share a word with a question, best
// first, by BM25's definition with the statistics of docs. It shares no code
// with the stage.
func found(question string, docs []corpus.Doc, k1, b float64) []corpus.Doc {
	words := make([][]string, len(docs))
	length := 0.0
	for i, d := range docs {
		words[i] = strings.Fields(d.Title + " " + d.Text)
		length += float64(len(words[i])) / float64(len(docs))
	}
	type scored struct {
		corpus.Doc
		score float64
	}
	var list []scored
	for i, d := range docs {
		score := 0.0
		for _, t := range strings.Fields(question) {
			n, f := 0.0, 0.0
			for _, other := range words {
				if slices.Contains(other, t) {
					n++
				}
			}
			for _, w := range words[i] {
				if w == t {
					f++
				}
			}
			idf := math.Log(1 + (float64(len(docs))-n+.5)/(n+.5))
			score += idf * f * (k1 + 1) / (f + k1*(1-b+b*float64(len(words[i]))/length))
		}
		if score > 0 {
			list = append(list, scored{d, float64(float32(score))})
		}
	}
	slices.SortFunc(list, func(a, b scored) int {
		if math.Abs(a.score-b.score) > 1e-5 {
			return cmp.Compare(b.score, a.score)
		}
		return strings.Compare(b.ID, a.ID)
	})
	var order []corpus.Doc
	for _, s := range list {
		order = append(order, s.Doc)
	}
	return order
}

func precision(list []corpus.Doc, gains map[string]int) float64 {
	hits, sum := 0.0, 0.0
	for i, d := range list {
		if gains[d.ID] > 0 {
			hits++
			sum += hits / float64(i+1)
		}
	}
	return sum / float64(len(gains))
}

// TestBM25RanksEachCollectionByItself compares the average precision of every
// question in every setting.
func TestBM25RanksEachCollectionByItself(t *testing.T) {
	t.Parallel()
	set := randomWords(3, 80, 120)
	for _, c := range []struct{ k1, b float64 }{{.9, .4}, {2, 1}} {
		want := map[string]float64{}
		for _, q := range set.Queries {
			for _, lang := range []string{"de", "en", "zh", "all"} {
				var docs []corpus.Doc
				gains := map[string]int{}
				for _, d := range set.Docs {
					if lang == "all" || d.Lang == lang {
						docs = append(docs, d)
					}
				}
				for _, r := range set.Qrels {
					if of := slices.IndexFunc(docs, func(d corpus.Doc) bool { return d.ID == r.Doc }); r.Query == q.ID && of >= 0 {
						gains[r.Doc] = r.Score
					}
				}
				if len(gains) > 0 {
					want[q.ID+" "+lang] = precision(found(q.Text, docs, c.k1, c.b), gains)
				}
			}
		}
		out := run(t, fmt.Sprintf(`{"ranking":"bm25","bm25.k1":%v,"bm25.b":%v}`, c.k1, c.b), (&retrieval{set: set}).setInput(t))
		got := map[string]float64{}
		for _, line := range out.perQuery {
			got[line["query"].(string)+" "+line["doc_lang"].(string)] = line["map"].(float64)
		}
		if diff := gocmp.Diff(want, got, approx); diff != "" {
			t.Errorf("%+v (-definition +stage):\n%s", c, diff)
		}
		var lines []string
		for _, q := range set.Queries {
			list := found(q.Text, set.Docs, c.k1, c.b)
			for i, d := range list[:min(100, len(list))] {
				lines = append(lines, fmt.Sprintf("%s Q0 %s %d", q.ID, d.ID, i+1))
			}
		}
		var listed []string
		for line := range strings.Lines(out.run) {
			listed = append(listed, strings.Join(strings.Fields(line)[:4], " "))
		}
		if diff := gocmp.Diff(lines, listed); diff != "" {
			t.Errorf("%+v: run (-definition +stage):\n%s", c, diff)
		}
	}
}

func TestBM25FindsOnlyWhatSharesAWord(t *testing.T) {
	t.Parallel()
	set := &corpus.Set{
		Docs:    []corpus.Doc{{ID: "en:a", Lang: "en", Text: "Cows eat grass"}, {ID: "en:b", Lang: "en", Title: "Hens"}, {ID: "de:a", Lang: "de", Text: "Kühe fressen Gras"}},
		Queries: []corpus.Query{{ID: "en:1", Lang: "en", Text: "grass?"}, {ID: "en:2", Lang: "en", Text: "HENS"}},
	}
	for _, r := range [][2]string{{"en:1", "en:a"}, {"en:1", "de:a"}, {"en:2", "en:b"}} {
		set.Qrels = append(set.Qrels, corpus.Qrel{Query: r[0], Doc: r[1], Score: 1})
	}
	out := run(t, `{"ranking":"bm25"}`, (&retrieval{set: set}).setInput(t))
	for _, want := range []record{
		{"monolingual", "en", "en", "map", 1, 2},
		{"cross-lingual", "en", "de", "map", 0, 1},
		{"multilingual", "en", "all", "map", .75, 2},
	} {
		if got := out.value(t, want.Setting, want.QueryLang, want.DocLang, "map"); got != want.Value {
			t.Errorf("%+v: got %v", want, got)
		}
	}
	if !strings.Contains(out.log, "1 of 3 answers are not listed") || strings.Contains(out.metricsText, "rank-distance") {
		t.Errorf("the answer that is not found has a rank: %s\n%s", out.log, out.metricsText)
	}
}

func TestBM25IgnoresIdenticalIdentifiersIfAskedFor(t *testing.T) {
	t.Parallel()
	set := &corpus.Set{
		Docs:    []corpus.Doc{{ID: "1", Lang: "en", Text: "cow"}, {ID: "2", Lang: "en", Text: "cow cow"}, {ID: "3", Lang: "en", Text: "hen"}},
		Queries: []corpus.Query{{ID: "2", Lang: "en", Text: "cow"}},
		Qrels:   []corpus.Qrel{{Query: "2", Doc: "1", Score: 1}},
	}
	for params, want := range map[string]float64{`{"ranking":"bm25"}`: .5, `{"ranking":"bm25","bm25.ignore_identical_ids":true}`: 1} {
		out := run(t, params, (&retrieval{set: set}).setInput(t))
		for _, setting := range []string{"monolingual", "multilingual"} {
			lang := map[string]string{"monolingual": "en", "multilingual": "all"}[setting]
			if got := out.value(t, setting, "en", lang, "map"); got != want {
				t.Errorf("%s, %s: map %v, want %v", params, setting, got, want)
			}
		}
	}
}

func TestBM25KeepsThePromisesOfStages(t *testing.T) {
	t.Parallel()
	set := (&retrieval{set: randomWords(5, 200, 90)}).setInput(t)
	stagetest.Run(t, evaluate.New(), stagetest.Case{Params: `{"ranking":"bm25"}`, Inputs: []stagetest.Input{set}})
}

func TestBadParametersOfBM25AreRefused(t *testing.T) {
	t.Parallel()
	const others = `"ranking":"bm25","settings":["monolingual"],"recall_at":[1],"ndcg_at":[],"missing":"skip","bias_at":1,"run_depth":1`
	for param, own := range map[string]string{"": `"bm25.k1":0,"bm25.b":1`, "bm25.k1": `"bm25.k1":-1,"bm25.b":0`, "bm25.b": `"bm25.k1":1,"bm25.b":1.5`} {
		err := evaluate.New().Check([]byte("{" + others + "," + own + `,"bm25.ignore_identical_ids":false}`))
		var problem *stages.ParamError
		if errors.As(err, &problem) != (param != "") || problem != nil && (problem.Param != param || problem.Hint == "") {
			t.Errorf("%s: error %v", own, err)
		}
	}
	set, embeddings := tiny(t)
	if err := runError(t, `{"ranking":"bm25"}`, set, embeddings); err == nil || !strings.Contains(err.Error(), "does not read the input embeddings") {
		t.Errorf("unused embeddings: error %v", err)
	}
}
