//go:build gotch

package trainer_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"repro/internal/testkit"
	"repro/stages/tokenize"
	"repro/stages/train/gotch/trainer"
)

// pairsOfIDs returns batches of questions and the sentences that answer them, as
// ids: of XQuAD-R in all its languages, where it is, or else random ids of such
// lengths.
func pairsOfIDs(b *testing.B, o benchmark) []*trainer.Batch {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	draw := drawXQuAD(b, rng, o.length)
	if draw == nil {
		b.Log("no XQuAD-R: the ids are random, their lengths about as there")
		draw = func() [2][]int32 { return [2][]int32{made(rng, 20, 0.35, o.length), made(rng, 53, 0.55, o.length)} }
	}
	spread := int32(o.shape.Vocab / benchVocab) // over the rows of a larger vocabulary
	var batches []*trainer.Batch
	for range o.steps {
		batch := &trainer.Batch{Masked: func(int, int) bool { return false }}
		for range benchRows {
			pair := draw()
			for _, ids := range pair {
				for i := range ids {
					ids[i] *= spread
				}
			}
			batch.Queries, batch.Passages = append(batch.Queries, pair[0]), append(batch.Passages, pair[1])
		}
		batches = append(batches, batch)
	}
	return batches
}

// made returns random ids; their number is log-normal.
func made(rng *rand.Rand, median, deviation float64, most int) []int32 {
	ids := make([]int32, max(3, min(most, int(median*math.Exp(deviation*rng.NormFloat64())))))
	for i := range ids {
		ids[i] = int32(5 + rng.IntN(benchVocab-5))
	}
	return ids
}

// drawXQuAD returns a function that draws a pair, or nil if the data is not there.
func drawXQuAD(b *testing.B, rng *rand.Rand, most int) func() [2][]int32 {
	b.Helper()
	folder := cmp.Or(os.Getenv("REPRO_DATASETS"), filepath.Join(testkit.Root(), "..", "shared", "datasets"))
	files, err := filepath.Glob(filepath.Join(folder, "xquad-r", "*.json"))
	if err != nil || len(files) == 0 {
		return nil
	}
	var pairs [][2]string
	var texts []string
	for _, file := range files {
		for _, p := range pairsOf(b, file) {
			pairs, texts = append(pairs, p), append(texts, p[:]...)
		}
	}
	v, err := tokenize.TrainWordPiece(b.Context(), slices.Values(texts), benchVocab, tokenize.TrainOptions{Accents: true})
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := v.Save(dir); err != nil {
		b.Fatal(err)
	}
	t, err := tokenize.Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	return func() [2][]int32 {
		p := pairs[rng.IntN(len(pairs))]
		return [2][]int32{t.Encode(p[0], most), t.Encode(p[1], most)}
	}
}

// pairsOf returns the questions of a file of XQuAD-R, each with the sentence in
// which its answer begins.
func pairsOf(b *testing.B, file string) (pairs [][2]string) {
	b.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var set struct {
		Data []struct {
			Paragraphs []struct {
				Context string
				Breaks  [][2]int `json:"sentence_breaks"`
				QAs     []struct {
					Question string
					Answers  []struct {
						Start int `json:"answer_start"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal(data, &set); err != nil {
		b.Fatal(err)
	}
	for _, article := range set.Data {
		for _, p := range article.Paragraphs {
			context := []rune(p.Context)
			for _, qa := range p.QAs {
				for _, s := range p.Breaks {
					if at := qa.Answers[0].Start; s[0] <= at && at < s[1] {
						pairs = append(pairs, [2]string{qa.Question, string(context[s[0]:s[1]])})
					}
				}
			}
		}
	}
	return pairs
}
