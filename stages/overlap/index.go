package overlap

import (
	"cmp"
	"math"
	"slices"
)

// token is a shingle with how many texts of the index have it.
type token struct {
	frequency int32
	hash      uint64
}

// rarer orders tokens: what few texts have comes first.
func rarer(a, b token) int {
	return cmp.Or(cmp.Compare(a.frequency, b.frequency), cmp.Compare(a.hash, b.hash))
}

// index finds texts of one kind and language that are near a given one.
type index struct {
	threshold float64 // least Jaccard similarity
	ids       []string
	texts     []string
	equal     map[string][]int // normal text → texts
	frequency map[uint64]int32
	hashes    [][]uint64       // of each text, until sealed
	tokens    [][]token        // of each text, rarest first
	postings  map[uint64][]int // a token of a prefix → texts, in order
	best      []*match         // of each text
}

// match is a training text that is like one of the index.
type match struct {
	similarity float64 // 1 if exact
	exact      bool
	order      int64 // of the training text
	dataset    string
	id         string
	text       string
}

// better reports whether m is to be kept rather than other: the most similar,
// and of those the first.
func (m *match) better(other *match) bool {
	switch {
	case other == nil:
		return true
	case m.exact != other.exact:
		return m.exact
	case m.similarity != other.similarity:
		return m.similarity > other.similarity
	default:
		return m.order < other.order
	}
}

func newIndex(threshold float64) *index {
	return &index{threshold: threshold, equal: map[string][]int{}, frequency: map[uint64]int32{}, postings: map[uint64][]int{}}
}

// add adds a text.
func (x *index) add(id, text, normal string, hashes []uint64) {
	n := len(x.ids)
	x.ids, x.texts = append(x.ids, id), append(x.texts, text)
	if normal != "" {
		x.equal[normal] = append(x.equal[normal], n)
	}
	x.hashes = append(x.hashes, hashes)
	for _, h := range hashes {
		x.frequency[h]++
	}
}

// seal makes the index ready for find, once all texts are there.
func (x *index) seal() {
	x.best = make([]*match, len(x.ids))
	for n, hashes := range x.hashes {
		tokens := x.order(hashes)
		x.tokens = append(x.tokens, tokens)
		for _, t := range tokens[:x.prefix(len(tokens))] {
			x.postings[t.hash] = append(x.postings[t.hash], n)
		}
	}
	x.hashes = nil
}

func (x *index) order(hashes []uint64) []token {
	tokens := make([]token, len(hashes))
	for i, h := range hashes {
		tokens[i] = token{x.frequency[h], h}
	}
	slices.SortFunc(tokens, rarer)
	return tokens
}

// prefix returns how many of a text's rarest tokens have to be looked at: two
// similar texts of any length share one of those.
func (x *index) prefix(size int) int {
	if size == 0 {
		return 0
	}
	return size - x.least(size) + 1
}

// least returns how many of a text's tokens a similar text has at least.
func (x *index) least(size int) int { return int(math.Ceil(x.threshold*float64(size) - 1e-9)) }

// hit is a text of the index that is like a given one.
type hit struct {
	n          int
	similarity float64
	exact      bool
}

// find returns the texts that are equal to or near a given one. It may be
// called concurrently.
func (x *index) find(normal string, hashes []uint64) []hit {
	var hits []hit
	for _, n := range x.equal[normal] {
		hits = append(hits, hit{n, 1, true})
	}
	tokens := x.order(hashes)
	var candidates []int
	for _, t := range tokens[:x.prefix(len(tokens))] {
		if t.frequency > 0 {
			candidates = append(candidates, x.postings[t.hash]...)
		}
	}
	slices.Sort(candidates)
	for _, n := range slices.Compact(candidates) {
		other := x.tokens[n]
		if len(other) < x.least(len(tokens)) || len(tokens) < x.least(len(other)) {
			continue
		}
		if s := jaccard(tokens, other); s >= x.threshold {
			hits = append(hits, hit{n: n, similarity: s})
		}
	}
	return hits
}

// jaccard returns the size of the intersection by that of the union.
func jaccard(a, b []token) float64 {
	shared := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := rarer(a[i], b[j]); {
		case c == 0:
			shared, i, j = shared+1, i+1, j+1
		case c < 0:
			i++
		default:
			j++
		}
	}
	return float64(shared) / float64(len(a)+len(b)-shared)
}
