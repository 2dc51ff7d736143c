package tokenize

import (
	"slices"
	"sync"
)

// unigram segments a text into the pieces whose scores (log-probabilities)
// have the highest sum, by Viterbi's algorithm: EncodeOptimized of the
// reference implementation, whose arithmetic it repeats bit by bit, for a sum
// that is rounded otherwise can decide between two segmentations of almost the
// same score.
//
// S is the type in which scores are added up: float32 in SentencePiece, float64
// in Hugging Face's tokenizers.
type unigram[S float32 | float64] struct {
	pieces  *trie
	scores  []float64 // by piece
	ids     []int32   // what is written for a piece
	unknown int32     // the piece for what has none; neighbours become one
	penalty S         // its score
	bytes   []int32   // by byte, the ids written for what has no piece; nil: unknown
	cells   sync.Pool // of *[]cell[S], each kept for the next text
}

// unknownPenalty is how much less an unknown character counts than the least
// likely piece (kUnkPenalty).
const unknownPenalty = 10

// cell is the best way to a byte of the text.
type cell[S float32 | float64] struct {
	score S
	from  int32 // the first byte of the last piece, notReached if there is no way
	piece int32
}

const notReached = -1

// appendIDs implements model.
func (u *unigram[S]) appendIDs(ids []int32, text []byte) []int32 {
	kept, _ := u.cells.Get().(*[]cell[S])
	if kept == nil {
		kept = new([]cell[S])
	}
	defer u.cells.Put(kept)
	*kept = slices.Grow((*kept)[:0], len(text)+1)[:len(text)+1]
	cells := *kept
	u.viterbi(cells, text)

	first := len(ids)
	lastUnknown := false
	for end := int32(len(text)); end > 0; {
		c := cells[end]
		isUnknown := c.piece == u.unknown
		switch {
		case isUnknown && u.bytes != nil:
			for i := end - 1; i >= c.from; i-- {
				ids = append(ids, u.bytes[text[i]])
			}
		case !isUnknown || !lastUnknown:
			ids = append(ids, u.ids[c.piece])
		}
		lastUnknown = isUnknown
		end = c.from
	}
	slices.Reverse(ids[first:])
	return ids
}

// viterbi fills the cells of text, one for each byte and one for its end.
func (u *unigram[S]) viterbi(cells []cell[S], text []byte) {
	cells[0] = cell[S]{}
	for i := 1; i < len(cells); i++ {
		cells[i].from = notReached
	}
	units := u.pieces.units
	for start := 0; start < len(text); {
		width := min(runeWidth(text[start]), len(text)-start)
		base := cells[start].score
		single := false // whether the character is a piece
		for node, i := uint32(0), start; i < len(text); {
			child := units[node].base ^ uint32(text[i])
			if units[child].parent != node {
				break
			}
			node = child
			i++
			piece := units[node].value
			if piece == noValue {
				continue
			}
			// The sum is rounded to S only when it is stored: in the
			// reference, the bonus of user-defined symbols makes it a double.
			if sum, c := u.scores[piece]+float64(base), &cells[i]; c.from == notReached || sum > float64(c.score) {
				*c = cell[S]{score: S(sum), from: int32(start), piece: piece}
			}
			single = single || i-start == width
		}
		if !single {
			if sum, c := u.penalty+base, &cells[start+width]; c.from == notReached || sum > c.score {
				*c = cell[S]{score: sum, from: int32(start), piece: u.unknown}
			}
		}
		start += width
	}
}

// runeWidth returns how many bytes a character has by its first byte, 1 for
// one that cannot be the first.
func runeWidth(b byte) int {
	switch {
	case b < 0xc0:
		return 1
	case b < 0xe0:
		return 2
	case b < 0xf0:
		return 3
	default:
		return 4
	}
}
