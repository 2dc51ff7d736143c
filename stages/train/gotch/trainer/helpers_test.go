//go:build gotch

package trainer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
	"repro/stages/train/gotch/trainer"
)

// tiny is the shape of an encoder that learns within seconds.
const tiny = `"transformer.layers": 2, "transformer.hidden": 32, "transformer.heads": 2, "transformer.intermediate": 64, "transformer.vocab_size": 2000`

// pairs are n items about four of the words of a made-up dictionary of two
// languages: the question names three, the passage all in another order.
func pairs(n int, seed uint64) []corpus.Pair {
	words := rand.New(rand.NewPCG(7, 7)) // the same for every seed
	dictionary := map[string][]string{}
	for _, lang := range []string{"xa", "xb"} {
		for range 40 {
			word := make([]byte, 5)
			for i := range word {
				word[i] = byte('a' + words.IntN(26))
			}
			dictionary[lang] = append(dictionary[lang], string(word))
		}
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	var all []corpus.Pair
	for i := range n {
		concepts, order := rng.Perm(40)[:4], rng.Perm(4)
		for _, lang := range []string{"xa", "xb"} {
			var query, passage []string
			for k, c := range concepts {
				if k < 3 {
					query = append(query, dictionary[lang][c])
				}
				passage = append(passage, dictionary[lang][concepts[order[k]]])
			}
			all = append(all, corpus.Pair{
				Dataset: "made-up", ID: fmt.Sprintf("%04d", i), Lang: lang,
				Query: strings.Join(query, " ") + "?", Passage: strings.Join(passage, " ") + strings.Repeat(" .", i%20),
			})
		}
	}
	return all
}

func lines(t testing.TB, pairs []corpus.Pair) string {
	t.Helper()
	var text strings.Builder
	enc := json.NewEncoder(&text)
	for _, p := range pairs {
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// batches draws from pairs.
func batches(t testing.TB, params string, pairs []corpus.Pair) stagetest.Input {
	t.Helper()
	s := sample.New()
	job := stagetest.NewJob(t, s, params, stagetest.Input{Port: "input", Content: lines(t, pairs)})
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: "batches", From: job.Out["batches"]}
}

func stage(b *trainer.Backend) stages.Stage { return train.NewKind("train", b) }

// run trains with the given parameters of the stage.
func run(t testing.TB, params string, inputs ...stagetest.Input) (*stages.Job, error) {
	t.Helper()
	s := stage(&trainer.Backend{})
	job := stagetest.NewJob(t, s, "{"+params+"}", inputs...)
	return job, s.Run(t.Context(), job)
}

func must(t testing.TB, params string, inputs ...stagetest.Input) *stages.Job {
	t.Helper()
	job, err := run(t, params, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

type point struct {
	Step       int
	Loss       float64
	LR         float64
	GradNorm   float64  `json:"grad_norm"`
	Validation *float64 `json:"validation_loss"`
}

func curve(t testing.TB, job *stages.Job) []point {
	t.Helper()
	points, err := corpus.LoadLines[point](job.Out["curve"])
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// weights returns the bytes of the weights that a job wrote.
func weights(t testing.TB, job *stages.Job) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(job.Out["model"], "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// long gives every passage a length of about 160 tokens.
func long(pairs []corpus.Pair) []corpus.Pair {
	for i := range pairs {
		pairs[i].Passage += strings.Repeat(" .", 150)
	}
	return pairs
}
