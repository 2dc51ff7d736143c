package static

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The first byte that is hashed tells a word from the n-gram of the same text.
const (
	wordFeature  = 'w'
	ngramFeature = 'n'
)

// features appends the buckets of text's features to ids, sorted and each
// once. Features are, after NFKC and in lower case, the words and the n-grams
// of ngram_min to ngram_max characters of each word between < and >. Scripts
// that do not put spaces between words have n-grams only; those of Han and
// kana are two characters shorter, as a character there says about as much as
// a syllable.
func (c Config) features(ids []uint32, text string) []uint32 {
	for word := range strings.FieldsFuncSeq(strings.ToLower(norm.NFKC.String(text)), isGap) {
		for len(word) > 0 {
			run, script := leadingRun(word)
			word = word[len(run):]
			switch script {
			case spaced:
				ids = append(ids, c.bucket(wordFeature, run))
				ids = c.appendNgrams(ids, "<"+run+">", c.NgramMin, c.NgramMax)
			case unspaced:
				ids = c.appendNgrams(ids, run, c.NgramMin, c.NgramMax)
			case ideographic:
				ids = c.appendNgrams(ids, run, max(1, c.NgramMin-2), max(1, c.NgramMax-2))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// isGap reports whether r separates words. Marks do not: the vowels of Hindi
// and Thai are marks.
func isGap(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }

// script is how a run of characters is divided.
type script int

const (
	spaced script = iota
	unspaced
	ideographic
)

func scriptOf(r rune) script {
	switch {
	case r < 0x0e00: // before the first of the others
		return spaced
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return ideographic
	case unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return unspaced
	default:
		return spaced
	}
}

// leadingRun returns the longest beginning of word that is in one script.
func leadingRun(word string) (string, script) {
	var first script
	for i, r := range word {
		if i == 0 {
			first = scriptOf(r)
		} else if scriptOf(r) != first {
			return word[:i], first
		}
	}
	return word, first
}

func (c Config) appendNgrams(ids []uint32, text string, least, most int) []uint32 {
	var ends [64]int // ends of characters, a ring: n-grams are shorter than it
	chars := 0
	for i := range text + "\x00" { // the last i is the end of text
		ends[chars%len(ends)] = i
		for n := least; n <= most && n <= chars; n++ {
			ids = append(ids, c.bucket(ngramFeature, text[ends[(chars-n)%len(ends)]:i]))
		}
		chars++
	}
	return ids
}

// bucket hashes with FNV-1a, 64 bits, folded so that the high ones count too.
func (c Config) bucket(kind byte, text string) uint32 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (uint64(offset) ^ uint64(kind)) * prime
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * prime
	}
	return uint32((h ^ h>>32) % uint64(c.Buckets))
}
