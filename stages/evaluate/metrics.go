package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// metricNames returns the names of the values that measure and expect return.
func (p params) metricNames() []string {
	names := []string{"map", "mrr"}
	for _, k := range p.RecallAt {
		names = append(names, fmt.Sprintf("recall@%d", k))
	}
	for _, k := range p.NDCGAt {
		names = append(names, fmt.Sprintf("ndcg@%d", k))
	}
	return names
}

// biasNames returns the names of the values that only the multilingual setting has.
func (p params) biasNames() []string {
	return []string{"rank-distance", fmt.Sprintf("lang-share@%d", p.BiasAt), fmt.Sprintf("lang-bias@%d", p.BiasAt)}
}

// judged is an answer in the list of one setting.
type judged struct {
	rank  float64 // as in placed
	found bool
	gain  int
}

// measure returns the metrics of one list. Without answers all are 0, as
// trec_eval -c has it.
func (p params) measure(golds []judged) []float64 {
	golds = slices.Clone(golds)
	slices.SortFunc(golds, func(a, b judged) int { return cmp.Compare(a.rank, b.rank) })
	var hits, precisions, best float64
	for _, g := range golds {
		if g.found {
			hits++
			precisions += hits / g.rank
			best = max(best, 1/g.rank)
		}
	}
	total := float64(max(len(golds), 1))
	values := []float64{precisions / total, best}
	for _, k := range p.RecallAt {
		found := 0.0
		for _, g := range golds {
			if g.found && g.rank <= float64(k) {
				found++
			}
		}
		values = append(values, found/total)
	}
	for _, k := range p.NDCGAt {
		dcg := 0.0
		for _, g := range golds {
			if g.found && g.rank <= float64(k) {
				dcg += float64(g.gain) * discount(g.rank)
			}
		}
		values = append(values, normalise(dcg, golds, k))
	}
	return values
}

// discount is the weight of a rank in DCG (Järvelin and Kekäläinen 2002, with
// the logarithm that trec_eval uses).
func discount(rank float64) float64 { return 1 / math.Log2(rank+1) }

// normalise divides dcg by that of the ideal list, cut off at rank k.
func normalise(dcg float64, golds []judged, k int) float64 {
	if len(golds) == 0 {
		return 0
	}
	gains := make([]int, len(golds))
	for i, g := range golds {
		gains[i] = g.gain
	}
	slices.SortFunc(gains, func(a, b int) int { return b - a })
	ideal := 0.0
	for i, gain := range gains[:min(k, len(gains))] {
		ideal += float64(gain) * discount(float64(i+1))
	}
	return dcg / ideal
}

// rankDistance is the worst rank of the answers minus the best one, and NaN
// with fewer than two answers.
func rankDistance(golds []judged) float64 {
	if len(golds) < 2 {
		return math.NaN()
	}
	first, last := math.Inf(1), 0.0
	for _, g := range golds {
		first, last = min(first, g.rank), max(last, g.rank)
	}
	return last - first
}

// langShare is the share of documents in the language lang among the first
// BiasAt of the list, and NaN if the list is empty.
func (p params) langShare(top []hit, docLang []int, lang int) float64 {
	top = top[:min(p.BiasAt, len(top))]
	same := 0
	for _, h := range top {
		if docLang[h.doc] == lang {
			same++
		}
	}
	return float64(same) / float64(len(top))
}
