package translate

import (
	"regexp"
	"strings"
)

// Apertium's programs exchange a stream in which some characters are markup and
// in which square brackets hold what is not to be translated: its deformatters
// and reformatters turn a file into such a stream and back. They cannot be used
// here, as they know no border between texts. These two functions do for one
// text what apertium-destxt and apertium-retxt do for a file.

// guard ends a text, and each of its paragraphs: a full stop that is taken away
// again, so that the last word is not translated as if the sentence went on.
const guard = ".[]"

var (
	// space other than blanks, and the post-generator's mark, go unseen.
	hidden    = regexp.MustCompile(" *[\x01-\x1f\x7f~\u0085\u2028\u2029][ \x01-\x1f\x7f~\u0085\u2028\u2029]*")
	paragraph = regexp.MustCompile(`\n\s*\n`)
	markup    = strings.NewReplacer(
		`\`, `\\`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `^`, `\^`, `$`, `\$`, `/`, `\/`, `@`, `\@`, `<`, `\<`, `>`, `\>`,
		"\x00", " ", // the border between texts
	)
)

// escape turns a text into a piece of Apertium's stream.
func escape(text string) string {
	text = markup.Replace(text)
	text = hidden.ReplaceAllStringFunc(text, func(s string) string {
		if paragraph.MatchString(s) {
			return guard + "[" + s + "]"
		}
		return "[" + s + "]"
	})
	return text + guard
}

// unescape turns a translated piece of the stream back into a text.
func unescape(stream string) string {
	stream = strings.ReplaceAll(stream, guard, "")
	var b strings.Builder
	b.Grow(len(stream))
	for i := 0; i < len(stream); i++ {
		switch c := stream[i]; {
		case c == '\\' && i+1 < len(stream):
			i++
			b.WriteByte(stream[i])
		case c != '[' && c != ']':
			b.WriteByte(c)
		}
	}
	return b.String()
}
