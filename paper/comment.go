package paper

import "regexp"

// noComment stands where the text for pandoc has no comment.
const noComment = "\x00"

// comment returns what makes the end of a line no space.
func (f *filler) comment() string {
	if f.pandoc {
		return noComment
	}
	return "%"
}

var noComments = regexp.MustCompile(noComment + `+(?:\n[ \t]*(\n?))?`)

// withoutComments joins lines as LaTeX does at a comment: without a space, unless
// an empty line follows. pandoc would see a space.
func withoutComments(text string) string {
	return noComments.ReplaceAllStringFunc(text, func(s string) string {
		if m := noComments.FindStringSubmatch(s); m[1] != "" {
			return "\n\n"
		}
		return ""
	})
}
