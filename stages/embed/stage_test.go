package embed_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/embed"
	"repro/stages/stagetest"
	"repro/stages/tensor"
	"repro/stages/train/static"
)

func model(t testing.TB) stagetest.Input {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	m := static.New(static.Config{Dim: 32, Buckets: 4096, NgramMin: 3, NgramMax: 5}, 1, slices.Values([]string{"some text"}))
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: "model", From: dir}
}

func retrieval(t testing.TB, set *corpus.Set) stagetest.Input {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "set")
	if err := corpus.WriteSet(dir, set); err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: "retrieval", From: dir}
}

// many has more documents than are encoded at once.
func many() *corpus.Set {
	set := &corpus.Set{}
	for i := range 1300 {
		set.Docs = append(set.Docs, corpus.Doc{ID: fmt.Sprintf("d%d", i), Text: fmt.Sprintf("document number %d", i), Lang: "en"})
	}
	for i := range 5 {
		set.Queries = append(set.Queries, corpus.Query{ID: fmt.Sprintf("q%d", i), Text: fmt.Sprintf("document number %d", 100*i), Lang: "en"})
	}
	return set
}

func run(t testing.TB, s stages.Stage, inputs ...stagetest.Input) (queries, docs *tensor.Matrix, err error) {
	t.Helper()
	job := stagetest.NewJob(t, s, "", inputs...)
	if err := s.Run(t.Context(), job); err != nil {
		return nil, nil, err
	}
	queries, err = tensor.LoadNPY(filepath.Join(job.Out["embeddings"], "queries.npy"))
	if err != nil {
		t.Fatal(err)
	}
	docs, err = tensor.LoadNPY(filepath.Join(job.Out["embeddings"], "corpus.npy"))
	if err != nil {
		t.Fatal(err)
	}
	return queries, docs, nil
}

func TestStageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, embed.New(), stagetest.Case{Inputs: []stagetest.Input{model(t), retrieval(t, many())}})
}

func TestRowsStandInTheOrderOfLinesAndHaveLengthOne(t *testing.T) {
	t.Parallel()
	queries, docs, err := run(t, embed.New(), model(t), retrieval(t, many()))
	if err != nil {
		t.Fatal(err)
	}
	if queries.Rows != 5 || docs.Rows != 1300 || queries.Cols != 32 || docs.Cols != 32 {
		t.Fatalf("shapes (%d, %d) and (%d, %d)", queries.Rows, queries.Cols, docs.Rows, docs.Cols)
	}
	for i := range queries.Rows {
		if diff := cmp.Diff(docs.Row(100*i), queries.Row(i)); diff != "" {
			t.Errorf("query %d has the text of document %d (-document +query):\n%s", i, 100*i, diff)
		}
	}
	for i := range docs.Rows {
		length := 0.
		for _, x := range docs.Row(i) {
			length += float64(x) * float64(x)
		}
		if math.Abs(length-1) > 1e-5 {
			t.Fatalf("row %d has the squared length %v", i, length)
		}
	}
}

func TestTitleBelongsToTheText(t *testing.T) {
	t.Parallel()
	_, docs, err := run(t, embed.New(), model(t), retrieval(t, &corpus.Set{Docs: []corpus.Doc{
		{ID: "a", Title: "Cows", Text: "They eat grass.", Lang: "en"},
		{ID: "b", Text: "Cows They eat grass.", Lang: "en"},
		{ID: "c", Text: "They eat grass.", Lang: "en"},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(docs.Row(0), docs.Row(1)) || slices.Equal(docs.Row(0), docs.Row(2)) {
		t.Error("the title is not embedded with the text")
	}
}

func TestEmptySetsAndTextsAreNoError(t *testing.T) {
	t.Parallel()
	queries, docs, err := run(t, embed.New(), model(t), retrieval(t, &corpus.Set{
		Docs: []corpus.Doc{{ID: "a", Lang: "en"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if queries.Rows != 0 {
		t.Errorf("%d queries", queries.Rows)
	}
	if diff := cmp.Diff(make([]float32, 32), docs.Row(0)); diff != "" {
		t.Errorf("an empty text (-want +got):\n%s", diff)
	}
}

func TestModelsOfAnotherTypeAreRefused(t *testing.T) {
	t.Parallel()
	other := stagetest.Input{Port: "model", Files: map[string]string{"config.json": `{"model_type": "xlm-roberta"}`}}
	_, _, err := run(t, embed.New(), other, retrieval(t, many()))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "xlm-roberta") || !strings.Contains(err.Error(), static.ModelType) {
		t.Errorf("got %v", err)
	}
}

func TestDamagedLinesAreNamed(t *testing.T) {
	t.Parallel()
	set := stagetest.Input{Port: "retrieval", Files: map[string]string{
		"queries.jsonl": `{"_id":"q","text":"t","lang":"en","question":"q"}` + "\n",
		"corpus.jsonl":  `{"_id":"d","text":"t","lang":"en"}` + "\n{\n",
	}}
	_, _, err := run(t, embed.New(), model(t), set)
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "corpus.jsonl:2") {
		t.Errorf("got %v", err)
	}
}

// constant is what a plugin might bring: it tells roles apart.
type constant struct{ query, passage float32 }

func (constant) Dim() int { return 1 }

func (c constant) Encode(_ context.Context, role embed.Role, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i := range vectors {
		vectors[i] = []float32{c.query}
		if role == embed.Passage {
			vectors[i] = []float32{c.passage}
		}
	}
	return vectors, nil
}

func format(c constant) embed.Format {
	return embed.Format{ModelType: "constant", Load: func(string, int) (embed.Encoder, error) { return c, nil }}
}

func TestAPluginBringsAFormatThatTellsRolesApart(t *testing.T) {
	t.Parallel()
	own := stagetest.Input{Port: "model", Files: map[string]string{"config.json": `{"model_type": "constant"}`}}
	queries, docs, err := run(t, embed.New(format(constant{1, -1})), own, retrieval(t, many()))
	if err != nil {
		t.Fatal(err)
	}
	if queries.Data[0] != 1 || docs.Data[0] != -1 {
		t.Errorf("query %v, passage %v", queries.Data[0], docs.Data[0])
	}
}

func TestVectorsThatAreNotFiniteAreRefused(t *testing.T) {
	t.Parallel()
	own := stagetest.Input{Port: "model", Files: map[string]string{"config.json": `{"model_type": "constant"}`}}
	for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
		_, _, err := run(t, embed.New(format(constant{1, float32(bad)})), own, retrieval(t, many()))
		if err == nil || !strings.Contains(err.Error(), "document number 0") {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}
