package bm25_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"repro/stages/bm25"
)

// formula is the one in the comment of Index, word for word, for one text of
// all, given as their words.
func formula(question, text []string, all [][]string, o bm25.Options) (score float64) {
	count := func(words []string, word string) (n float64) {
		for _, w := range words {
			if w == word {
				n++
			}
		}
		return n
	}
	length := 0.0
	for _, t := range all {
		length += float64(len(t)) / float64(len(all))
	}
	for _, word := range question {
		n := 0.0
		for _, t := range all {
			if slices.Contains(t, word) {
				n++
			}
		}
		f := count(text, word)
		score += math.Log(1+(float64(len(all))-n+.5)/(n+.5)) * f * (o.K1 + 1) / (f + o.K1*(1-o.B+o.B*float64(len(text))/length))
	}
	return score
}

// randomText has few words, so that they come again within a text and in many.
func randomText(rng *rand.Rand) []string {
	words := make([]string, rng.IntN(30))
	for i := range words {
		words[i] = fmt.Sprintf("w%d", rng.IntN(8)*rng.IntN(8))
	}
	return words
}

func TestScoresAreTheFormula(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	var words [][]string
	var texts []string
	for range 50 {
		words = append(words, randomText(rng))
		texts = append(texts, strings.Join(words[len(words)-1], ", "))
	}
	for _, o := range []bm25.Options{{K1: .9, B: .4}, {K1: 1.2, B: .75}, {B: .75}, {K1: 2}, {K1: .9, B: 1}} {
		x, scores := bm25.New(texts, o), make([]float32, len(texts))
		for range 50 {
			question := randomText(rng)
			x.Score(strings.ToUpper(strings.Join(question, " ")), scores)
			for i, text := range words {
				want := formula(question, text, words, o)
				if got := float64(scores[i]); math.Abs(got-want) > 1e-5*(1+want) {
					t.Fatalf("%+v: score of %q for %q: got %v, want %v", o, text, question, got, want)
				}
			}
		}
	}
}

func TestTextsWithoutWordsScoreNothing(t *testing.T) {
	t.Parallel()
	for _, texts := range [][]string{nil, {"", "?!"}, {"", "cow"}} {
		scores := make([]float32, len(texts))
		bm25.New(texts, bm25.Options{K1: .9, B: .4}).Score("cow … cow", scores)
		for i, s := range scores {
			if want := texts[i] == "cow"; (s > 0) != want || s != s {
				t.Errorf("%q scores %v", texts[i], s)
			}
		}
	}
}

// TestWhatIsAWord asks for texts by each of the words that they should have,
// and counts those: a text of n words scores f·idf for each.
func TestWhatIsAWord(t *testing.T) {
	t.Parallel()
	for text, words := range map[string][]string{
		"The cow's 2 mats.": {"the", "cow", "s", "2", "mats"},
		"中国的首都":             {"中国", "国的", "的首", "首都"},
		"水, Straße":         {"水", "straße"},
		"भारत की":           {"भारत", "की"},
		"2010年的iPhone手机":    {"2010", "年的", "iphone", "手机"},
		"ภาษาไทย":           {"ภา", "าษ", "ษา", "าไ", "ไท", "ทย"},
		"ＡＢＣ ½":             {"abc", "1", "2"}, // ½ is 1⁄2
		"soft\u00adware":    {"software"},
		"می\u200cخواهم":     {"میخواهم"},
		"…":                 nil,
	} {
		// With k1 0 and b 0 a word adds its idf, the same for all of the one text.
		x, score := bm25.New([]string{text}, bm25.Options{}), make([]float32, 1)
		idf := math.Log(1 + .5/1.5)
		for _, word := range words {
			if x.Score(word, score); math.Abs(float64(score[0])-idf) > 1e-6 {
				t.Errorf("%q has no word %q: it scores %v", text, word, score[0])
			}
		}
		if x.Score(text, score); math.Abs(float64(score[0])-idf*float64(len(words))) > 1e-5 {
			t.Errorf("%q has %v words, want %d", text, float64(score[0])/idf, len(words))
		}
	}
}

func BenchmarkScore(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(rng, 1.1, 3, 50_000)
	text := func(words int) string {
		var s strings.Builder
		for range words {
			fmt.Fprintf(&s, "w%d ", zipf.Uint64())
		}
		return s.String()
	}
	texts := make([]string, 100_000)
	for i := range texts {
		texts[i] = text(25)
	}
	x, scores := bm25.New(texts, bm25.Options{K1: .9, B: .4}), make([]float32, len(texts))
	questions := make([]string, 1000)
	for i := range questions {
		questions[i] = text(10)
	}
	n := 0
	for b.Loop() {
		x.Score(questions[n%len(questions)], scores)
		n++
	}
}
