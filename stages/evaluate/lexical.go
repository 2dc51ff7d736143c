package evaluate

import (
	"context"
	"slices"
	"strings"

	"repro/stages/bm25"
	"repro/stages/search"
)

// lexical ranks documents by BM25. A collection is what a setting searches: the
// documents of one language, or all. Each has statistics of its own, as a word
// that is in every document of its language tells nothing there, but is rare
// among all.
type lexical struct {
	pool  *pool
	all   *collection
	own   []*collection // language → its documents
	place []int         // document → where it is among those of its language
	skip  []int         // query → the document that is left out, or none
	depth int           // length of outcome.top
}

// none is the document that a query without a twin leaves out.
const none = -1

type collection struct {
	docs  []int // in the order of pool.docs
	index *bm25.Index
}

func newLexical(ctx context.Context, p *pool, o bm25Params, depth int) (*lexical, error) {
	l := &lexical{pool: p, depth: depth}
	byLang := make([][]int, len(p.langs))
	everything := make([]int, len(p.docs))
	for doc, lang := range p.docLang {
		l.place = append(l.place, len(byLang[lang]))
		byLang[lang] = append(byLang[lang], doc)
		everything[doc] = doc
	}
	for _, q := range p.queries {
		doc, twin := p.docIndex[q.ID]
		if !twin || !o.Identical {
			doc = none
		}
		l.skip = append(l.skip, doc)
	}
	for _, docs := range byLang {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.own = append(l.own, newCollection(p, docs, o))
	}
	if len(l.own) == 1 {
		l.all = l.own[0]
		return l, nil
	}
	l.all = newCollection(p, everything, o)
	return l, ctx.Err()
}

func newCollection(p *pool, docs []int, o bm25Params) *collection {
	texts := make([]string, len(docs))
	for i, doc := range docs {
		texts[i] = strings.TrimSpace(p.docs[doc].Title + " " + p.docs[doc].Text) // as BEIR joins them
	}
	return &collection{docs, bm25.New(texts, bm25.Options{K1: o.K1, B: o.B})}
}

// rank implements ranker.
func (l *lexical) rank(ctx context.Context, from, to int) ([]outcome, error) {
	outcomes := make([]outcome, 0, to-from)
	scores := make([]float32, len(l.pool.docs))
	for q := from; q < to; q++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		outcomes = append(outcomes, l.outcome(q, scores))
	}
	return outcomes, nil
}

func (l *lexical) outcome(q int, scores []float32) outcome {
	golds := l.pool.golds[q]
	o := outcome{golds: make([]placed, len(golds))}
	places := make([]int, len(golds))
	for i, g := range golds {
		places[i] = g.doc
		o.golds[i].gain = g.gain
	}
	ranks, top := l.search(l.all, q, scores, places)
	for i, rank := range ranks {
		o.golds[i].all, o.golds[i].found = float64(rank), rank > 0
	}
	for _, k := range top {
		o.top = append(o.top, hit{doc: l.pool.byTie[k.Tie()], score: float64(k.Score())})
	}
	for lang, c := range l.own {
		var which []int // of golds
		places = places[:0]
		for i, g := range golds {
			if l.pool.docLang[g.doc] == lang {
				which, places = append(which, i), append(places, l.place[g.doc])
			}
		}
		if len(which) == 0 {
			continue
		}
		ranks, _ := l.search(c, q, scores[:len(c.docs)], places)
		for i, rank := range ranks {
			o.golds[which[i]].own = float64(rank)
		}
	}
	return o
}

// search ranks a collection for a query. It returns the ranks of the documents
// at these places of it, 0 for one that is not found, and the best of all.
func (l *lexical) search(c *collection, q int, scores []float32, places []int) (ranks []int, top []search.Key) {
	c.index.Score(l.pool.queries[q].Text, scores)
	if at, in := slices.BinarySearch(c.docs, l.skip[q]); in {
		scores[at] = 0
	}
	key := func(at int) search.Key {
		if scores[at] == 0 {
			return 0
		}
		return search.NewKey(scores[at], l.pool.tie[c.docs[at]])
	}
	golds := make([]search.Key, len(places))
	for i, at := range places {
		golds[i] = key(at)
	}
	t := newTally(golds, 1, l.depth)
	for at, score := range scores {
		if score > 0 {
			t.add(key(at), 0)
		}
	}
	ranks = make([]int, len(places))
	for i, k := range golds {
		if k > 0 {
			ranks[i], _ = t.ranks(t.order[i], 0)
		}
	}
	return ranks, t.top.Best()
}
