package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"repro/stages"
	"repro/stages/corpus"
)

// pool is a retrieval set, indexed for ranking.
type pool struct {
	docs      []corpus.Doc
	queries   []corpus.Query
	qrels     []corpus.Qrel
	langs     []string // of documents and queries, sorted
	docLang   []int    // document → index in langs
	queryLang []int    // query → index in langs
	size      []int    // language → number of documents
	golds     [][]gold // query → the documents that answer it
	tie       []uint32 // document → place among all by descending id: of two equal scores the lower tie is first
	byTie     []int    // inverse of tie
	docIndex  map[string]int
	queryOf   map[string]int
}

// gold is a document that answers a query.
type gold struct {
	doc  int
	gain int // graded relevance, at least 1
}

// loadPool reads a retrieval set, the texts of its documents only if asked for.
func loadPool(dir string, texts bool) (*pool, error) {
	load := corpus.LoadIndex
	if texts {
		load = corpus.LoadSet
	}
	set, err := load(dir)
	if err != nil {
		return nil, err
	}
	p, err := newPool(set)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, dir, err)
	}
	return p, nil
}

func newPool(set *corpus.Set) (*pool, error) {
	if len(set.Queries) == 0 || len(set.Docs) == 0 {
		return nil, fmt.Errorf("%d queries and %d documents: there is nothing to score", len(set.Queries), len(set.Docs))
	}
	p := &pool{docs: set.Docs, queries: set.Queries, qrels: set.Qrels}
	for i, d := range p.docs {
		if err := checkItem("document", d.ID, d.Lang); err != nil {
			return nil, err
		}
		p.langs = append(p.langs, d.Lang)
		p.byTie = append(p.byTie, i)
	}
	for _, q := range p.queries {
		if err := checkItem("query", q.ID, q.Lang); err != nil {
			return nil, err
		}
		p.langs = append(p.langs, q.Lang)
	}
	p.langs = slices.Compact(slices.Sorted(slices.Values(p.langs)))
	p.size = make([]int, len(p.langs))
	p.docIndex = make(map[string]int, len(p.docs))
	for i, d := range p.docs {
		lang, _ := slices.BinarySearch(p.langs, d.Lang)
		p.docLang = append(p.docLang, lang)
		p.size[lang]++
		p.docIndex[d.ID] = i
	}
	p.queryOf = make(map[string]int, len(p.queries))
	for i, q := range p.queries {
		lang, _ := slices.BinarySearch(p.langs, q.Lang)
		p.queryLang = append(p.queryLang, lang)
		p.queryOf[q.ID] = i
	}
	slices.SortFunc(p.byTie, func(a, b int) int { return cmp.Compare(p.docs[b].ID, p.docs[a].ID) })
	p.tie = make([]uint32, len(p.docs))
	for place, doc := range p.byTie {
		p.tie[doc] = uint32(place)
	}
	return p, p.addGolds()
}

func (p *pool) addGolds() error {
	p.golds = make([][]gold, len(p.queries))
	seen := make(map[[2]int]bool, len(p.qrels))
	for _, r := range p.qrels {
		q, doc := p.queryOf[r.Query], p.docIndex[r.Doc]
		if seen[[2]int{q, doc}] {
			return fmt.Errorf("query %q: document %q is judged twice", r.Query, r.Doc)
		}
		seen[[2]int{q, doc}] = true
		p.golds[q] = append(p.golds[q], gold{doc: doc, gain: r.Score})
	}
	return nil
}

// checkItem refuses what the settings or the TREC formats cannot express.
func checkItem(what, id, lang string) error {
	if lang == "" {
		return fmt.Errorf("%s %q has no lang", what, id)
	}
	if strings.ContainsFunc(id, unicode.IsSpace) {
		return fmt.Errorf("%s %q: an identifier with white space cannot stand in a TREC file", what, id)
	}
	return nil
}
