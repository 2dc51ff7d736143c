package sample

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"sort"

	"repro/stages/corpus"
)

// Pool is what batches are drawn from: datasets, their items, and each item's
// text by language. It is read-only, ordered by dataset, id and language
// whatever the order of the input, and compact: a pair takes its text and some
// 50 bytes. It is safe for concurrent use.
type Pool struct {
	text     arena
	langs    []string
	origins  []string
	datasets []*Dataset
	pairs    []pair
	lists    [][]ref  // the negatives of the pairs that have any
	first    []uint32 // pairs[first[i]:first[i+1]] are the versions of item i
	equal    bool     // datasets are drawn uniformly, not in proportion to their size
}

// pair is one version of an item.
type pair struct {
	id, query, passage ref
	origin             uint32
	negatives          uint32 // place in lists, from 1; 0 if there are none
	dataset, lang      uint16
}

// Item is one question with its passage in all of its languages. The items of
// a pool are numbered from 0.
type Item int32

// Dataset is the items that share a dataset's name.
type Dataset struct {
	Name   string
	items  []Item
	byLang map[string][]Item
	multi  []Item
}

// Items returns all items.
func (d *Dataset) Items() []Item { return d.items }

// In returns the items that have the language.
func (d *Dataset) In(lang string) []Item { return d.byLang[lang] }

// Multilingual returns the items that have at least two languages.
func (d *Dataset) Multilingual() []Item { return d.multi }

// NewPool returns the pool of the given pairs. A pair that lacks a field, or
// that occurs twice with different texts, is an error that wraps
// stages.ErrInput. One that occurs twice with equal texts counts once.
func NewPool(pairs []corpus.Pair) (*Pool, error) {
	b := newBuilder(nil)
	for _, p := range pairs {
		if err := b.add(p); err != nil {
			return nil, err
		}
	}
	return b.pool()
}

// Langs returns the languages, sorted.
func (p *Pool) Langs() []string { return p.langs }

// Datasets returns the datasets, sorted by name.
func (p *Pool) Datasets() []*Dataset { return p.datasets }

// Len returns the number of pairs, an item in n languages being n pairs.
func (p *Pool) Len() int { return len(p.pairs) }

// Items returns the number of items.
func (p *Pool) Items() int { return len(p.first) - 1 }

// ID returns the item's id, which is unique in its dataset.
func (p *Pool) ID(i Item) string { return string(p.id(i)) }

// LangsOf returns the item's languages, sorted.
func (p *Pool) LangsOf(i Item) []string {
	versions := p.versions(i)
	langs := make([]string, len(versions))
	for k, v := range versions {
		langs[k] = p.langs[v.lang]
	}
	return langs
}

// Text returns the item's question and passage in a language, and whether it
// has that language.
func (p *Pool) Text(i Item, lang string) (query, passage string, ok bool) {
	v := p.version(i, lang)
	if v == nil {
		return "", "", false
	}
	return string(p.text.get(v.query)), string(p.text.get(v.passage)), true
}

// Negatives returns the negatives of the item's pair in a language: passages
// that look right and are not.
func (p *Pool) Negatives(i Item, lang string) []string {
	v := p.version(i, lang)
	if v == nil {
		return nil
	}
	return p.negatives(v)
}

func (p *Pool) negatives(v *pair) []string {
	if v.negatives == 0 {
		return nil
	}
	list := p.lists[v.negatives-1]
	texts := make([]string, len(list))
	for k, r := range list {
		texts[k] = string(p.text.get(r))
	}
	return texts
}

// SamePassage reports whether both items have the language and the same
// passage in it: several questions may share a sentence.
func (p *Pool) SamePassage(i, j Item, lang string) bool {
	a, b := p.version(i, lang), p.version(j, lang)
	return a != nil && b != nil && bytes.Equal(p.text.get(a.passage), p.text.get(b.passage))
}

// selfPair reports whether the row's two sides are the same text.
func (p *Pool) selfPair(r Row) bool {
	query, passage := p.text.get(p.version(r.Item, r.Query).query), p.text.get(p.version(r.Item, r.Passage).passage)
	if r.QueryText != "" {
		query = []byte(r.QueryText)
	}
	if r.PassageText != "" {
		passage = []byte(r.PassageText)
	}
	return bytes.Equal(query, passage)
}

// All returns the pairs in the order of the pool.
func (p *Pool) All() iter.Seq[corpus.Pair] {
	return func(yield func(corpus.Pair) bool) {
		for _, v := range p.pairs {
			if !yield(corpus.Pair{
				Dataset: p.datasets[v.dataset].Name,
				ID:      string(p.text.get(v.id)),
				Lang:    p.langs[v.lang],
				Query:   string(p.text.get(v.query)),
				Passage: string(p.text.get(v.passage)),
				Origin:  p.origins[v.origin],

				Negatives: p.negatives(&v),
			}) {
				return
			}
		}
	}
}

// Find returns the item of a dataset that has the id.
func (p *Pool) Find(dataset, id string) (Item, bool) {
	d, ok := slices.BinarySearchFunc(p.datasets, dataset, func(d *Dataset, name string) int {
		return cmp.Compare(d.Name, name)
	})
	if !ok {
		return 0, false
	}
	items := p.datasets[d].items
	n, ok := sort.Find(len(items), func(n int) int { return bytes.Compare([]byte(id), p.id(items[n])) })
	if !ok {
		return 0, false
	}
	return items[n], true
}

func (p *Pool) id(i Item) []byte { return p.text.get(p.versions(i)[0].id) }

func (p *Pool) dataset(i Item) *Dataset { return p.datasets[p.versions(i)[0].dataset] }

// has reports whether the item is one of the pool's and of that dataset.
func (p *Pool) has(d *Dataset, i Item) bool { return i >= 0 && int(i) < p.Items() && p.dataset(i) == d }

func (p *Pool) versions(i Item) []pair { return p.pairs[p.first[i]:p.first[i+1]] }

func (p *Pool) version(i Item, lang string) *pair {
	versions := p.versions(i)
	for k := range versions {
		if p.langs[versions[k].lang] == lang {
			return &versions[k]
		}
	}
	return nil
}
