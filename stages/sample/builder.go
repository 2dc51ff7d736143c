package sample

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
)

// builder gathers pairs in any order.
type builder struct {
	keep       []string        // languages to keep, all if empty
	seen       map[string]bool // languages that came, kept or not
	text       arena
	pairs      []pair
	lists      [][]ref
	negatives  int // texts in lists
	datasets   names
	langs      names
	origins    names
	duplicates int
}

func newBuilder(keep []string) *builder { return &builder{keep: keep, seen: map[string]bool{}} }

// add takes a pair, unless its language is to be left out.
func (b *builder) add(p corpus.Pair) error {
	for _, field := range [...]struct{ name, value string }{
		{"dataset", p.Dataset}, {"id", p.ID}, {"lang", p.Lang}, {"query", p.Query}, {"passage", p.Passage},
	} {
		if field.value == "" {
			return fmt.Errorf("%w: a pair without %s", stages.ErrInput, field.name)
		}
	}
	b.seen[p.Lang] = true
	if len(b.keep) > 0 && !slices.Contains(b.keep, p.Lang) {
		return nil
	}
	lang, dataset := b.langs.index(p.Lang), b.datasets.index(p.Dataset)
	b.negatives += len(p.Negatives)
	if lang > math.MaxUint16 || dataset > math.MaxUint16 || len(b.pairs) >= math.MaxInt32 || b.negatives > math.MaxInt32 {
		return fmt.Errorf("%w: more than 65,536 datasets or languages, or 2³¹ pairs or negatives", stages.ErrInput)
	}
	v := pair{
		id: b.text.put(p.ID), query: b.text.put(p.Query),
		origin: uint32(b.origins.index(p.Origin)), dataset: uint16(dataset), lang: uint16(lang),
	}
	v.passage = v.query // a sentence alone is both
	if p.Passage != p.Query {
		v.passage = b.text.put(p.Passage)
	}
	if len(p.Negatives) > 0 {
		list := make([]ref, len(p.Negatives))
		for k, text := range p.Negatives {
			if text == "" {
				return fmt.Errorf("%w: a pair with an empty negative", stages.ErrInput)
			}
			list[k] = b.text.put(text)
		}
		b.lists = append(b.lists, list)
		v.negatives = uint32(len(b.lists))
	}
	b.pairs = append(b.pairs, v)
	return nil
}

// pool puts what was added in order.
func (b *builder) pool() (*Pool, error) {
	for _, lang := range b.keep {
		if !b.seen[lang] {
			return nil, &stages.ParamError{
				Param:   "langs",
				Problem: fmt.Sprintf("no pair is in the language %q", lang),
				Hint:    fmt.Sprintf("The input has: %s", strings.Join(slices.Sorted(maps.Keys(b.seen)), ", ")),
			}
		}
	}
	if len(b.pairs) == 0 {
		return nil, fmt.Errorf("%w: no training pairs", stages.ErrInput)
	}
	datasets, datasetRank := b.datasets.sorted()
	langs, langRank := b.langs.sorted()
	for i := range b.pairs {
		b.pairs[i].dataset = uint16(datasetRank[b.pairs[i].dataset])
		b.pairs[i].lang = uint16(langRank[b.pairs[i].lang])
	}
	slices.SortFunc(b.pairs, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.dataset, y.dataset),
			bytes.Compare(b.text.get(x.id), b.text.get(y.id)),
			cmp.Compare(x.lang, y.lang),
			// Equal so far is a duplicate: which of two origins stays must not depend on the input's order.
			cmp.Compare(b.origins.list[x.origin], b.origins.list[y.origin]))
	})
	if err := b.dropDuplicates(datasets, langs); err != nil {
		return nil, err
	}
	p := &Pool{text: b.text, origins: b.origins.list, pairs: slices.Clip(b.pairs), lists: b.lists, langs: langs}
	for _, name := range datasets {
		p.datasets = append(p.datasets, &Dataset{Name: name, byLang: map[string][]Item{}})
	}
	for i := range p.pairs {
		if i == 0 || !b.sameItem(p.pairs[i-1], p.pairs[i]) {
			p.first = append(p.first, uint32(i))
		}
	}
	p.first = append(p.first, uint32(len(p.pairs)))
	for i := range Item(len(p.first) - 1) {
		versions := p.versions(i)
		d := p.datasets[versions[0].dataset]
		d.items = append(d.items, i)
		if len(versions) > 1 {
			d.multi = append(d.multi, i)
		}
		for _, v := range versions {
			d.byLang[langs[v.lang]] = append(d.byLang[langs[v.lang]], i)
		}
	}
	return p, nil
}

func (b *builder) sameItem(x, y pair) bool {
	return x.dataset == y.dataset && bytes.Equal(b.text.get(x.id), b.text.get(y.id))
}

func (b *builder) sameTexts(x, y pair) bool {
	same := func(r, s ref) bool { return bytes.Equal(b.text.get(r), b.text.get(s)) }
	list := func(v pair) []ref {
		if v.negatives == 0 {
			return nil
		}
		return b.lists[v.negatives-1]
	}
	return same(x.query, y.query) && same(x.passage, y.passage) && slices.EqualFunc(list(x), list(y), same)
}

// dropDuplicates keeps the first of equal pairs.
func (b *builder) dropDuplicates(datasets, langs []string) error {
	var errs []error
	kept := b.pairs[:0]
	for _, v := range b.pairs {
		if n := len(kept); n > 0 && kept[n-1].lang == v.lang && b.sameItem(kept[n-1], v) {
			b.duplicates++
			if !b.sameTexts(kept[n-1], v) {
				errs = append(errs, fmt.Errorf("%w: pair %s of %s occurs twice in %s with different texts",
					stages.ErrInput, b.text.get(v.id), datasets[v.dataset], langs[v.lang]))
			}
			if len(errs) == maxErrors {
				break
			}
			continue
		}
		kept = append(kept, v)
	}
	b.pairs = kept
	return errors.Join(errs...)
}

// maxErrors is how many of the same mistakes are worth reporting at once.
const maxErrors = 5

// names numbers strings in the order in which they come.
type names struct {
	list   []string
	number map[string]int
}

func (n *names) index(name string) int {
	if i, ok := n.number[name]; ok {
		return i
	}
	if n.number == nil {
		n.number = map[string]int{}
	}
	n.number[name] = len(n.list)
	n.list = append(n.list, name)
	return len(n.list) - 1
}

// sorted returns the strings in order, and the place of each number there.
func (n *names) sorted() (list []string, rank []int) {
	list = slices.Sorted(slices.Values(n.list))
	rank = make([]int, len(list))
	for i, name := range list {
		rank[n.number[name]] = i
	}
	return list, rank
}
