package evaluate_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/evaluate"
	"repro/stages/stagetest"
	"repro/stages/tensor"
)

// tiny is two languages, two documents each, and one question in both.
//
// Scores of en:1: en:a 4, de:b 3, de:a 2, en:b 1; golds en:a and de:a.
// Scores of de:1: 1 for all, so that identifiers decide: en:b, en:a, de:b, de:a.
func tiny(t testing.TB) (set, embeddings stagetest.Input) {
	t.Helper()
	s := &corpus.Set{
		Docs:    []corpus.Doc{{ID: "en:a", Lang: "en"}, {ID: "en:b", Lang: "en"}, {ID: "de:a", Lang: "de"}, {ID: "de:b", Lang: "de"}},
		Queries: []corpus.Query{{ID: "en:1", Lang: "en", Question: "1"}, {ID: "de:1", Lang: "de", Question: "1"}},
	}
	for _, q := range []string{"en:1", "de:1"} {
		s.Qrels = append(s.Qrels, corpus.Qrel{Query: q, Doc: "en:a", Score: 1}, corpus.Qrel{Query: q, Doc: "de:a", Score: 1})
	}
	r := &retrieval{set: s}
	queries := &tensor.Matrix{Rows: 2, Cols: 2, Data: []float32{1, 0, 0, 1}}
	docs := &tensor.Matrix{Rows: 4, Cols: 2, Data: []float32{4, 1, 1, 1, 2, 1, 3, 1}}
	return r.setInput(t), embeddingsInput(t, queries, docs)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	r, embeddings := randomEmbeddings(t, 5, 200, 90, 5)
	for _, tc := range []stagetest.Case{
		{Inputs: []stagetest.Input{r.setInput(t), embeddings}},
		{Params: `{"ranking":"run"}`, Inputs: []stagetest.Input{r.setInput(t), r.runInput(20)}},
		{Params: `{"ranking":"random","missing":"zero"}`, Inputs: []stagetest.Input{r.setInput(t)}},
	} {
		t.Run(tc.Params, func(t *testing.T) {
			t.Parallel()
			stagetest.Run(t, evaluate.New(), tc)
		})
	}
}

func TestHandComputedExample(t *testing.T) {
	t.Parallel()
	set, embeddings := tiny(t)
	out := run(t, `{"recall_at":[1],"ndcg_at":[3],"bias_at":2,"run_depth":3}`, set, embeddings)
	log3 := math.Log2(3)
	for _, want := range []struct {
		setting, queryLang, docLang, metric string
		value                               float64
	}{
		{"monolingual", "en", "en", "map", 1},
		{"monolingual", "de", "de", "map", 0.5}, // de:b wins the tie
		{"monolingual", "de", "de", "recall@1", 0},
		{"cross-lingual", "en", "de", "map", 0.5},
		{"cross-lingual", "en", "de", "ndcg@3", 1 / log3},
		{"multilingual", "en", "all", "map", (1 + 2.0/3) / 2},
		{"multilingual", "en", "all", "recall@1", 0.5},
		{"multilingual", "en", "all", "ndcg@3", (1 + 0.5) / (1 + 1/log3)},
		{"multilingual", "en", "all", "rank-distance", 2},
		{"multilingual", "en", "all", "lang-share@2", 0.5},
		{"multilingual", "en", "all", "lang-bias@2", 1},
		{"multilingual", "en", "de", "gold-rank", 3},
		{"multilingual", "de", "all", "map", (1.0/2 + 2.0/4) / 2},
		{"multilingual", "de", "all", "mrr", 0.5},
		{"multilingual", "de", "all", "lang-bias@2", 0},
		{"multilingual", "de", "en", "gold-rank", 2},
	} {
		if got := out.value(t, want.setting, want.queryLang, want.docLang, want.metric); math.Abs(got-want.value) > 1e-12 {
			t.Errorf("%+v: got %v", want, got)
		}
	}
	wantRun := `en:1 Q0 en:a 1 4 repro
en:1 Q0 de:b 2 3 repro
en:1 Q0 de:a 3 2 repro
de:1 Q0 en:b 1 1 repro
de:1 Q0 en:a 2 1 repro
de:1 Q0 de:b 3 1 repro
`
	if diff := cmp.Diff(wantRun, out.run); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	wantQrels := "en:1 0 en:a 1\nen:1 0 de:a 1\nde:1 0 en:a 1\nde:1 0 de:a 1\n"
	if diff := cmp.Diff(wantQrels, out.qrels); diff != "" {
		t.Errorf("qrels (-want +got):\n%s", diff)
	}
	first, _, _ := strings.Cut(out.perQueryText, "\n")
	if want := `{"query":"en:1","question":"1","setting":"monolingual","query_lang":"en","doc_lang":"en","map":1,"mrr":1,"recall@1":1,"ndcg@3":1}`; first != want {
		t.Errorf("first line of per_query: %s", first)
	}
	if want := "[\n" + `{"setting":"monolingual","query_lang":"de","doc_lang":"de","metric":"map","value":0.5,"queries":1},`; !strings.HasPrefix(out.metricsText, want) {
		t.Errorf("metrics start with %.120s", out.metricsText)
	}
}

// TestRunGivesTheMetricsOfItsEmbeddings feeds the stage its own run.
func TestRunGivesTheMetricsOfItsEmbeddings(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(8, 8))
	r := &retrieval{set: randomSet(rng, 50, 80)}
	matrix := func(rows int) *tensor.Matrix {
		m := &tensor.Matrix{Rows: rows, Cols: 33, Data: make([]float32, rows*33)}
		for i := range m.Data {
			m.Data[i] = float32(rng.NormFloat64())
		}
		return m
	}
	set := r.setInput(t)
	first := run(t, `{"run_depth":80}`, set, embeddingsInput(t, matrix(50), matrix(80)))
	second := run(t, `{"run_depth":80,"ranking":"run"}`, set, stagetest.Input{Port: "run", Content: first.run})
	if diff := cmp.Diff(first.run, second.run); diff != "" {
		t.Errorf("run (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(first.metricsText, second.metricsText); diff != "" {
		t.Errorf("metrics (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(first.perQueryText, second.perQueryText); diff != "" {
		t.Errorf("per_query (-first +second):\n%s", diff)
	}
}

// TestARunOfTheBestDocumentsOnly has de:1's answer de:a left out: its average
// precision is as in trec_eval, and nothing is said that needs its rank.
func TestARunOfTheBestDocumentsOnly(t *testing.T) {
	t.Parallel()
	set, _ := tiny(t)
	content := "en:1 Q0 en:a 1 4 x\nen:1 Q0 de:a 2 3 x\nde:1 Q0 en:b 1 3 x\nde:1 Q0 en:a 2 2 x\nde:1 Q0 de:b 3 1 x\n"
	out := run(t, `{"ranking":"run","recall_at":[10],"ndcg_at":[10]}`, set, stagetest.Input{Port: "run", Content: content})
	for _, want := range []struct {
		setting, queryLang, docLang, metric string
		value                               float64
	}{
		{"multilingual", "en", "all", "map", 1},
		{"multilingual", "de", "all", "map", 1.0 / 2 / 2},
		{"multilingual", "de", "all", "recall@10", 0.5},
		{"multilingual", "de", "all", "ndcg@10", (1 / math.Log2(3)) / (1 + 1/math.Log2(3))},
		{"monolingual", "de", "de", "map", 0},
		{"cross-lingual", "de", "en", "map", 0.5},
	} {
		if got := out.value(t, want.setting, want.queryLang, want.docLang, want.metric); math.Abs(got-want.value) > 1e-12 {
			t.Errorf("%+v: got %v", want, got)
		}
	}
	for _, r := range out.metrics {
		if r.Metric == "rank-distance" || r.Metric == "gold-rank" {
			t.Errorf("%+v needs a rank that the run does not have", r)
		}
	}
	whole := content + "de:1 Q0 de:a 4 0 x\n"
	out = run(t, `{"ranking":"run"}`, set, stagetest.Input{Port: "run", Content: whole})
	if got := out.value(t, "multilingual", "de", "all", "rank-distance"); got != 2 {
		t.Errorf("with every answer, but not every document: rank-distance %v", got)
	}
}

// TestEqualVectorsTieWhereverTheyAre guards against sums whose order depends on
// where a row lies: no row of 21 values but the first starts like another.
func TestEqualVectorsTieWhereverTheyAre(t *testing.T) {
	t.Parallel()
	const docs, dim = 40, 21
	rng := rand.New(rand.NewPCG(6, 6))
	r := &retrieval{set: &corpus.Set{Queries: []corpus.Query{{ID: "en:q", Lang: "en"}}}}
	query := &tensor.Matrix{Rows: 1, Cols: dim}
	for range dim {
		query.Data = append(query.Data, float32(rng.NormFloat64()))
	}
	same := &tensor.Matrix{Rows: docs, Cols: dim}
	for i := range docs {
		r.set.Docs = append(r.set.Docs, corpus.Doc{ID: fmt.Sprintf("d%02d", i), Lang: "en"})
		if i == 0 {
			for range dim {
				same.Data = append(same.Data, float32(rng.NormFloat64()))
			}
			continue
		}
		same.Data = append(same.Data, same.Row(0)...)
	}
	out := run(t, "", r.setInput(t), embeddingsInput(t, query, same))
	scores := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSpace(out.run), "\n") {
		fields := strings.Fields(line)
		scores[fields[4]] = true
		if want := fmt.Sprintf("d%02d", docs-1-i); fields[2] != want {
			t.Errorf("rank %d is %s, want %s", i+1, fields[2], want)
		}
	}
	if len(scores) != 1 {
		t.Errorf("equal vectors have the scores %v", scores)
	}
}

func TestSettingsAreChosen(t *testing.T) {
	t.Parallel()
	set, embeddings := tiny(t)
	out := run(t, `{"settings":["cross-lingual"]}`, set, embeddings)
	for _, r := range out.metrics {
		if r.Setting != "cross-lingual" {
			t.Errorf("record %+v", r)
		}
	}
	if len(out.metrics) == 0 || len(out.perQuery) != 2 || out.run == "" {
		t.Errorf("%d records, %d lines, run %q", len(out.metrics), len(out.perQuery), out.run)
	}
}

func TestMissingAnswers(t *testing.T) {
	t.Parallel()
	set := &corpus.Set{
		Docs:    []corpus.Doc{{ID: "en:a", Lang: "en"}, {ID: "de:a", Lang: "de"}},
		Queries: []corpus.Query{{ID: "en:1", Lang: "en"}, {ID: "en:2", Lang: "en"}},
		Qrels:   []corpus.Qrel{{Query: "en:1", Doc: "en:a", Score: 1}, {Query: "en:2", Doc: "en:a", Score: 1}, {Query: "en:1", Doc: "de:a", Score: 1}},
	}
	r := &retrieval{set: set}
	vectors := &tensor.Matrix{Rows: 2, Cols: 1, Data: []float32{1, 1}}
	for missing, want := range map[string]record{
		"skip": {"cross-lingual", "en", "de", "map", 1, 1},
		"zero": {"cross-lingual", "en", "de", "map", 0.5, 2},
	} {
		out := run(t, fmt.Sprintf(`{"missing":%q,"settings":["cross-lingual"]}`, missing), r.setInput(t), embeddingsInput(t, vectors, vectors))
		if diff := cmp.Diff(want, out.metrics[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", missing, diff)
		}
	}
}

func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	set, embeddings := tiny(t)
	nan := float32(math.NaN())
	two := &tensor.Matrix{Rows: 2, Cols: 2, Data: []float32{1, 0, 0, 1}}
	four := func(values ...float32) *tensor.Matrix {
		return &tensor.Matrix{Rows: 4, Cols: len(values) / 4, Data: values}
	}
	runOf := func(content string) stagetest.Input { return stagetest.Input{Port: "run", Content: content} }
	withRun := `{"ranking":"run"}`
	for _, tc := range []struct {
		name, params string
		input        stagetest.Input
		want         []string
	}{
		{"a vector that is not a number", "", embeddingsInput(t, two, four(1, 1, 1, 1, 1, nan, 1, 1)), []string{`query "en:1"`, `document "de:a"`}},
		{"too few rows", "", embeddingsInput(t, two, two), []string{"corpus.npy has 2 rows and the retrieval set 4"}},
		{"other dimensions", "", embeddingsInput(t, two, four(1, 1, 1, 1)), []string{"2 dimensions and documents 1"}},
		{"not embeddings", "", stagetest.Input{Port: "embeddings", Files: map[string]string{"queries.npy": "x", "corpus.npy": "x"}}, []string{"queries.npy", "not a .npy file"}},
		{"run with an unknown query", withRun, runOf("en:1 Q0 en:a 1 1 x\nxx Q0 en:a 1 1 x\n"), []string{"run:2:", `unknown query "xx"`}},
		{"run with an unknown document", withRun, runOf("en:1 Q0 nope 1 1 x\n"), []string{"run:1:", `query "en:1"`, `unknown document "nope"`}},
		{"run with a score that is not a number", withRun, runOf("en:1 Q0 en:a 1 nan x\n"), []string{"run:1:", `query "en:1"`, `"nan"`}},
		{"run with a document twice", withRun, runOf("en:1 Q0 en:a 1 2 x\nen:1 Q0 en:a 1 1 x\n"), []string{`query "en:1"`, `"en:a" is listed twice`}},
		{"run cut short", withRun, runOf("en:1 Q0 en:a"), []string{"run:1:", "3 fields"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := runError(t, tc.params, set, tc.input)
			if !errors.Is(err, stages.ErrInput) {
				t.Fatalf("error %v does not wrap ErrInput", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	for params, want := range map[string]string{
		"":                  "needs the input embeddings",
		`{"ranking":"run"}`: "needs the input run",
	} {
		if err := runError(t, params, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", params, err, want)
		}
	}
	if err := runError(t, `{"ranking":"random"}`, set, embeddings); err == nil || !strings.Contains(err.Error(), "does not read the input embeddings") {
		t.Errorf("unused embeddings: error %v", err)
	}
}

func TestBadSetIsNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ docs, queries, qrels, want string }{
		"no lang":        {`{"_id":"d"}`, `{"_id":"q","lang":"en"}`, "", `document "d" has no lang`},
		"white space":    {`{"_id":"d","lang":"en"}`, `{"_id":"q 1","lang":"en"}`, "", `query "q 1"`},
		"judged twice":   {`{"_id":"d","lang":"en"}`, `{"_id":"q","lang":"en"}`, "q\td\t1\nq\td\t2\n", `document "d" is judged twice`},
		"nothing at all": {"", "", "", "nothing to score"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input := stagetest.Input{Port: "retrieval", Files: map[string]string{"corpus.jsonl": tc.docs, "queries.jsonl": tc.queries, "qrels/test.tsv": tc.qrels}}
			err := runError(t, `{"ranking":"random"}`, input)
			if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want ErrInput and %q", err, tc.want)
			}
		})
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	t.Parallel()
	good := `"ranking":"random","settings":["monolingual"],"recall_at":[1],"ndcg_at":[],"missing":"skip","bias_at":1,"run_depth":1`
	if err := evaluate.New().Check([]byte("{" + good + "}")); err != nil {
		t.Fatal(err)
	}
	for param, value := range map[string]string{
		"ranking": `"best"`, "settings": `["mono"]`, "recall_at": `[0]`, "ndcg_at": `[-1]`, "missing": `""`, "bias_at": `0`, "run_depth": `0`,
	} {
		err := evaluate.New().Check([]byte(fmt.Sprintf(`{%s,%q:%s}`, good, param, value)))
		var problem *stages.ParamError
		if !errors.As(err, &problem) || problem.Param != param || problem.Hint == "" {
			t.Errorf("%s = %s: error %v", param, value, err)
		}
	}
}

// TestRandomRankingHasNoRun shows the output port that depends on a parameter.
func TestRandomRankingHasNoRun(t *testing.T) {
	t.Parallel()
	set, _ := tiny(t)
	job := stagetest.NewJob(t, evaluate.New(), `{"ranking":"random"}`, set)
	if err := evaluate.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(job.Dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff([]string{"metrics", "per_query", "qrels"}, names); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// BenchmarkMLQAR has the sizes of MLQA-R in the multilingual setting.
func BenchmarkMLQAR(b *testing.B) {
	benchmark(b, 4199, 20534, 256)
}

// BenchmarkXQuADR has the sizes of XQuAD-R with the vectors of a base encoder.
func BenchmarkXQuADR(b *testing.B) {
	benchmark(b, 13090, 13014, 768)
}

func benchmark(b *testing.B, queries, docs, dim int) {
	rng := rand.New(rand.NewPCG(1, 1))
	r := &retrieval{set: randomSet(rng, queries, docs)}
	set := r.setInput(b)
	embeddings := embeddingsInput(b, smallMatrix(rng, queries, dim), smallMatrix(rng, docs, dim))
	for b.Loop() {
		run(b, "", set, embeddings)
	}
}
