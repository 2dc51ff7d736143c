package tokenize

import (
	"cmp"
	"container/heap"
	"context"
	"maps"
	"slices"
	"strings"
)

// trainer is byte pair encoding: again and again it makes one piece of the two
// that stand side by side most often.
type trainer struct {
	pieces []string
	ids    map[string]int32
	words  []trainWord
	pairs  map[pair]*pairState
	queue  pairQueue
}

// trainWord is a distinct word as the pieces that it is made of by now.
type trainWord struct {
	pieces []int32
	count  int64
}

type pair struct{ left, right int32 }

// pairState is how often a pair is in all words, and which words have it, some
// of them no longer or twice.
type pairState struct {
	count int64
	words []int32
}

// newTrainer returns a trainer whose words are made of single characters.
func newTrainer(specials []string, counts map[string]int64, limit int) *trainer {
	t := &trainer{ids: make(map[string]int32), pairs: make(map[pair]*pairState)}
	for _, piece := range specials {
		t.add(piece)
	}
	known := make(map[rune]bool)
	for _, r := range characters(counts, limit) {
		known[r] = true
		t.add(string(r))
	}
	// In the order of words, so that ids do not depend on that of a map.
	inside := make(map[rune]bool)
	words := slices.DeleteFunc(slices.Sorted(maps.Keys(counts)), func(word string) bool {
		return strings.ContainsFunc(word, func(r rune) bool { return !known[r] })
	})
	for _, word := range words {
		for i, r := range word {
			if i > 0 {
				inside[r] = true
			}
		}
	}
	for _, r := range slices.Sorted(maps.Keys(inside)) {
		t.add(continuation + string(r))
	}
	for _, word := range words {
		w := trainWord{count: counts[word]}
		for i, r := range word {
			piece := string(r)
			if i > 0 {
				piece = continuation + piece
			}
			w.pieces = append(w.pieces, t.ids[piece])
		}
		t.words = append(t.words, w)
	}
	return t
}

// add returns the id of a piece, which is new or not.
func (t *trainer) add(piece string) int32 {
	id, ok := t.ids[piece]
	if !ok {
		id = int32(len(t.pieces))
		t.pieces = append(t.pieces, piece)
		t.ids[piece] = id
	}
	return id
}

// train merges until there are size pieces or no pair is left that occurs
// minCount times.
func (t *trainer) train(ctx context.Context, size int, minCount int64) error {
	for i, w := range t.words {
		for j := 1; j < len(w.pieces); j++ {
			t.change(pair{w.pieces[j-1], w.pieces[j]}, w.count, int32(i))
		}
	}
	for p, state := range t.pairs {
		t.queue = append(t.queue, candidate{p, state.count})
	}
	heap.Init(&t.queue)
	for len(t.pieces) < size && len(t.queue) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		best := heap.Pop(&t.queue).(candidate)
		switch now := t.pairs[best.pair].count; {
		case now < best.count: // it became rarer while it was in the queue
			if now >= minCount {
				heap.Push(&t.queue, candidate{best.pair, now})
			}
		case now > best.count: // it is in the queue a second time
		case now < minCount:
			return nil
		default:
			t.merge(best.pair)
		}
	}
	return nil
}

// merge makes one piece of p wherever it is.
func (t *trainer) merge(p pair) {
	merged := t.add(t.pieces[p.left] + strings.TrimPrefix(t.pieces[p.right], continuation))
	words := t.pairs[p].words
	more := make(map[pair]bool)
	for i, index := range words {
		if i > 0 && words[i-1] == index {
			continue
		}
		w := &t.words[index]
		for j := 0; j+1 < len(w.pieces); j++ {
			if w.pieces[j] != p.left || w.pieces[j+1] != p.right {
				continue
			}
			if j > 0 {
				t.change(pair{w.pieces[j-1], p.left}, -w.count, index)
				t.change(pair{w.pieces[j-1], merged}, w.count, index)
				more[pair{w.pieces[j-1], merged}] = true
			}
			w.pieces[j] = merged
			w.pieces = slices.Delete(w.pieces, j+1, j+2)
			if j+1 < len(w.pieces) {
				t.change(pair{p.right, w.pieces[j+1]}, -w.count, index)
				t.change(pair{merged, w.pieces[j+1]}, w.count, index)
				more[pair{merged, w.pieces[j+1]}] = true
			}
		}
	}
	*t.pairs[p] = pairState{}
	for p := range more {
		heap.Push(&t.queue, candidate{p, t.pairs[p].count})
	}
}

// change adds to the count of a pair, which is in a word if by is positive.
func (t *trainer) change(p pair, by int64, word int32) {
	state := t.pairs[p]
	if state == nil {
		state = &pairState{}
		t.pairs[p] = state
	}
	state.count += by
	if by > 0 && (len(state.words) == 0 || state.words[len(state.words)-1] != word) {
		state.words = append(state.words, word)
	}
}

// candidate is a pair and how often it occurred when it was queued.
type candidate struct {
	pair  pair
	count int64
}

// pairQueue is a heap: the most frequent pair first, of equal ones the one with
// the older pieces. The order is total, so that chance has no part in it.
type pairQueue []candidate

func (q pairQueue) Len() int { return len(q) }

func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.pair.left, b.pair.left), cmp.Compare(a.pair.right, b.pair.right)) < 0
}

func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *pairQueue) Push(x any) { *q = append(*q, x.(candidate)) }

// Pop implements heap.Interface.
func (q *pairQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
