package main

import (
	"math"
	"strings"
	"unicode"
)

// index is an inverted index that ranks by BM25 (Robertson and Zaragoza 2009,
// The Probabilistic Relevance Framework: BM25 and Beyond):
//
//	score(q, d) = Σ_t idf(t) · f(t,d)·(k1+1) / (f(t,d) + k1·(1 − b + b·|d|/avg))
//	idf(t) = ln(1 + (N − n(t) + ½) / (n(t) + ½))
//
// where t runs over the words of the question, one that comes again counting
// again, f(t,d) is how often t is in the passage d, |d| the number of words of
// d, avg its mean, N the number of passages and n(t) of those with t. The 1 in
// idf is Lucene's and keeps it positive.
type index struct {
	postings map[string][]posting // by word, in the order of passages
}

// posting is what a word adds to a passage's score.
type posting struct {
	passage uint32
	weight  float32
}

func newIndex(passages []string, k1, b float64) *index {
	x := &index{postings: map[string][]posting{}}
	lengths, sum := make([]float64, len(passages)), 0.0
	for n, text := range passages {
		counts := map[string]int{}
		for _, word := range terms(text) {
			counts[word]++
			lengths[n]++
		}
		sum += lengths[n]
		for word, count := range counts {
			x.postings[word] = append(x.postings[word], posting{uint32(n), float32(count)})
		}
	}
	total := float64(len(passages))
	for _, list := range x.postings {
		n := float64(len(list))
		idf := math.Log(1 + (total-n+.5)/(n+.5))
		for i, p := range list {
			f, long := float64(p.weight), lengths[p.passage]*total/sum
			list[i].weight = float32(idf * f * (k1 + 1) / (f + k1*(1-b+b*long)))
		}
	}
	return x
}

// score implements ranker.
func (x *index) score(question string, scores []float32) {
	clear(scores)
	for _, word := range terms(question) {
		for _, p := range x.postings[word] {
			scores[p.passage] += p.weight
		}
	}
}

// terms returns the words of a text in lower case. In scripts that write no
// spaces between words, each two neighbouring characters stand for a word, as
// in Lucene's analysis of Chinese and Japanese.
func terms(text string) []string {
	var list []string
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number)
	}) {
		runes := []rune(word)
		if len(runes) <= 2 || !strings.ContainsFunc(word, unspaced) {
			list = append(list, word)
			continue
		}
		for i := range len(runes) - 1 {
			list = append(list, string(runes[i:i+2]))
		}
	}
	return list
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
