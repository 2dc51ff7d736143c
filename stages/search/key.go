package search

import "math"

// Key orders the documents of a query: the higher key comes first. Its upper
// half is the score, in an encoding that orders as the numbers do; its lower
// half breaks ties.
type Key uint64

// NewKey returns the key of a score, which must be a number. Of two equal scores
// the one with the lower tie comes first.
func NewKey(score float32, tie uint32) Key {
	bits := math.Float32bits(score + 0) // + 0 turns -0 into 0, which it equals
	if bits>>31 == 0 {
		bits |= 1 << 31
	} else {
		bits = ^bits
	}
	return Key(bits)<<32 | Key(^tie)
}

// Tie returns what breaks ties.
func (k Key) Tie() uint32 { return ^uint32(k) }

// Score returns the score.
func (k Key) Score() float32 {
	bits := uint32(k >> 32)
	if bits>>31 == 1 {
		return math.Float32frombits(bits &^ (1 << 31))
	}
	return math.Float32frombits(^bits)
}

// Descending compares keys so that sorting puts the best first.
func Descending(a, b Key) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	default:
		return 0
	}
}
