package train_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"repro/stages/corpus"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
	"repro/stages/train/static"
)

// dictionary has a made-up word for each concept in each of two languages.
type dictionary map[string][]string

func newDictionary(concepts int, rng *rand.Rand) dictionary {
	d := dictionary{}
	for _, lang := range []string{"xa", "xb"} {
		for range concepts {
			word := make([]byte, 7)
			for i := range word {
				word[i] = byte('a' + rng.IntN(26))
			}
			d[lang] = append(d[lang], string(word))
		}
	}
	return d
}

// pairs are n items about four concepts each: the question names them, the
// passage names them in another order and adds one.
func (d dictionary) pairs(n int, rng *rand.Rand) []corpus.Pair {
	var pairs []corpus.Pair
	for i := range n {
		concepts := rng.Perm(len(d["xa"]))[:5]
		order := rng.Perm(5)
		for _, lang := range []string{"xa", "xb"} {
			var query, passage []string
			for k, c := range concepts {
				if k < 4 {
					query = append(query, d[lang][c])
				}
				passage = append(passage, d[lang][concepts[order[k]]])
			}
			pairs = append(pairs, corpus.Pair{
				Dataset: "made-up", ID: fmt.Sprintf("%04d", i), Lang: lang,
				Query: strings.Join(query, " ") + "?", Passage: strings.Join(passage, " ") + ".",
			})
		}
	}
	return pairs
}

// accuracy is the share of questions of one language whose own passage is the
// best of those in another.
func accuracy(m *static.Model, pairs []corpus.Pair, from, to string) float64 {
	var queries, passages []string
	for _, p := range pairs {
		if p.Lang == from {
			queries = append(queries, p.Query)
		}
		if p.Lang == to {
			passages = append(passages, p.Passage)
		}
	}
	q, p := m.Encode(queries, 2), m.Encode(passages, 2)
	right := 0
	for i := range q {
		best, highest := -1, float32(-2)
		for j := range p {
			score := float32(0)
			for k := range q[i] {
				score += q[i][k] * p[j][k]
			}
			if score > highest {
				best, highest = j, score
			}
		}
		if best == i {
			right++
		}
	}
	return float64(right) / float64(len(q))
}

// The way batches are drawn decides what a model learns: from monolingual
// batches nothing of what words mean in the other language, from cross-lingual
// and hybrid ones what it takes to find unseen sentences there.
func TestBatchesDecideWhatIsLearned(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	words := newDictionary(40, rng)
	var input strings.Builder
	enc := json.NewEncoder(&input)
	for _, p := range words.pairs(120, rng) {
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	unseen := words.pairs(40, rng)
	for _, c := range []struct {
		sampler     string
		maxSteps    string
		least, most float64 // accuracy across languages
		within      float64 // least accuracy within one
	}{
		{"x-y", "0", 0, .15, .9},
		{"x-x-mono", "null", 0, .25, .9},
		{"x-y", "null", .8, 1, .8},
		{"hybrid", "null", .8, 1, .9},
	} {
		s := sample.New()
		batches := stagetest.NewJob(t, s, `{"sampler": "`+c.sampler+`", "steps": 60, "batch_size": 20}`,
			stagetest.Input{Port: "input", Content: input.String()})
		if err := s.Run(t.Context(), batches); err != nil {
			t.Fatal(err)
		}
		job, err := run(t, train.New(), `{"static.dim": 64, "static.buckets": 8192, "learning_rate": 0.1, "temperature": 0.2, "max_steps": `+c.maxSteps+`}`,
			stagetest.Input{Port: "batches", From: batches.Out["batches"]})
		if err != nil {
			t.Fatal(err)
		}
		model, err := static.Load(job.Out["model"])
		if err != nil {
			t.Fatal(err)
		}
		across, inside := accuracy(model, unseen, "xa", "xb"), accuracy(model, unseen, "xb", "xb")
		t.Logf("%s, max_steps %s: %.2f across languages, %.2f within one", c.sampler, c.maxSteps, across, inside)
		if across < c.least || across > c.most || inside < c.within {
			t.Errorf("%s, max_steps %s: accuracy %.2f across languages, want %.2f to %.2f; %.2f within one, want at least %.2f",
				c.sampler, c.maxSteps, across, c.least, c.most, inside, c.within)
		}
	}
}
