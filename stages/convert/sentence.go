package convert

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a stretch of a text, in bytes: text[start:end].
type span struct{ start, end int }

const (
	// fullStops end a sentence wherever they stand: their scripts put no space
	// after them.
	fullStops = "。｡！？।॥؟۔።"
	// stops end a sentence if white space follows; a dot needs more (see splitSentences).
	stops = ".!?…\u037e"
	// closers belong to the sentence that they follow.
	closers = `"'”’»)]}」』）】`
	// openers may stand before the first letter of a sentence.
	openers = `"'“‘«([{¿¡„`
)

// abbreviations are the words after which a dot ends no sentence, in lower
// case: they stand before a name or a number.
var abbreviations = wordSet(`
	adm brig bros capt cf cmdr col ca c corp dept dr ed eds est fig ft gov hon inc jr lt ltd
	maj mgr mr mrs ms mt nos op p pp prof rep rev sen sgt sr st univ viz vol vs
	bzw bspw ggf sog str tel u z jh nr
	av bd ing lic núm pág sra srta ud uds
	г гг им св ул тыс млн млрд см напр рис
	dk doç yy vb örn tp`)

// splitSentences returns the sentences of text, in order, without the white
// space around them; nothing else of text is left out.
//
// The rules are those of UAX #29 in short: a line break always ends a sentence;
// so do ! and ? before white space; a dot does so unless a lower-case letter
// follows. Because UAX #29 cuts "Dr. Smith", a dot after an abbreviation, an
// initial or a number of one or two digits (a German or Turkish ordinal) ends
// no sentence either. Thai, which marks no ends, is cut at line breaks only.
func splitSentences(text string) []span {
	var sentences []span
	start := 0
	cut := func(end int) {
		trimmed := strings.TrimSpace(text[start:end])
		if trimmed != "" {
			from := start + strings.Index(text[start:end], trimmed)
			sentences = append(sentences, span{from, from + len(trimmed)})
		}
		start = end
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		end := at + size
		switch {
		case r == '\n' || r == '\u2029':
			cut(end)
		case strings.ContainsRune(fullStops, r):
			end += leading(text[end:], fullStops+closers)
			cut(end)
		case strings.ContainsRune(stops, r):
			run := text[at : end+leading(text[end:], stops)]
			end = at + len(run)
			end += leading(text[end:], closers)
			if endsSentence(text[start:at], run, text[end:]) {
				cut(end)
			}
		}
		at = end
	}
	cut(len(text))
	return sentences
}

// endsSentence reports whether the stops in run end the sentence that begins
// with before, given what comes after.
func endsSentence(before, run, after string) bool {
	next, _ := utf8.DecodeRuneInString(after)
	if after != "" && !unicode.IsSpace(next) {
		return false
	}
	if strings.ContainsAny(run, "!?\u037e") {
		return true
	}
	after = strings.TrimLeft(after, openers+" \t\u00a0\u3000")
	next, _ = utf8.DecodeRuneInString(after)
	if unicode.IsLower(next) {
		return false
	}
	return run != "." || !abbreviated(before)
}

// abbreviated reports whether a dot after before more likely marks an
// abbreviation, an initial or an ordinal than the end of a sentence.
func abbreviated(before string) bool {
	word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	word = strings.TrimLeft(word, openers)
	if abbreviations[strings.ToLower(word)] {
		return true
	}
	if word != "" && len(word) <= 2 && strings.Trim(word, "0123456789") == "" {
		return true
	}
	dot := strings.LastIndexByte(word, '.')
	initial, size := utf8.DecodeRuneInString(word[dot+1:])
	if size == 0 || size < len(word[dot+1:]) {
		return false
	}
	return unicode.IsUpper(initial) || dot > 0 && unicode.IsLetter(initial) // "J", "U.S", "z.B"
}

// leading returns how many bytes at the beginning of text are in set.
func leading(text, set string) int {
	return len(text) - len(strings.TrimLeft(text, set))
}

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}
