//go:build gotch

package searcher_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"repro/stages/search"
	"repro/stages/stagetest"
	"repro/stages/tensor"
	"repro/stages/train/gotch/searcher"
)

// inputs are a retrieval set of empty texts and random embeddings, a tenth of
// which occur twice.
func inputs(t testing.TB, queries, docs, dim int) []stagetest.Input {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	set, embeddings := t.TempDir(), t.TempDir()
	write := func(name string, rows int) {
		var text strings.Builder
		enc := json.NewEncoder(&text)
		data := make([]float32, rows*dim)
		for i := range rows {
			if err := enc.Encode(map[string]string{"_id": fmt.Sprintf("%s%d", name[:1], i), "text": "", "lang": "en"}); err != nil {
				t.Fatal(err)
			}
			if i > 0 && i%10 == 0 {
				copy(data[i*dim:(i+1)*dim], data[(i-1)*dim:])
				continue
			}
			for j := range dim {
				data[i*dim+j] = float32(rng.NormFloat64())
			}
		}
		if err := os.WriteFile(filepath.Join(set, name+".jsonl"), []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := tensor.SaveNPY(filepath.Join(embeddings, name+".npy"), &tensor.Matrix{Rows: rows, Cols: dim, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	write("queries", queries)
	write("corpus", docs)
	return []stagetest.Input{{Port: "retrieval", From: set}, {Port: "embeddings", From: embeddings}}
}

// More documents than are taken at once, and more queries.
func TestItFindsWhatTheBuiltInSearchFinds(t *testing.T) {
	t.Parallel()
	in := inputs(t, 1100, 40_000, 24)
	want := find(t, search.New(), in)
	got := find(t, search.NewKind("search", searcher.Backend()), in)
	if len(got) != len(want) || len(got) != 1100*7 {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := parse(t, got[i]), parse(t, want[i])
		if g.query != w.query || g.rank != w.rank || math.Abs(g.score-w.score) > 1e-4 {
			t.Fatalf("line %d: %s, want %s", i, got[i], want[i])
		}
		// In the last place, either of two equal documents may stand.
		if g.doc != w.doc && g.rank < 7 && math.Abs(g.score-w.score) > 1e-6 {
			t.Errorf("line %d: %s, want %s", i, got[i], want[i])
		}
	}
}

type entry struct {
	query, doc string
	rank       int
	score      float64
}

func parse(t testing.TB, line string) (e entry) {
	t.Helper()
	if _, err := fmt.Sscanf(line, "%s Q0 %s %d %g", &e.query, &e.doc, &e.rank, &e.score); err != nil {
		t.Fatal(err)
	}
	return e
}

func find(t testing.TB, s *search.Stage, in []stagetest.Input) []string {
	t.Helper()
	job := stagetest.NewJob(t, s, `{"k": 7}`, in...)
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(job.Out["run"])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
