package embed_test

import (
	"context"
	"encoding/json"
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
	for i := range 4500 {
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
	if queries.Rows != 5 || docs.Rows != 4500 || queries.Cols != 32 || docs.Cols != 32 {
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

func TestModelsOfAnotherTypeAreRefusedWithTheBackendThatReadsThem(t *testing.T) {
	t.Parallel()
	config := func(modelType string) stagetest.Input {
		return stagetest.Input{Port: "model", Files: map[string]string{"config.json": `{"model_type": "` + modelType + `"}`}}
	}
	demo := embed.NewKind("embed", format("demo", constant{}))
	for _, c := range []struct {
		stage stages.Stage
		model stagetest.Input
		want  string
	}{
		{embed.New(), config("xlm-roberta"), `backend static reads no models of the type "xlm-roberta", only ` + static.ModelType +
			`. Choose the one that trained it: backend = "transformer" is for BERT and XLM-R`},
		{demo, config(static.ModelType), `backend demo reads no models of the type "` + static.ModelType +
			`", only constant, steady. Choose backend = "static"`},
	} {
		_, _, err := run(t, c.stage, c.model, retrieval(t, many()))
		if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
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
type constant struct {
	query, passage float32
	closed         func() error // nil: nothing to close
}

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

func (c constant) Close() error {
	if c.closed == nil {
		return nil
	}
	return c.closed()
}

// format is the backend of that name; its vectors are times factor.
func format(name string, c constant) embed.Format {
	type own struct {
		Factor float32 `json:"factor"`
	}
	return embed.Format{
		Variant: stages.Variant{
			Name: name, Doc: "Knows two vectors.",
			Params: []stages.Param{{Name: "factor", Type: "number", Default: "1", Doc: "What they are multiplied by."}},
		},
		ModelType: []string{"constant", "steady"},
		Check: func(raw json.RawMessage) error {
			var p own
			if err := stages.DecodeParams(raw, &p); err != nil {
				return err
			}
			if p.Factor == 0 {
				return &stages.ParamError{Param: "factor", Problem: "0 leaves nothing"}
			}
			return nil
		},
		Load: func(_ string, raw json.RawMessage, job *stages.Job) (embed.Encoder, error) {
			var p own
			err := stages.DecodeParams(raw, &p)
			job.SetClass("tolerant")
			return constant{p.Factor * c.query, p.Factor * c.passage, c.closed}, err
		},
	}
}

var ownModel = stagetest.Input{Port: "model", Files: map[string]string{"config.json": `{"model_type": "steady"}`}}

func TestAPluginBringsABackendWithParametersOfItsOwn(t *testing.T) {
	t.Parallel()
	closed := 0
	c := constant{1, -1, func() error { closed++; return nil }}
	own := embed.NewKind("embed", format("demo", c))
	s := stages.Extend(embed.New(), stages.Extension{Kind: "embed", Variant: own.Spec().Choice.Variants[0], Stage: own})
	job := stagetest.NewJob(t, s, `{"backend": "demo", "demo.factor": 0.5}`, ownModel, retrieval(t, many()))
	class := ""
	job.OnClass = func(said string) { class = said }
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]float32{"queries.npy": 0.5, "corpus.npy": -0.5} {
		m, err := tensor.LoadNPY(filepath.Join(job.Out["embeddings"], file))
		if err != nil {
			t.Fatal(err)
		}
		if m.Data[0] != want {
			t.Errorf("%s: %v, want %v", file, m.Data[0], want)
		}
	}
	if closed != 1 || class != "tolerant" {
		t.Errorf("closed %d times, class %q", closed, class)
	}
	var bad *stages.ParamError
	for params, want := range map[string]string{
		`{"backend": "demo", "demo.factor": 0}`: "demo.factor",
		`{"backend": "demi"}`:                   "backend",
	} {
		err := s.(stages.Checker).Check(stagetest.NewJob(t, s, params, ownModel, retrieval(t, many())).Params)
		if !errors.As(err, &bad) || bad.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
	stagetest.Run(t, own, stagetest.Case{Params: `{"demo.factor": 2}`, Inputs: []stagetest.Input{ownModel, retrieval(t, many())}})
}

func TestAnEncoderThatCannotBeClosedFailsTheStage(t *testing.T) {
	t.Parallel()
	broken := errors.New("the device is gone")
	s := embed.NewKind("embed", format("demo", constant{1, 1, func() error { return broken }}))
	if _, _, err := run(t, s, ownModel, retrieval(t, many())); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestVectorsThatAreNotFiniteAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
		s := embed.NewKind("embed", format("demo", constant{1, float32(bad), nil}))
		_, _, err := run(t, s, ownModel, retrieval(t, many()))
		if err == nil || !strings.Contains(err.Error(), "document number 0") {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}
