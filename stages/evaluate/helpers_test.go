package evaluate_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/evaluate"
	"repro/stages/stagetest"
	"repro/stages/tensor"
)

// record is one object of the metrics port.
type record struct {
	Setting   string  `json:"setting"`
	QueryLang string  `json:"query_lang"`
	DocLang   string  `json:"doc_lang"`
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
	Queries   int     `json:"queries"`
}

// retrieval is a retrieval set with the score of each document for each query.
type retrieval struct {
	set    *corpus.Set
	scores [][]float64 // query → document → score
}

func (r *retrieval) setInput(t testing.TB) stagetest.Input {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set")
	if err := corpus.WriteSet(dir, r.set); err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: "retrieval", From: dir}
}

// runInput lists the first depth documents of each query, in random order of lines.
func (r *retrieval) runInput(depth int) stagetest.Input {
	var lines []string
	for q, query := range r.set.Queries {
		for _, doc := range r.ranked(q)[:depth] {
			lines = append(lines, fmt.Sprintf("%s Q0 %s 0 %v x\n", query.ID, r.set.Docs[doc].ID, r.scores[q][doc]))
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return stagetest.Input{Port: "run", Content: strings.Join(lines, "")}
}

// ranked sorts all documents by score and, descending, by identifier.
func (r *retrieval) ranked(q int) []int {
	order := make([]int, len(r.set.Docs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch s := r.scores[q]; {
		case s[a] > s[b]:
			return -1
		case s[a] < s[b]:
			return 1
		default:
			return strings.Compare(r.set.Docs[b].ID, r.set.Docs[a].ID)
		}
	})
	return order
}

// randomEmbeddings returns a set with vectors of small whole numbers: their
// products are exact, and ties are frequent.
func randomEmbeddings(t testing.TB, seed uint64, queries, docs, dim int) (*retrieval, stagetest.Input) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	r := &retrieval{set: randomSet(rng, queries, docs)}
	q, d := smallMatrix(rng, queries, dim), smallMatrix(rng, docs, dim)
	for i := range queries {
		r.scores = append(r.scores, make([]float64, docs))
		for j := range docs {
			for k := range dim {
				r.scores[i][j] += float64(q.Row(i)[k]) * float64(d.Row(j)[k])
			}
		}
	}
	return r, embeddingsInput(t, q, d)
}

func smallMatrix(rng *rand.Rand, rows, cols int) *tensor.Matrix {
	m := &tensor.Matrix{Rows: rows, Cols: cols, Data: make([]float32, rows*cols)}
	for i := range m.Data {
		m.Data[i] = float32(rng.IntN(5) - 2)
	}
	return m
}

func embeddingsInput(t testing.TB, queries, docs *tensor.Matrix) stagetest.Input {
	t.Helper()
	dir := t.TempDir()
	for name, m := range map[string]*tensor.Matrix{"queries.npy": queries, "corpus.npy": docs} {
		if err := tensor.SaveNPY(filepath.Join(dir, name), m); err != nil {
			t.Fatal(err)
		}
	}
	return stagetest.Input{Port: "embeddings", From: dir}
}

// randomSet has three languages of documents and a fourth one of queries only,
// queries with no, one or many answers, and graded judgements.
func randomSet(rng *rand.Rand, queries, docs int) *corpus.Set {
	set := &corpus.Set{}
	for i := range docs {
		lang := []string{"de", "en", "zh"}[rng.IntN(3)]
		set.Docs = append(set.Docs, corpus.Doc{ID: fmt.Sprintf("%s:d%d", lang, i*7919%docs), Lang: lang})
	}
	for i := range queries {
		lang := []string{"zh", "de", "en", "sw"}[rng.IntN(4)]
		id := fmt.Sprintf("%s:q%d", lang, i)
		set.Queries = append(set.Queries, corpus.Query{ID: id, Lang: lang, Question: fmt.Sprintf("q%d", i)})
		for _, doc := range rng.Perm(docs)[:rng.IntN(6)] {
			set.Qrels = append(set.Qrels, corpus.Qrel{Query: id, Doc: set.Docs[doc].ID, Score: 1 + rng.IntN(3)})
		}
	}
	return set
}

// output is what the stage wrote.
type output struct {
	metrics      []record
	perQuery     []map[string]any
	run, qrels   string
	metricsText  string
	perQueryText string
	log          string
}

func run(t testing.TB, params string, inputs ...stagetest.Input) output {
	t.Helper()
	job := stagetest.NewJob(t, evaluate.New(), params, inputs...)
	job.Threads = 2
	if err := evaluate.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	return read(t, job)
}

func read(t testing.TB, job *stages.Job) output {
	t.Helper()
	text := map[string]string{}
	for port, name := range job.Out {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text[port] = string(content)
	}
	out := output{run: text["run"], qrels: text["qrels"], metricsText: text["metrics"], perQueryText: text["per_query"]}
	out.log = job.Log.(*stagetest.Log).String()
	if err := json.Unmarshal([]byte(text["metrics"]), &out.metrics); err != nil {
		t.Fatal(err)
	}
	var err error
	if out.perQuery, err = corpus.LoadLines[map[string]any](job.Out["per_query"]); err != nil {
		t.Fatal(err)
	}
	return out
}

func runError(t testing.TB, params string, inputs ...stagetest.Input) error {
	t.Helper()
	job := stagetest.NewJob(t, evaluate.New(), params, inputs...)
	return evaluate.New().Run(t.Context(), job)
}

// value returns the value of one record, and fails the test if there is none.
func (o output) value(t testing.TB, setting, queryLang, docLang, metric string) float64 {
	t.Helper()
	for _, r := range o.metrics {
		if r.Setting == setting && r.QueryLang == queryLang && r.DocLang == docLang && r.Metric == metric {
			return r.Value
		}
	}
	t.Fatalf("no record of %s %s %s %s in %s", setting, queryLang, docLang, metric, o.metricsText)
	return 0
}
