package tokenize

import "bytes"

// spNormalizer is SentencePiece's normalizer: it applies the charsmap, and
// writes spaces as ▁, one before the text and none twice, as the model says.
type spNormalizer struct {
	rules       *charsmap
	userDefined *trie // symbols that are kept as they are, nil if there are none

	addDummyPrefix, dummyAsSuffix bool
	removeExtraSpaces             bool
	space                         []byte // what is written for a space
}

const spaceSymbol = "▁" // U+2581

func newSPNormalizer(m *spModel) (*spNormalizer, error) {
	rules, err := parseCharsmap(m.precompiledCharsmap)
	if err != nil {
		return nil, err
	}
	n := &spNormalizer{
		rules:             rules,
		addDummyPrefix:    m.addDummyPrefix,
		dummyAsSuffix:     m.treatWhitespaceAsSuffix,
		removeExtraSpaces: m.removeExtraWhitespaces,
		space:             []byte(" "),
	}
	if m.escapeWhitespaces {
		n.space = []byte(spaceSymbol)
	}
	var symbols []key
	for i, p := range m.pieces {
		if p.kind == pieceUserDefined {
			symbols = append(symbols, key{p.text, int32(i)})
		}
	}
	if len(symbols) > 0 {
		n.userDefined = newTrie(symbols)
	}
	return n, nil
}

// appendNormal implements normalizer. It is Normalizer::Normalize of the
// reference implementation.
func (n *spNormalizer) appendNormal(dst, text []byte) []byte {
	if n.removeExtraSpaces {
		for len(text) > 0 {
			size, s := n.next(text)
			if string(s) != " " {
				break
			}
			text = text[size:]
		}
	}
	if len(text) == 0 {
		return dst
	}
	start := len(dst)
	if n.addDummyPrefix && !n.dummyAsSuffix {
		dst = append(dst, n.space...)
	}
	afterSpace := n.removeExtraSpaces
	for len(text) > 0 {
		size, s := n.next(text)
		text = text[size:]
		if afterSpace {
			s = bytes.TrimLeft(s, " ")
		}
		if len(s) == 0 {
			continue
		}
		for _, b := range s {
			if b == ' ' {
				dst = append(dst, n.space...)
			} else {
				dst = append(dst, b)
			}
		}
		afterSpace = n.removeExtraSpaces && s[len(s)-1] == ' '
	}
	if n.removeExtraSpaces {
		for bytes.HasSuffix(dst[start:], n.space) {
			dst = dst[:len(dst)-len(n.space)]
		}
	}
	if n.addDummyPrefix && n.dummyAsSuffix {
		dst = append(dst, n.space...)
	}
	return dst
}

// next returns the size of the first unit of text, which is not empty, and
// its normal form.
func (n *spNormalizer) next(text []byte) (int, []byte) {
	if n.userDefined != nil {
		if size, _ := n.userDefined.longest(text); size > 0 {
			return size, text[:size]
		}
	}
	if size, s := n.rules.longest(text); size > 0 {
		return size, s
	}
	return decode(text)
}
