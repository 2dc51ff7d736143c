package search_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/search"
	"repro/stages/stagetest"
	"repro/stages/tensor"
)

// retrieval is a set of queries q0, q1 … and documents d0, d1 …, of which only
// identifiers count, with their vectors.
type retrieval struct{ queries, docs *tensor.Matrix }

// whole numbers from -2 to 2: products are exact, and ties frequent.
func random(seed uint64, queries, docs, dim int) *retrieval {
	rng := rand.New(rand.NewPCG(seed, 0))
	matrix := func(rows int) *tensor.Matrix {
		m := &tensor.Matrix{Rows: rows, Cols: dim, Data: make([]float32, rows*dim)}
		for i := range m.Data {
			m.Data[i] = float32(rng.IntN(5) - 2)
		}
		return m
	}
	return &retrieval{matrix(queries), matrix(docs)}
}

func (r *retrieval) inputs(t testing.TB, docID func(i int) string) []stagetest.Input {
	t.Helper()
	dir := t.TempDir()
	for file, m := range map[string]*tensor.Matrix{"queries.npy": r.queries, "corpus.npy": r.docs} {
		if err := tensor.SaveNPY(filepath.Join(dir, file), m); err != nil {
			t.Fatal(err)
		}
	}
	var queries, docs strings.Builder
	for i := range r.queries.Rows {
		fmt.Fprintf(&queries, `{"_id":"q%d"}`+"\n", i)
	}
	for i := range r.docs.Rows {
		fmt.Fprintf(&docs, `{"_id":%q,"text":"text %d"}`+"\n", docID(i), i)
	}
	return []stagetest.Input{
		{Port: "retrieval", Files: map[string]string{"queries.jsonl": queries.String(), "corpus.jsonl": docs.String()}},
		{Port: "embeddings", From: dir},
	}
}

func plain(i int) string { return fmt.Sprintf("d%d", i) }

func run(t testing.TB, params string, threads int, inputs ...stagetest.Input) string {
	t.Helper()
	job := stagetest.NewJob(t, search.New(), params, inputs...)
	job.Threads = threads
	if err := search.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(job.Out["run"])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// brute returns the run by sorting all documents.
func (r *retrieval) brute(k int, docID func(i int) string, skip func(q, d int) bool) string {
	var b strings.Builder
	for q := range r.queries.Rows {
		type hit struct {
			doc   int
			score float64
		}
		var hits []hit
		for d := range r.docs.Rows {
			score := 0.0
			for i, x := range r.queries.Row(q) {
				score += float64(x) * float64(r.docs.Row(d)[i])
			}
			if !skip(q, d) {
				hits = append(hits, hit{d, score})
			}
		}
		slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
		for i, h := range hits[:min(k, len(hits))] {
			fmt.Fprintf(&b, "q%d Q0 %s %d %v repro\n", q, docID(h.doc), i+1, h.score)
		}
	}
	return b.String()
}

func none(int, int) bool { return false }

func TestAgreesWithBruteForceOnAnyNumberOfThreads(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ queries, docs, dim, k int }{
		{7, 40, 3, 10}, {300, 50, 17, 5}, {3, 20_000, 5, 100}, {20, 30, 1, 1}, {5, 9, 4, 1000}, {1, 1, 1, 1}, {600, 700, 100, 30},
	} {
		t.Run(fmt.Sprintf("%+v", tc), func(t *testing.T) {
			t.Parallel()
			r := random(uint64(tc.docs), tc.queries, tc.docs, tc.dim)
			in, want := r.inputs(t, plain), r.brute(tc.k, plain, none)
			for _, threads := range []int{1, 3, 64} {
				got := run(t, fmt.Sprintf(`{"k": %d}`, tc.k), threads, in...)
				if got != want {
					t.Errorf("%d threads (-brute force +stage):\n%.2000s", threads, gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
				}
			}
		})
	}
}

// TestEqualVectorsTieWhereverTheyAre: no score depends on where a row lies.
func TestEqualVectorsTieWhereverTheyAre(t *testing.T) {
	t.Parallel()
	const docs, dim = 9000, 21
	rng := rand.New(rand.NewPCG(6, 6))
	r := random(1, 1, docs, dim)
	for i := range dim {
		r.queries.Data[i] = float32(rng.NormFloat64())
		r.docs.Data[i] = float32(rng.NormFloat64())
	}
	for i := range docs {
		copy(r.docs.Row(i), r.docs.Row(0))
	}
	scores := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSpace(run(t, `{"k": 9000}`, 2, r.inputs(t, plain)...)), "\n") {
		fields := strings.Fields(line)
		scores[fields[4]] = true
		if fields[2] != plain(i) {
			t.Fatalf("rank %d is %s", i+1, fields[2])
		}
	}
	if len(scores) != 1 {
		t.Errorf("equal vectors have the scores %v", scores)
	}
}

func TestIdenticalIdentifiersAreIgnoredIfAskedFor(t *testing.T) {
	t.Parallel()
	r := random(3, 9, 30, 4)
	// Every third document is a query, in another order.
	id := func(i int) string {
		if i%3 == 0 {
			return fmt.Sprintf("q%d", (i/3*7)%10)
		}
		return plain(i)
	}
	in := r.inputs(t, id)
	for params, skip := range map[string]func(q, d int) bool{
		`{"k": 30}`: none,
		`{"k": 30, "ignore_identical_ids": true}`: func(q, d int) bool { return id(d) == fmt.Sprintf("q%d", q) },
	} {
		if diff := gocmp.Diff(r.brute(30, id, skip), run(t, params, 2, in...)); diff != "" {
			t.Errorf("%s (-brute force +stage):\n%s", params, diff)
		}
	}
}

func TestStageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, search.New(), stagetest.Case{Params: `{"k": 20}`, Inputs: random(5, 90, 200, 5).inputs(t, plain)})
}

func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	good := random(1, 2, 3, 4)
	in := good.inputs(t, plain)
	nan := random(1, 2, 3, 4)
	nan.docs.Data[4] = float32(math.NaN())
	for name, tc := range map[string]struct {
		inputs []stagetest.Input
		want   string
	}{
		"too few rows":     {[]stagetest.Input{in[0], random(1, 2, 2, 4).inputs(t, plain)[1]}, "corpus.npy has 2 rows and the retrieval set 3"},
		"too many queries": {[]stagetest.Input{in[0], random(1, 3, 3, 4).inputs(t, plain)[1]}, "queries.npy has 3 rows and the retrieval set 2"},
		"no number":        {[]stagetest.Input{in[0], nan.inputs(t, plain)[1]}, "query 0 and document 1 (from 0) is not a number"},
		"no embeddings":    {[]stagetest.Input{in[0], {Port: "embeddings", Files: map[string]string{"queries.npy": "x", "corpus.npy": "x"}}}, "queries.npy: bad input: not a .npy file"},
		"white space":      {random(1, 2, 3, 4).inputs(t, func(i int) string { return "d d" }), `corpus.jsonl:1: bad input: _id "d d"`},
		"no id":            {random(1, 2, 3, 4).inputs(t, func(i int) string { return "" }), `_id ""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := stagetest.NewJob(t, search.New(), `{}`, tc.inputs...)
			err := search.New().Run(t.Context(), job)
			if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an input error that says %q", err, tc.want)
			}
		})
	}
	other := random(1, 2, 3, 5)
	other.queries = good.queries
	err := search.New().Run(t.Context(), stagetest.NewJob(t, search.New(), `{}`, in[0], other.inputs(t, plain)[1]))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "queries have 4 dimensions and documents 5") {
		t.Errorf("other dimensions: %v", err)
	}
	var param *stages.ParamError
	if err := search.New().Check([]byte(`{"backend": "go", "k": 0, "ignore_identical_ids": false}`)); !errors.As(err, &param) || param.Param != "k" {
		t.Errorf("k = 0: %v", err)
	}
}
