package evaluate_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"repro/stages/corpus"
)

// brute computes all records from sorted lists, straight from the formulas. It
// shares no code with the stage.
type brute struct {
	*retrieval
	depth  int  // documents listed of each query
	zero   bool // missing = "zero"
	recall []int
	ndcg   []int
	biasAt int
	sums   map[record]*[]float64 // dimensions → values
}

var approx = cmpopts.EquateApprox(0, 1e-9)

func (b *brute) records() []record {
	b.sums = map[record]*[]float64{}
	docLangs := []string{}
	for _, d := range b.set.Docs {
		docLangs = append(docLangs, d.Lang)
	}
	slices.Sort(docLangs)
	docLangs = slices.Compact(docLangs)
	for q, query := range b.set.Queries {
		gains := map[string]int{}
		for _, r := range b.set.Qrels {
			if r.Query == query.ID {
				gains[r.Doc] = r.Score
			}
		}
		all := []corpus.Doc{}
		for _, doc := range b.ranked(q)[:b.depth] {
			all = append(all, b.set.Docs[doc])
		}
		for _, lang := range docLangs {
			setting := "cross-lingual"
			if lang == query.Lang {
				setting = "monolingual"
			}
			list := slices.DeleteFunc(slices.Clone(all), func(d corpus.Doc) bool { return d.Lang != lang })
			relevant := map[string]int{}
			for _, d := range b.set.Docs {
				if gain := gains[d.ID]; gain > 0 && d.Lang == lang {
					relevant[d.ID] = gain
				}
			}
			b.score(record{Setting: setting, QueryLang: query.Lang, DocLang: lang}, list, relevant)
		}
		b.score(record{Setting: "multilingual", QueryLang: query.Lang, DocLang: "all"}, all, gains)
		if len(gains) > 0 || b.zero {
			b.bias(query, all, gains)
		}
	}
	var records []record
	for dims, values := range b.sums {
		sum := 0.0
		for _, v := range *values {
			sum += v
		}
		dims.Value, dims.Queries = sum/float64(len(*values)), len(*values)
		records = append(records, dims)
	}
	return records
}

func (b *brute) add(dims record, metric string, value float64) {
	dims.Metric = metric
	if b.sums[dims] == nil {
		b.sums[dims] = &[]float64{}
	}
	*b.sums[dims] = append(*b.sums[dims], value)
}

func (b *brute) score(dims record, list []corpus.Doc, gains map[string]int) {
	if len(gains) == 0 && !b.zero {
		return
	}
	hits, ap, rr := 0, 0.0, 0.0
	for i, d := range list {
		if gains[d.ID] > 0 {
			hits++
			ap += float64(hits) / float64(i+1)
			if hits == 1 {
				rr = 1 / float64(i+1)
			}
		}
	}
	if len(gains) > 0 {
		ap /= float64(len(gains))
	}
	b.add(dims, "map", ap)
	b.add(dims, "mrr", rr)
	for _, k := range b.recall {
		found := 0.0
		for _, d := range list[:min(k, len(list))] {
			if gains[d.ID] > 0 {
				found++
			}
		}
		if len(gains) > 0 {
			found /= float64(len(gains))
		}
		b.add(dims, fmt.Sprintf("recall@%d", k), found)
	}
	var ideal []int
	for _, gain := range gains {
		ideal = append(ideal, gain)
	}
	slices.Sort(ideal)
	slices.Reverse(ideal)
	for _, k := range b.ndcg {
		dcg, best := 0.0, 0.0
		for i := range k {
			if i < len(list) {
				dcg += float64(gains[list[i].ID]) / math.Log2(float64(i+2))
			}
			if i < len(ideal) {
				best += float64(ideal[i]) / math.Log2(float64(i+2))
			}
		}
		if best > 0 {
			dcg /= best
		}
		b.add(dims, fmt.Sprintf("ndcg@%d", k), dcg)
	}
}

func (b *brute) bias(query corpus.Query, list []corpus.Doc, gains map[string]int) {
	dims := record{Setting: "multilingual", QueryLang: query.Lang, DocLang: "all"}
	same, inPool := 0.0, 0.0
	for _, d := range list[:min(b.biasAt, len(list))] {
		if d.Lang == query.Lang {
			same++
		}
	}
	for _, d := range b.set.Docs {
		if d.Lang == query.Lang {
			inPool++
		}
	}
	share := same / float64(min(b.biasAt, len(list)))
	b.add(dims, fmt.Sprintf("lang-share@%d", b.biasAt), share)
	if inPool > 0 {
		b.add(dims, fmt.Sprintf("lang-bias@%d", b.biasAt), share/(inPool/float64(len(b.set.Docs))))
	}
	if b.depth < len(b.set.Docs) {
		return // in these sets some query has an answer that is not listed
	}
	var ranks []float64
	for _, d := range b.set.Docs {
		if gains[d.ID] == 0 {
			continue
		}
		rank := float64(slices.Index(list, d) + 1)
		ranks = append(ranks, rank)
		b.add(record{Setting: "multilingual", QueryLang: query.Lang, DocLang: d.Lang}, "gold-rank", rank)
	}
	if len(ranks) >= 2 {
		b.add(dims, "rank-distance", slices.Max(ranks)-slices.Min(ranks))
	}
}

// TestAgreesWithBruteForce covers ties, queries without answers, several and
// graded answers, and a query language without documents.
func TestAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	byDimensions := cmpopts.SortSlices(func(a, b record) bool {
		a.Value, b.Value, a.Queries, b.Queries = 0, 0, 0, 0
		return fmt.Sprint(a) < fmt.Sprint(b)
	})
	for _, tc := range []struct {
		queries, docs, dim, depth int
		missing                   string
	}{
		{queries: 70, docs: 40, dim: 3, missing: "skip"},
		{queries: 70, docs: 40, dim: 3, missing: "zero"},
		{queries: 33, docs: 700, dim: 17, missing: "skip"},
		{queries: 9, docs: 6, dim: 1, missing: "zero"},
		{queries: 70, docs: 40, dim: 3, depth: 12, missing: "skip"},
		{queries: 70, docs: 40, dim: 3, depth: 40, missing: "zero"},
	} {
		t.Run(fmt.Sprintf("%+v", tc), func(t *testing.T) {
			t.Parallel()
			r, input := randomEmbeddings(t, uint64(tc.docs), tc.queries, tc.docs, tc.dim)
			want := brute{retrieval: r, depth: tc.docs, zero: tc.missing == "zero", recall: []int{1, 3, 10}, ndcg: []int{2, 10}, biasAt: 7}
			ranking := "embeddings"
			if tc.depth > 0 {
				want.depth, ranking, input = tc.depth, "run", r.runInput(tc.depth)
			}
			params := fmt.Sprintf(`{"ranking":%q,"missing":%q,"recall_at":[10,1,3,1],"ndcg_at":[10,2],"bias_at":7,"run_depth":5}`, ranking, tc.missing)
			got := run(t, params, r.setInput(t), input)
			if diff := cmp.Diff(want.records(), got.metrics, byDimensions, approx); diff != "" {
				t.Errorf("-brute force +stage:\n%s", diff)
			}
		})
	}
}
