package tokenize

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// bertNormalizer is Hugging Face's BertNormalizer: it takes control characters
// out, makes every kind of space one, sets ideographs apart, and strips accents
// and case where the vocabulary has none.
type bertNormalizer struct {
	ideographs   bool // tokenize_chinese_chars
	stripAccents bool
	lowercase    bool
	classes      classes
}

// appendNormal implements normalizer.
func (n *bertNormalizer) appendNormal(dst, text []byte) []byte {
	start := len(dst)
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			i++
			switch n.classes.of(rune(b)) {
			case classDropped:
			case classSpace:
				dst = append(dst, ' ')
			default:
				dst = append(dst, b)
			}
			continue
		}
		r, size := utf8.DecodeRune(text[i:]) // U+FFFD, which is dropped, for what is not UTF-8
		char := text[i : i+size]
		i += size
		switch n.classes.of(r) {
		case classDropped:
		case classSpace:
			dst = append(dst, ' ')
		case classIdeograph:
			if n.ideographs {
				dst = append(dst, ' ')
				dst = append(dst, char...)
				dst = append(dst, ' ')
				continue
			}
			fallthrough
		default:
			dst = append(dst, char...)
		}
	}
	if n.stripAccents {
		dst = n.withoutAccents(dst, start)
	}
	if n.lowercase {
		dst = lowered(dst, start)
	}
	return dst
}

// withoutAccents decomposes text[start:] and takes the accents out.
func (n *bertNormalizer) withoutAccents(text []byte, start int) []byte {
	plain := start + norm.NFD.QuickSpan(text[start:])
	if plain < len(text) {
		decomposed := norm.NFD.Bytes(text[start:])
		text = append(text[:start], decomposed...)
	}
	kept := text[:start]
	for i := start; i < len(text); {
		if text[i] < utf8.RuneSelf {
			kept = append(kept, text[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if n.classes.of(r) != classMark {
			kept = append(kept, text[i:i+size]...)
		}
		i += size
	}
	return kept
}

// lowered returns text with text[start:] in lower case, character by
// character: unlike in Python, Σ at the end of a word is no special case.
func lowered(text []byte, start int) []byte {
	for i := start; i < len(text); i++ {
		b := text[i]
		if b >= utf8.RuneSelf {
			// The rest may change its length.
			rest := string(text[i:])
			text = text[:i]
			for _, r := range rest {
				if r == 'İ' {
					text = append(text, "i\u0307"...) // the only one that becomes two
					continue
				}
				text = utf8.AppendRune(text, toLower(r))
			}
			return text
		}
		if 'A' <= b && b <= 'Z' {
			text[i] = b + 'a' - 'A'
		}
	}
	return text
}

// toLower is unicode.ToLower as of Unicode 17, whatever version Go has.
func toLower(r rune) rune {
	if r >= newerCapitals[0].first {
		for _, s := range newerCapitals {
			if s.first <= r && r <= s.last {
				return s.lower + r - s.first
			}
		}
	}
	return unicode.ToLower(r)
}

// wordPiece is Hugging Face's BertPreTokenizer with its WordPiece model: it
// cuts a text at spaces and around punctuation, and each word into the longest
// pieces from its start on.
type wordPiece struct {
	first, rest *trie // pieces at the beginning of a word; what follows ## in the others
	unknown     int32 // the id of a word that has no pieces
	maxChars    int   // of a word; a longer one is unknown
	classes     classes
}

// continuation begins the pieces that do not begin a word.
const continuation = "##"

// maxWordChars is BERT's max_input_chars_per_word.
const maxWordChars = 100

func newWordPiece(vocabulary []key, unknown int32, maxChars int, classes classes) *wordPiece {
	var rest []key
	for _, k := range vocabulary {
		if len(k.text) > len(continuation) && k.text[:len(continuation)] == continuation {
			rest = append(rest, key{k.text[len(continuation):], k.value})
		}
	}
	return &wordPiece{
		first:    newTrie(vocabulary),
		rest:     newTrie(rest),
		unknown:  unknown,
		maxChars: maxChars,
		classes:  classes,
	}
}

// appendIDs implements model.
func (w *wordPiece) appendIDs(ids []int32, text []byte) []int32 {
	eachWord(w.classes, text, func(word []byte) {
		ids = w.appendWord(ids, word)
	})
	return ids
}

func (w *wordPiece) appendWord(ids []int32, word []byte) []int32 {
	if len(word) > w.maxChars && utf8.RuneCount(word) > w.maxChars {
		return append(ids, w.unknown)
	}
	before := len(ids)
	for pieces := w.first; len(word) > 0; pieces = w.rest {
		size, id := pieces.longest(word)
		if size == 0 {
			return append(ids[:before], w.unknown)
		}
		ids = append(ids, id)
		word = word[size:]
	}
	return ids
}

// eachWord calls visit for the words of a text that bertNormalizer made:
// punctuation is a word, and so is what is between spaces and punctuation.
func eachWord(c classes, text []byte, visit func(word []byte)) {
	start := 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		if class := c.of(r); class == classSpace || class == classPunctuation {
			if start < i {
				visit(text[start:i])
			}
			if class == classPunctuation {
				visit(text[i : i+size])
			}
			start = i + size
		}
		i += size
	}
	if start < len(text) {
		visit(text[start:])
	}
}
