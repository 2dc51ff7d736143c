package tokenize

import (
	"cmp"
	"slices"
)

// trie maps byte strings to numbers, and finds all keys that a text begins
// with in one walk. It is a double array (Aoe, 1989): the child of a node by
// the byte b is at base ^ b, and is one only if it names the node as its
// parent, so that a step costs one look at memory, whatever the fan-out.
type trie struct {
	units []unit // whole blocks of blockSize; the root is 0
}

type unit struct {
	base   uint32
	parent uint32 // noParent in a free unit and in the root
	value  int32  // of the key that ends here, noValue if none does
}

const (
	noParent  = ^uint32(0)
	noValue   = int32(-1)
	blockSize = 256 // base ^ b stays in the block of base
	// openBlocks is how many of the last blocks are searched for room. It
	// bounds the time for a node; what it leaves unused is a few percent.
	openBlocks = 16
)

// step returns the child of node by b.
func (t *trie) step(node uint32, b byte) (uint32, bool) {
	child := t.units[node].base ^ uint32(b)
	return child, t.units[child].parent == node
}

// longest returns the length of the longest key that text begins with and its
// value; length 0 if there is none.
func (t *trie) longest(text []byte) (length int, value int32) {
	node, value := uint32(0), noValue
	for i, b := range text {
		next, ok := t.step(node, b)
		if !ok {
			break
		}
		node = next
		if v := t.units[node].value; v != noValue {
			length, value = i+1, v
		}
	}
	return length, value
}

// key is an entry of a trie: a string that is not empty and its value, at
// least 0.
type key struct {
	text  string
	value int32
}

// newTrie returns a trie of keys, which it sorts. Of equal keys the highest
// value counts: that is the last one in a vocabulary, as in the dictionaries of
// the reference implementations. Memory: 12 bytes for each distinct prefix of a
// key and, in real vocabularies, a few percent more.
func newTrie(keys []key) *trie {
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.value, b.value))
	})
	b := &trieBuilder{free: noParent}
	b.addBlock()
	b.take(0, noParent)
	// Level by level: the units near the root, which every walk reads, lie
	// side by side.
	b.queue = append(b.queue, subtree{keys: keys})
	for len(b.queue) > 0 {
		s := b.queue[0]
		b.queue = b.queue[1:]
		b.expand(s)
	}
	return &trie{units: b.units}
}

// subtree is a node whose children are yet to be placed: keys share their
// first depth bytes, which lead to node.
type subtree struct {
	node  uint32
	depth int
	keys  []key
}

type trieBuilder struct {
	units      []unit
	next, prev []uint32 // the ring of the free units in open blocks; next is noParent in all others
	free       uint32   // the oldest unit in the ring, noParent if it is empty
	queue      []subtree
	labels     []byte // scratch of expand
}

// expand places the children of s and queues them.
func (b *trieBuilder) expand(s subtree) {
	for len(s.keys) > 0 && len(s.keys[0].text) == s.depth {
		b.units[s.node].value = s.keys[0].value
		s.keys = s.keys[1:]
	}
	if len(s.keys) == 0 {
		return
	}
	b.labels = b.labels[:0]
	first := len(b.queue)
	for from := 0; from < len(s.keys); {
		label := s.keys[from].text[s.depth]
		to := from + 1
		for to < len(s.keys) && s.keys[to].text[s.depth] == label {
			to++
		}
		b.labels = append(b.labels, label)
		b.queue = append(b.queue, subtree{depth: s.depth + 1, keys: s.keys[from:to]})
		from = to
	}
	base := b.place()
	b.units[s.node].base = base
	for i, label := range b.labels {
		child := base ^ uint32(label)
		b.take(child, s.node)
		b.queue[first+i].node = child
	}
}

// place returns a base at which all labels fall on free units.
func (b *trieBuilder) place() uint32 {
	for at := b.free; at != noParent; {
		if base := at ^ uint32(b.labels[0]); b.fits(base) {
			return base
		}
		if at = b.next[at]; at == b.free {
			break
		}
	}
	return b.addBlock() ^ uint32(b.labels[0])
}

func (b *trieBuilder) fits(base uint32) bool {
	for _, label := range b.labels {
		if !b.isFree(base ^ uint32(label)) {
			return false
		}
	}
	return true
}

func (b *trieBuilder) isFree(at uint32) bool { return b.units[at].parent == noParent && at != 0 }

// take makes the unit at a node below parent.
func (b *trieBuilder) take(at, parent uint32) {
	b.unlink(at)
	b.units[at].parent = parent
}

func (b *trieBuilder) unlink(at uint32) {
	next, prev := b.next[at], b.prev[at]
	if next == at {
		b.free = noParent
	} else {
		b.next[prev], b.prev[next] = next, prev
		if b.free == at {
			b.free = next
		}
	}
	b.next[at] = noParent
}

// addBlock adds a block of free units, returns its first one and closes the
// oldest open block.
func (b *trieBuilder) addBlock() uint32 {
	first := uint32(len(b.units))
	for at := first; at < first+blockSize; at++ {
		b.units = append(b.units, unit{parent: noParent, value: noValue})
		b.next, b.prev = append(b.next, at), append(b.prev, at)
		if b.free == noParent {
			b.free = at
			continue
		}
		last := b.prev[b.free] // before the oldest is at the end
		b.next[last], b.prev[at] = at, last
		b.next[at], b.prev[b.free] = b.free, at
	}
	if first >= openBlocks*blockSize {
		for at := first - openBlocks*blockSize; at < first-(openBlocks-1)*blockSize; at++ {
			if b.next[at] != noParent {
				b.unlink(at)
			}
		}
	}
	return first
}
