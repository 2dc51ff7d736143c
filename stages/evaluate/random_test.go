package evaluate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages/corpus"
)

// shuffled returns a set with one query, and a brute-force evaluator of it.
func shuffled(docs int, gains []int) (*corpus.Set, *brute) {
	set := &corpus.Set{Queries: []corpus.Query{{ID: "en:q", Lang: "en", Question: "q"}}}
	for i := range docs {
		d := corpus.Doc{ID: fmt.Sprintf("d%d", i), Lang: []string{"en", "de"}[i%2]}
		set.Docs = append(set.Docs, d)
		if i < len(gains) {
			set.Qrels = append(set.Qrels, corpus.Qrel{Query: "en:q", Doc: d.ID, Score: gains[i]})
		}
	}
	r := &retrieval{set: set, scores: [][]float64{make([]float64, docs)}}
	return set, &brute{retrieval: r, depth: docs, recall: []int{1, 3}, ndcg: []int{2, 100}, biasAt: 3}
}

// means averages brute-force records over orders of the documents.
func (b *brute) means(orders func(yield func([]int) bool)) map[record]float64 {
	sums, n := map[record]float64{}, 0.0
	for order := range orders {
		for i, doc := range order {
			b.scores[0][doc] = float64(-i)
		}
		for _, r := range b.records() {
			value := r.Value
			r.Value = 0
			sums[r] += value
		}
		n++
	}
	for r := range sums {
		sums[r] /= n
	}
	return sums
}

func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		var extend func(k int) bool
		extend = func(k int) bool {
			if k == n {
				return yield(order)
			}
			for i := k; i < n; i++ {
				order[k], order[i] = order[i], order[k]
				if !extend(k + 1) {
					return false
				}
				order[k], order[i] = order[i], order[k]
			}
			return true
		}
		extend(0)
	}
}

func expectations(out output) map[record]float64 {
	values := map[record]float64{}
	for _, r := range out.metrics {
		value := r.Value
		r.Value = 0
		values[r] = value
	}
	return values
}

const randomParams = `{"ranking":"random","recall_at":[1,3],"ndcg_at":[2,100],"bias_at":3}`

// TestRandomIsTheMeanOverAllOrders compares the closed forms with every
// permutation of a small pool.
func TestRandomIsTheMeanOverAllOrders(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		docs  int
		gains []int
	}{
		{1, []int{2}},
		{2, []int{1, 1}},
		{6, []int{1}},
		{6, []int{3, 1, 1}},
		{5, []int{1, 2, 3, 1, 2}},
		{7, []int{1, 1, 1, 4}},
	} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			t.Parallel()
			_, b := shuffled(tc.docs, tc.gains)
			want := b.means(permutations(tc.docs))
			got := expectations(run(t, randomParams, b.setInput(t)))
			if diff := cmp.Diff(want, got, approx); diff != "" {
				t.Errorf("-all orders +closed form:\n%s", diff)
			}
		})
	}
}

// TestRandomAgreesWithMonteCarlo does the same for a pool too large to enumerate.
func TestRandomAgreesWithMonteCarlo(t *testing.T) {
	t.Parallel()
	const docs, samples = 60, 4000
	_, b := shuffled(docs, []int{1, 2, 1, 1, 3})
	rng := rand.New(rand.NewPCG(3, 4))
	want := b.means(func(yield func([]int) bool) {
		for range samples {
			if !yield(rng.Perm(docs)) {
				return
			}
		}
	})
	got := expectations(run(t, randomParams, b.setInput(t)))
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for dims, value := range got {
		// No standard deviation here exceeds half the largest value that a metric can take.
		scale := map[string]float64{"rank-distance": docs, "gold-rank": docs, "lang-bias@3": 2}[dims.Metric]
		if limit := 5 * max(scale, 1) / 2 / math.Sqrt(samples); math.Abs(value-want[dims]) > limit {
			t.Errorf("%+v: expected %v, sampled %v", dims, value, want[dims])
		}
	}
}

// TestRandomRankDistanceOnXQuADR checks the figure that follows from the
// published sizes: 13,014 candidates and 11 answers give 13,015 × 10/12.
func TestRandomRankDistanceOnXQuADR(t *testing.T) {
	t.Parallel()
	set := loadXQuADR(t)
	if len(set.Docs) != 13014 || len(set.Queries) != 13090 {
		t.Fatalf("%d documents and %d queries", len(set.Docs), len(set.Queries))
	}
	r := &retrieval{set: set}
	out := run(t, `{"ranking":"random","settings":["multilingual"]}`, r.setInput(t))
	for _, lang := range []string{"ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"} {
		if got := out.value(t, "multilingual", lang, "all", "rank-distance"); math.Round(got) != 10846 {
			t.Errorf("%s: rank distance %v", lang, got)
		}
	}
}

// loadXQuADR reads the structure of XQuAD-R without its text.
func loadXQuADR(t testing.TB) *corpus.Set {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testkit.Datasets(t), "xquad-r", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	set := &corpus.Set{}
	answers := map[string][]string{} // question → documents
	for _, file := range files {
		lang := filepath.Base(file)[:2]
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var squad struct {
			Data []struct {
				Paragraphs []struct {
					Breaks [][2]int `json:"sentence_breaks"`
					QAs    []struct {
						ID      string
						Answers []struct {
							Start int `json:"answer_start"`
						}
					}
				}
			}
		}
		if err := json.Unmarshal(content, &squad); err != nil {
			t.Fatal(err)
		}
		for _, article := range squad.Data {
			for _, p := range article.Paragraphs {
				first := len(set.Docs)
				for range p.Breaks {
					set.Docs = append(set.Docs, corpus.Doc{ID: fmt.Sprintf("%s:%d", lang, len(set.Docs)), Lang: lang})
				}
				for _, qa := range p.QAs {
					set.Queries = append(set.Queries, corpus.Query{ID: lang + ":" + qa.ID, Lang: lang, Question: qa.ID})
					at := slices.IndexFunc(p.Breaks, func(b [2]int) bool { return b[0] <= qa.Answers[0].Start && qa.Answers[0].Start < b[1] })
					answers[qa.ID] = append(answers[qa.ID], set.Docs[first+at].ID)
				}
			}
		}
	}
	for _, q := range set.Queries {
		for _, doc := range answers[q.Question] {
			set.Qrels = append(set.Qrels, corpus.Qrel{Query: q.ID, Doc: doc, Score: 1})
		}
	}
	return set
}
