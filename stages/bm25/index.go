// Package bm25 ranks texts by the words that they share with a question. In
// come texts and questions; out come scores.
//
// There is no stemming and there are no stop words: what a word is, terms says
// for all languages alike, so that a text may be in any.
package bm25

import "math"

// Index is an inverted index that scores by BM25 (Robertson and Zaragoza 2009,
// The Probabilistic Relevance Framework: BM25 and Beyond):
//
//	score(q, d) = Σ_t idf(t) · f(t,d)·(k1+1) / (f(t,d) + k1·(1 − b + b·|d|/avg))
//	idf(t) = ln(1 + (N − n(t) + ½) / (n(t) + ½))
//
// where t runs over the words of the question, one that comes again counting
// again, f(t,d) is how often t is in the text d, |d| the number of words of d,
// avg its mean, N the number of texts and n(t) of those with t. The 1 in idf is
// Lucene's and keeps it positive: a text scores above 0 just if it shares a
// word with the question. An Index is safe for concurrent use.
type Index struct {
	postings map[string][]posting // by word, in the order of texts
}

// posting is what a word adds to a text's score.
type posting struct {
	text   uint32
	weight float32
}

// Options are the two parameters of BM25. Usual are Anserini's, which BEIR
// reports (k1 0.9, b 0.4; arXiv 2104.08663), and Lucene's (1.2, 0.75).
type Options struct {
	K1 float64 // how much a word counts that comes again, from 0
	B  float64 // how much long texts are held back, 0 to 1
}

// New indexes texts.
func New(texts []string, o Options) *Index {
	x := &Index{postings: map[string][]posting{}}
	lengths, sum := make([]float64, len(texts)), 0.0
	for n, text := range texts {
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
	total := float64(len(texts))
	for _, list := range x.postings {
		n := float64(len(list))
		idf := math.Log(1 + (total-n+.5)/(n+.5))
		for i, p := range list {
			f, long := float64(p.weight), lengths[p.text]*total/sum
			list[i].weight = float32(idf * f * (o.K1 + 1) / (f + o.K1*(1-o.B+o.B*long)))
		}
	}
	return x
}

// Score overwrites scores, one for each text, with what they score for a
// question. The sum is in the order of the question's words.
func (x *Index) Score(question string, scores []float32) {
	clear(scores)
	for _, word := range terms(question) {
		for _, p := range x.postings[word] {
			scores[p.text] += p.weight
		}
	}
}
