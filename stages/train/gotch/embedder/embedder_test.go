//go:build gotch

package embedder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"repro/stages"
	"repro/stages/embed"
	"repro/stages/hf"
	"repro/stages/stagetest"
	"repro/stages/tensor"
	"repro/stages/tokenize"
	"repro/stages/train/gotch/embedder"
	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
)

func stage() stages.Stage { return embed.NewKind("embed", embedder.Format()) }

// texts are of very different lengths.
func texts(n int) []string {
	rng := rand.New(rand.NewPCG(1, 1))
	all := make([]string, n)
	for i := range all {
		words := make([]string, 1+rng.IntN(40))
		for k := range words {
			words[k] = fmt.Sprintf("w%d", rng.IntN(50))
		}
		all[i] = strings.Join(words, " ")
	}
	return all
}

// model writes a model with a prompt for questions.
func model(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	v, err := tokenize.TrainWordPiece(t.Context(), slices.Values(texts(200)), 200, tokenize.TrainOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m := &hf.Model{
		Config: hf.Config{ModelType: "bert", Vocab: len(v.Pieces), Hidden: 32, Layers: 2, Heads: 2, Intermediate: 64, Positions: 64, Types: 2,
			Activation: "gelu", Epsilon: 1e-12, Dropout: 0.1, AttentionDropout: 0.1},
		Pooling: hf.Mean, MaxLength: 64, Prompts: map[string]string{"query": "w1 w2 "},
	}
	importance := make([]float32, len(v.Pieces))
	for i := range importance {
		importance[i] = 1
	}
	err = torch.Run(t.Context(), torch.Options{Threads: 1, Seed: 3}, func(th *torch.Thread) error {
		e, err := encoder.New(th, m, importance, gotch.CPU)
		if err != nil {
			return err
		}
		return e.Save(dir)
	})
	if err == nil {
		err = v.Save(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// set writes a retrieval set whose questions and documents are the same texts.
func set(t testing.TB, texts []string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"queries.jsonl", "corpus.jsonl"} {
		var lines strings.Builder
		enc := json.NewEncoder(&lines)
		for i, text := range texts {
			if err := enc.Encode(map[string]string{"_id": fmt.Sprint(i), "text": text, "lang": "en"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func vectors(t testing.TB, params, model, set string) (queries, docs *tensor.Matrix) {
	t.Helper()
	job := stagetest.NewJob(t, stage(), "{"+params+"}", stagetest.Input{Port: "model", From: model}, stagetest.Input{Port: "retrieval", From: set})
	if err := stage().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var both [2]*tensor.Matrix
	for i, name := range []string{"queries.npy", "corpus.npy"} {
		m, err := tensor.LoadNPY(filepath.Join(job.Out["embeddings"], name))
		if err != nil {
			t.Fatal(err)
		}
		both[i] = m
	}
	return both[0], both[1]
}

func difference(a, b []float32) float64 {
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}

func TestStageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, stage(), stagetest.Case{
		Params: `{}`,
		Inputs: []stagetest.Input{{Port: "model", From: model(t)}, {Port: "retrieval", From: set(t, texts(100))}},
	})
}

// However many texts are computed at once, each has its own vector, in its
// place; a question is read behind its prompt.
func TestEveryTextGetsItsVector(t *testing.T) {
	t.Parallel()
	dir, all := model(t), texts(300)
	queries, docs := vectors(t, "", dir, set(t, all))
	_, single := vectors(t, `"transformer.batch_tokens": 1`, dir, set(t, all))
	prompted := make([]string, len(all))
	for i, text := range all {
		prompted[i] = "w1 w2 " + text
	}
	_, want := vectors(t, "", dir, set(t, prompted))
	if docs.Rows != len(all) || docs.Cols != 32 {
		t.Fatalf("%d × %d vectors", docs.Rows, docs.Cols)
	}
	for i := range all {
		if d := difference(docs.Row(i), single.Row(i)); d > 1e-5 {
			t.Errorf("text %d: computed alone it differs by %v", i, d)
		}
		if d := difference(queries.Row(i), want.Row(i)); d > 1e-5 {
			t.Errorf("text %d: as a question it differs by %v from the text with the prompt", i, d)
		}
		if d := difference(queries.Row(i), docs.Row(i)); d < 1e-5 {
			t.Errorf("text %d: as a question it has the vector that it has as a document", i)
		}
	}
}

func TestCancellingStopsIt(t *testing.T) {
	t.Parallel()
	job := stagetest.NewJob(t, stage(), `{}`, stagetest.Input{Port: "model", From: model(t)}, stagetest.Input{Port: "retrieval", From: set(t, texts(100))})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stage().Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestBadModelsAndParameters(t *testing.T) {
	t.Parallel()
	dir, texts := model(t), set(t, []string{"a"})
	for params, want := range map[string]string{
		`"transformer.device": "tpu"`:          "transformer.device",
		`"transformer.batch_tokens": 0`:        "transformer.batch_tokens",
		`"transformer.query_length": 2`:        "transformer.query_length",
		`"transformer.precision": "float8"`:    "transformer.precision",
		`"transformer.threads": -1`:            "transformer.threads",
		`"backend": "static"`:                  "no backend",
		`"transformer.passage_length": 100000`: "",
	} {
		job := stagetest.NewJob(t, stage(), "{"+params+"}", stagetest.Input{Port: "model", From: dir}, stagetest.Input{Port: "retrieval", From: texts})
		err := stage().Run(t.Context(), job)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", params, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "vocab.txt")); err != nil {
		t.Fatal(err)
	}
	job := stagetest.NewJob(t, stage(), "{}", stagetest.Input{Port: "model", From: dir}, stagetest.Input{Port: "retrieval", From: texts})
	if err := stage().Run(t.Context(), job); err == nil || !strings.Contains(err.Error(), "vocab.txt") {
		t.Errorf("without a vocabulary: %v", err)
	}
}
