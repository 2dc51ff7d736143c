package evaluate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"repro/stages"
	"repro/stages/search"
	"repro/stages/tensor"
)

const (
	// lanes is the multiple that rows are padded to. The dot product sums in an
	// order that depends on a row's alignment and tail; with padding it is the
	// same for all rows, so that equal texts get equal scores.
	lanes = 16
	// docTile documents are scored for a block of queries before the next ones:
	// they stay in the processor's cache, and memory stays bounded.
	docTile = 256
)

// The files of the embeddings folder.
const (
	queriesFile = "queries.npy"
	docsFile    = "corpus.npy"
)

// embeddings ranks documents by the dot product of their vectors with the query's.
type embeddings struct {
	pool    *pool
	queries vectors
	docs    vectors
	depth   int // length of outcome.top
}

func loadEmbeddings(dir string, p *pool, depth int) (*embeddings, error) {
	queries, err := loadRows(filepath.Join(dir, queriesFile), len(p.queries))
	if err != nil {
		return nil, err
	}
	docs, err := loadRows(filepath.Join(dir, docsFile), len(p.docs))
	if err != nil {
		return nil, err
	}
	if queries.Cols != docs.Cols {
		return nil, fmt.Errorf("%w: %s: queries have %d dimensions and documents %d: embed both with one model", stages.ErrInput, dir, queries.Cols, docs.Cols)
	}
	return &embeddings{pool: p, queries: newVectors(queries), docs: newVectors(docs), depth: depth}, nil
}

func loadRows(name string, want int) (*tensor.Matrix, error) {
	m, err := tensor.LoadNPY(name)
	if err != nil {
		return nil, err
	}
	if m.Rows != want {
		return nil, fmt.Errorf("%w: %s has %d rows and the retrieval set %d: embed the set that is evaluated", stages.ErrInput, name, m.Rows, want)
	}
	return m, nil
}

// vectors holds rows padded with zeros to a multiple of lanes.
type vectors struct {
	stride int
	data   []float32
}

func newVectors(m *tensor.Matrix) vectors {
	v := vectors{stride: (m.Cols + lanes - 1) / lanes * lanes}
	v.data = make([]float32, m.Rows*v.stride)
	for i := range m.Rows {
		copy(v.data[i*v.stride:], m.Row(i))
	}
	return v
}

func (v vectors) row(i int) blas32.Vector {
	return blas32.Vector{N: v.stride, Inc: 1, Data: v.data[i*v.stride : (i+1)*v.stride]}
}

// rank implements ranker without sorting: the answers are scored first, and
// then each document only finds its place among them.
func (e *embeddings) rank(ctx context.Context, from, to int) ([]outcome, error) {
	tallies := make([]*tally, 0, to-from)
	for q := from; q < to; q++ {
		t, err := e.newTally(q)
		if err != nil {
			return nil, err
		}
		tallies = append(tallies, t)
	}
	for start := 0; start < len(e.pool.docs); start += docTile {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := min(start+docTile, len(e.pool.docs))
		for i, t := range tallies {
			for doc := start; doc < end; doc++ {
				k, err := e.key(from+i, doc)
				if err != nil {
					return nil, err
				}
				t.add(k, e.pool.docLang[doc])
			}
		}
	}
	outcomes := make([]outcome, len(tallies))
	for i, t := range tallies {
		outcomes[i] = e.outcome(from+i, t)
	}
	return outcomes, nil
}

func (e *embeddings) newTally(q int) (*tally, error) {
	golds := e.pool.golds[q]
	keys := make([]search.Key, len(golds))
	for i, g := range golds {
		var err error
		if keys[i], err = e.key(q, g.doc); err != nil {
			return nil, err
		}
	}
	return newTally(keys, len(e.pool.langs), e.depth), nil
}

func (e *embeddings) key(q, doc int) (search.Key, error) {
	score := blas32.Dot(e.queries.row(q), e.docs.row(doc))
	if score != score {
		return 0, fmt.Errorf("%w: the score of query %q and document %q is not a number: check the embeddings of both", stages.ErrInput, e.pool.queries[q].ID, e.pool.docs[doc].ID)
	}
	return search.NewKey(score, e.pool.tie[doc]), nil
}

func (e *embeddings) outcome(q int, t *tally) outcome {
	o := outcome{golds: make([]placed, len(t.golds))}
	for i, g := range e.pool.golds[q] {
		own, all := t.ranks(t.order[i], e.pool.docLang[g.doc])
		o.golds[i] = placed{own: float64(own), all: float64(all), found: true, gain: g.gain}
	}
	for _, k := range t.top.Best() {
		o.top = append(o.top, hit{doc: e.pool.byTie[k.Tie()], score: float64(k.Score())})
	}
	return o
}

// tally counts, for one query, the documents above each answer, and keeps the
// best documents.
type tally struct {
	golds []search.Key // of the answers, best first
	order []int        // answer in the order of pool.golds → its place in golds
	count [][]int      // language → for each place, the documents that beat that answer but not the one before it
	top   *search.Top
}

func newTally(golds []search.Key, langs, depth int) *tally {
	t := &tally{golds: slices.Clone(golds), count: make([][]int, langs), top: search.NewTop(depth)}
	slices.SortFunc(t.golds, search.Descending)
	for _, k := range golds {
		place, _ := slices.BinarySearchFunc(t.golds, k, search.Descending)
		t.order = append(t.order, place)
	}
	for lang := range t.count {
		t.count[lang] = make([]int, len(golds))
	}
	return t
}

func (t *tally) add(k search.Key, lang int) {
	if n := len(t.golds); n > 0 && k > t.golds[n-1] {
		place := n - 1
		for place > 0 && k > t.golds[place-1] {
			place--
		}
		t.count[lang][place]++
	}
	t.top.Add(k)
}

// ranks returns the rank of the answer at place among the documents of lang,
// its language, and among all.
func (t *tally) ranks(place, lang int) (own, all int) {
	own, all = 1, 1
	for l, count := range t.count {
		above := 0
		for _, n := range count[:place+1] {
			above += n
		}
		all += above
		if l == lang {
			own += above
		}
	}
	return own, all
}
