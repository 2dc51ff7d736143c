package tokenize

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// charsmap is SentencePiece's precompiled_charsmap: rules that replace a
// string by another one, in practice NFKC and a little more.
//
// Its bytes are the length of a trie (uint32, little-endian, like all that
// follows), the trie as an array of uint32, and the replacements, each closed
// by a zero byte. The trie is a double array in Darts-clone's layout: a unit
// holds, from the lowest bit, the label (8 bits), whether a key ends here (1),
// the scale of the offset (1) and the offset to the children (22); the value
// of a key is in the child by the label 0, whose highest bit is set.
type charsmap struct {
	units        []uint32
	replacements []byte
}

// parseCharsmap reads a precompiled_charsmap; an empty one has no rules. The
// result keeps a part of data.
func parseCharsmap(data []byte) (*charsmap, error) {
	if len(data) == 0 {
		return &charsmap{}, nil
	}
	if len(data) < 4 {
		return nil, errors.New("precompiled_charsmap: shorter than a length")
	}
	size, rest := binary.LittleEndian.Uint32(data), data[4:]
	if uint64(size) >= uint64(len(rest)) || size%4 != 0 {
		return nil, fmt.Errorf("precompiled_charsmap: a trie of %d bytes in %d", size, len(rest))
	}
	c := &charsmap{units: make([]uint32, size/4), replacements: rest[size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(rest[4*i:])
	}
	if c.replacements[len(c.replacements)-1] != 0 {
		return nil, errors.New("precompiled_charsmap: the last replacement has no end")
	}
	return c, nil
}

// longest returns the length of the longest rule that text begins with, and
// what replaces it; 0 if there is none.
func (c *charsmap) longest(text []byte) (int, []byte) {
	return c.match(text, false)
}

// match returns the longest or the shortest rule that text begins with.
func (c *charsmap) match(text []byte, shortest bool) (length int, replacement []byte) {
	if len(c.units) == 0 {
		return 0, nil
	}
	const hasLeaf, labelBits, valueBits = 1 << 8, 1<<31 | 0xff, 1<<31 - 1
	value := uint32(0)
	node := offset(c.units[0])
	for i, b := range text {
		node ^= uint32(b)
		if node >= uint32(len(c.units)) {
			break // a damaged file
		}
		u := c.units[node]
		if u&labelBits != uint32(b) {
			break
		}
		node ^= offset(u)
		if u&hasLeaf != 0 && node < uint32(len(c.units)) {
			length, value = i+1, c.units[node]&valueBits
			if shortest {
				break
			}
		}
	}
	if length == 0 || value >= uint32(len(c.replacements)) {
		return 0, nil
	}
	replacement = c.replacements[value:]
	return length, replacement[:bytes.IndexByte(replacement, 0)]
}

func offset(unit uint32) uint32 { return unit >> 10 << (unit >> 6 & 8) }

// decode returns the length of the first character of text, which is not
// empty, and its bytes: those of U+FFFD for a byte that is not UTF-8.
func decode(text []byte) (int, []byte) {
	if r, n := utf8.DecodeRune(text); r != utf8.RuneError || n > 1 {
		return n, text[:n]
	}
	return 1, []byte("\uFFFD")
}
