package bm25

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// terms returns the words of a text, compatibility forms unified (NFKC) and in
// lower case: runs of letters, marks and numbers, without the invisible
// characters that join or divide within a word (as in UAX #29). In scripts that write no
// spaces between words, each two neighbouring characters stand for a word, as
// in Lucene's CJKAnalyzer. It is the script that counts and not the language of
// the text, so that a name or a year is the same word in all of them.
func terms(text string) []string {
	var list []string
	var word []rune
	var pairs bool // whether word is in a script without spaces
	end := func() {
		list = appendWord(list, word, pairs)
		word = word[:0]
	}
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		if strings.ContainsRune(invisible, r) {
			continue
		}
		if !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number) {
			end()
			continue
		}
		// A mark belongs to the character that it stands on.
		if other := unspaced(r); len(word) == 0 {
			pairs = other
		} else if other != pairs && !unicode.Is(unicode.Mark, r) {
			end()
			pairs = other
		}
		word = append(word, r)
	}
	end()
	return list
}

// invisible are the soft hyphen and the zero width non-joiner and joiner.
const invisible = "\u00ad\u200c\u200d"

func appendWord(list []string, word []rune, pairs bool) []string {
	switch {
	case len(word) == 0:
		return list
	case len(word) == 1 || !pairs:
		return append(list, string(word))
	}
	for i := range len(word) - 1 {
		list = append(list, string(word[i:i+2]))
	}
	return list
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
