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

// share is how many of ten items have the language of that number: all have the
// first two.
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
		pairs = append(pairs, w.item("news", i)...)
	}
	for i := range wiki {
		pairs = append(pairs, w.item("wiki", i)...)
	}
	for i := range alone {
		pairs = append(pairs, w.item("english", i)[1])
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
		pairs = append(pairs, w.item(dataset, i)...)
	}
	pool, err := sample.NewPool(pairs)
	if err != nil {
		return err
	}
	return pool.Save(name)
}

// writer makes up texts, the same in every run: the words of an item are the
// same in all languages, each spelt as the language has it.
type writer struct {
	rng   *rand.Rand
	texts [len(langs)]string
	words [len(langs)][]int // where each word of a text begins
}

// syllables are those of each language, one for each of its others.
var syllables = [len(langs)]string{
	"ka lo mi nü sé ra to ni lé pa zu øl wer sch ta in de un",
	"th ing wo ul sh ea ou gh tion ck ly er st wh oo ee ay kn",
	"ñi os ar ción lla que mos ber tad í do ge rro ú cha el jo ez",
	"eau ç oi gn œu ent ais ette é è ê ou ille ux ai ei que nt",
}

func newWriter() *writer {
	const (
		vocabulary = 500
		length     = 20_000 // words
	)
	w := &writer{rng: rand.New(rand.NewPCG(1, 2))}
	var spelt [len(langs)][vocabulary]string
	var parts [len(langs)][]string
	for k := range langs {
		parts[k] = strings.Fields(syllables[k])
	}
	for word := range vocabulary {
		for range 2 + w.rng.IntN(3) {
			n := w.rng.IntN(len(parts[0]))
			for k := range langs {
				spelt[k][word] += parts[k][n]
			}
		}
	}
	var texts [len(langs)]strings.Builder
	for range length {
		word := w.rng.IntN(vocabulary)
		for k := range langs {
			w.words[k] = append(w.words[k], texts[k].Len())
			texts[k].WriteString(spelt[k][word] + " ")
		}
	}
	for k := range langs {
		w.texts[k] = texts[k].String()
	}
	return w
}

// place returns where n words that follow each other begin.
func (w *writer) place(n int) int { return w.rng.IntN(len(w.words[0]) - n) }

// text returns the n words at a place in a language, without copying them.
func (w *writer) text(lang, at, n int) string {
	return w.texts[lang][w.words[lang][at] : w.words[lang][at+n]-1]
}

// item returns an item in the languages that it has.
func (w *writer) item(dataset string, n int) []corpus.Pair {
	const question, answer = 12, 60 // words
	id := fmt.Sprintf("%s-%06d", dataset, n)
	query, passage := w.place(question), w.place(answer)
	var pairs []corpus.Pair
	for lang, code := range langs {
		if n%10 < share[lang] {
			pairs = append(pairs, corpus.Pair{
				Dataset: dataset, ID: id, Lang: code,
				Query: w.text(lang, query, question) + "?", Passage: w.text(lang, passage, answer),
			})
		}
	}
	return pairs
}
