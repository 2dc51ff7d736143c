package conformance

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"repro/stages/corpus"
	"repro/stages/sample"
)

// langs are the languages of the suite's pools. Not every item has all of them.
var langs = [...]string{"de", "en", "es", "fr"}

// share is how many of ten items have the language of that number.
var share = [...]int{10, 10, 8, 5}

// pool returns a file of training pairs: two datasets of different size in four
// languages, with items that lack some, and one dataset in one language only.
func (s *suite) pool() (string, error) {
	name := filepath.Join(s.options.Dir, "pairs.jsonl")
	if s.poolWritten {
		return name, nil
	}
	s.poolWritten = true
	const news, wiki, alone = 200, 80, 60 // items
	w := newWriter()
	var pairs []corpus.Pair
	for i := range news {
		pairs = append(pairs, w.item("news", i, langs[:])...)
	}
	for i := range wiki {
		pairs = append(pairs, w.item("wiki", i, langs[:])...)
	}
	for i := range alone {
		pairs = append(pairs, w.item("english", i, langs[1:2])...)
	}
	return name, corpus.WriteLines(name, pairs)
}

// image writes a pool of about n pairs in the pool format.
func image(name string, n int) error {
	w := newWriter()
	pairs := make([]corpus.Pair, 0, n+len(langs))
	for i := 0; len(pairs) < n; i++ {
		dataset := "news"
		if i%3 == 2 {
			dataset = "wiki"
		}
		pairs = append(pairs, w.item(dataset, i, langs[:])...)
	}
	pool, err := sample.NewPool(pairs)
	if err != nil {
		return err
	}
	return pool.Save(name)
}

// writer makes up texts, the same in every run.
type writer struct {
	rng   *rand.Rand
	text  string // of made-up words
	words []int  // where each word of text begins
}

func newWriter() *writer {
	const words = 20_000
	syllables := strings.Fields("ka lo mi nü sé ra to ñi lé pa zu øl wer sch ta in de un")
	w := &writer{rng: rand.New(rand.NewPCG(1, 2))}
	var text strings.Builder
	for range words {
		w.words = append(w.words, text.Len())
		for range 1 + w.rng.IntN(4) {
			text.WriteString(syllables[w.rng.IntN(len(syllables))])
		}
		text.WriteByte(' ')
	}
	w.text = text.String()
	return w
}

// some returns n words that follow each other, without copying them.
func (w *writer) some(n int) string {
	at := w.rng.IntN(len(w.words) - n)
	return w.text[w.words[at] : w.words[at+n]-1]
}

// item returns an item in its languages, of which there is at least the first.
func (w *writer) item(dataset string, n int, in []string) []corpus.Pair {
	id := fmt.Sprintf("%s-%06d", dataset, n)
	var pairs []corpus.Pair
	for k, lang := range in {
		if n%10 < share[k] {
			pairs = append(pairs, corpus.Pair{Dataset: dataset, ID: id, Lang: lang, Query: w.some(12) + "?", Passage: w.some(70)})
		}
	}
	return pairs
}
