package overlap

import (
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// unspaced are the languages that put no space between words: their shingles
// are of characters.
var unspaced = []string{"ja", "km", "lo", "my", "th", "zh"}

// normal returns what two texts that are equal but for the encoding of
// characters, case and white space have in common.
func normal(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(text))), " ")
}

// shingles returns the hashes of all runs of a normal text's words, or
// characters, of the given length, each once and in order; of a shorter text
// all of it is one. Punctuation does not count.
func shingles(normal, lang string, words, characters int) []uint64 {
	var parts []string
	size := words
	if slices.Contains(unspaced, lang) {
		size = characters
		for _, r := range normal {
			if counts(r) {
				parts = append(parts, string(r))
			}
		}
	} else {
		parts = strings.FieldsFunc(normal, func(r rune) bool { return !counts(r) })
	}
	if len(parts) == 0 {
		return nil
	}
	size = min(size, len(parts))
	hashes := make([]uint64, 0, len(parts)-size+1)
	h := fnv.New64a()
	for i := 0; i+size <= len(parts); i++ {
		h.Reset()
		for _, part := range parts[i : i+size] {
			h.Write([]byte(part))
			h.Write([]byte{0})
		}
		hashes = append(hashes, h.Sum64())
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

func counts(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
