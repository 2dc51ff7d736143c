package paper

import (
	"fmt"
	"slices"
	"strings"
)

// piece is a part of a template: LaTeX that stays as it is, or a command.
type piece struct {
	text    string   // if command is nil
	comment bool     // whether text is one, without the end of its line
	command *command // one of ours
}

// command is one of our commands with what it was given.
type command struct {
	name    string
	options string // between brackets, "" if none
	args    []string
	body    []piece // the last argument, of a command whose argument is LaTeX
	at, end int     // where in the template
}

// shape says what a command takes.
type shape struct {
	form string // as messages show it
	args int
	body bool // whether the last argument is LaTeX, with commands in it
	free bool // whether that may have typed numbers
}

// shapes are our commands.
var shapes = map[string]shape{
	"result":      {form: `\result{REPORT}{DIMENSION=VALUE, …}`, args: 2},
	"difference":  {form: `\difference{REPORT}{DIMENSION=VALUE, …}{DIMENSION=VALUE, …}`, args: 3},
	"resulttable": {form: `\resulttable{REPORT}`, args: 1},
	"claim":       {form: `\claim{NAME}`, args: 1},
	"claimtable":  {form: `\claimtable`},
	"valueof":     {form: `\valueof{NAME}`, args: 1},
	"run":         {form: `\run{FACT}`, args: 1},
	"when":        {form: `\when{NAME=VALUE}{LATEX}`, args: 2, body: true},
	"unless":      {form: `\unless{NAME=VALUE}{LATEX}`, args: 2, body: true},
	"typed":       {form: `\typed{LATEX}`, args: 1, body: true, free: true},
	"sourcetable": {form: `\sourcetable`},
}

// Environments in which LaTeX reads no commands, has formulas, or has numbers
// that are no results.
var (
	verbatims = []string{"verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "comment", "filecontents", "filecontents*"}
	formulas  = []string{"math", "displaymath", "equation", "equation*", "align", "align*", "alignat", "alignat*", "gather", "gather*", "multline", "multline*", "flalign", "flalign*", "eqnarray", "eqnarray*"}
	otherwise = []string{"thebibliography", "tikzpicture", "picture"}
)

// raw are commands whose first argument has no comments and no results.
var raw = []string{"url", "nolinkurl", "path", "href", "hyperref", "ref", "label", "cite", "citep", "citet", "includegraphics", "bibliography"}

// reading are commands that put the text of another file here, and harmless is
// how files end that have no sentences.
var (
	reading  = []string{"input", "include", "InputIfFileExists", "subfile", "import", "subimport"}
	harmless = []string{".bbl", ".bib", ".sty", ".cls", ".def", ".cfg", ".tikz", ".pgf"}
)

// scanner splits a template. It knows as much of LaTeX as is needed to see
// what is a comment, verbatim or a formula, and where arguments end.
type scanner struct {
	src      string
	pos      int
	begun    bool // whether \begin{document} is behind it
	formula  int  // how many environments and delimiters of formulas are open
	start    int  // where the formula began
	free     int  // how many environments and arguments are open in which numbers may be typed
	file     string
	problems Problems
	defined  []string // commands that the template defines itself
}

// scan splits a template into pieces. Whatever is not one of our commands stays
// text, to the byte.
func scan(file, src string) ([]piece, Problems) {
	s := &scanner{src: src, file: file, defined: definitions(src)}
	pieces := s.pieces(false)
	return pieces, s.problems
}

func (s *scanner) problem(at int, format string, args ...any) {
	s.problems = append(s.problems, Problem{File: s.file, Line: line(s.src, at), Text: fmt.Sprintf(format, args...)})
}

// line returns the line of an offset, from 1.
func line(src string, at int) int { return 1 + strings.Count(src[:at], "\n") }

// pieces scans to the end of the template or, in an argument, to its brace.
func (s *scanner) pieces(argument bool) []piece {
	var list []piece
	from, depth := s.pos, 0
	text := func() {
		if s.pos > from {
			list = append(list, piece{text: s.src[from:s.pos]})
		}
	}
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '%':
			text()
			from = s.pos
			s.comment()
			list = append(list, piece{text: s.src[from:s.pos], comment: true})
			from = s.pos
		case c == '{':
			depth++
			s.pos++
		case c == '}' && depth == 0 && argument:
			text()
			return list
		case c == '}':
			depth = max(depth-1, 0)
			s.pos++
		case c == '$':
			s.dollar()
		case c == '\\':
			at := s.pos
			name := s.word()
			if _, ours := shapes[name]; ours {
				end := s.pos
				s.pos = at
				text()
				s.pos = end
				list = append(list, s.command(name, at)...)
				from = s.pos
			} else {
				s.misspelt(name, at)
				s.foreign(name)
			}
		case isDigit(c) || c == '.' && s.pos+1 < len(s.src) && isDigit(s.src[s.pos+1]):
			s.number()
		default:
			s.pos++
		}
	}
	text()
	return list
}

// comment skips to the end of the line.
func (s *scanner) comment() {
	if end := strings.IndexByte(s.src[s.pos:], '\n'); end >= 0 {
		s.pos += end
	} else {
		s.pos = len(s.src)
	}
}

// dollar opens or closes a formula.
func (s *scanner) dollar() {
	open := s.formula == 0
	s.pos++
	if s.pos < len(s.src) && s.src[s.pos] == '$' {
		s.pos++
	}
	s.formula = 0
	if open {
		s.formula, s.start = 1, s.pos
	}
}

// word reads a control sequence: letters, or one other byte.
func (s *scanner) word() string {
	s.pos++
	from := s.pos
	for s.pos < len(s.src) && isLetter(s.src[s.pos]) {
		s.pos++
	}
	if s.pos == from && s.pos < len(s.src) {
		s.pos++
	}
	return s.src[from:s.pos]
}

// foreign does what a command of LaTeX's means for the scanner.
func (s *scanner) foreign(name string) {
	switch {
	case name == "(" || name == "[":
		s.formula, s.start = s.formula+1, s.pos
	case name == ")" || name == "]":
		s.formula = max(s.formula-1, 0)
	case name == "begin":
		s.begin()
	case name == "end":
		s.end()
	case name == "verb" || name == "lstinline":
		s.verb()
	case slices.Contains(raw, name):
		s.skip('[', ']')
		s.skip('{', '}')
	case slices.Contains(reading, name):
		s.read(name)
	case name != "" && isLetter(name[0]):
		s.skipLength()
	}
}

// skipLength skips options in brackets, such as [width=0.5\textwidth], if they
// have none of our commands.
func (s *scanner) skipLength() {
	from := s.pos
	if s.skip('[', ']') && strings.ContainsRune(s.src[from:s.pos], '\\') {
		for name := range shapes {
			if calls(s.src[from:s.pos], name) {
				s.pos = from
				return
			}
		}
	}
}

// calls reports whether a command is in a text.
func calls(text, name string) bool {
	for {
		_, after, found := strings.Cut(text, `\`+name)
		if !found {
			return false
		}
		if after == "" || !isLetter(after[0]) {
			return true
		}
		text = after
	}
}

// read refuses to take in a file: nobody would look at its numbers, and our
// commands in it would stay as they are.
func (s *scanner) read(name string) {
	at := s.pos - len(name) - 1
	from := s.pos
	for s.skip('{', '}') { // \import has two
	}
	file := s.src[from:s.pos]
	if file == "" { // as TeX has it: up to a space
		rest := strings.TrimLeft(s.src[from:], " \t")
		file = rest[:max(strings.IndexAny(rest+"\n", " \t\r\n%\\{}"), 0)]
		s.pos = len(s.src) - len(rest) + len(file)
	}
	file = strings.Trim(strings.ReplaceAll(file, "}{", ""), "{} ")
	if !slices.ContainsFunc(harmless, func(ending string) bool { return strings.HasSuffix(file, ending) }) {
		s.problem(at, `\%s: the file %q is not looked at: put its text into the template`, name, file)
	}
}

// skip skips a balanced argument that begins here.
func (s *scanner) skip(open, closing byte) bool {
	if s.pos >= len(s.src) || s.src[s.pos] != open {
		return false
	}
	depth := 0
	for i := s.pos; i < len(s.src); i++ {
		switch s.src[i] {
		case '\\':
			i++
		case open:
			depth++
		case closing:
			if depth--; depth == 0 {
				s.pos = i + 1
				return true
			}
		}
	}
	return false
}

// environment reads the name between braces.
func (s *scanner) environment() string {
	from := s.pos
	if !s.skip('{', '}') {
		return ""
	}
	return s.src[from+1 : s.pos-1]
}

func (s *scanner) begin() {
	at := s.pos - len(`\begin`)
	name := s.environment()
	switch {
	case name == "document":
		s.begun = true
	case slices.Contains(verbatims, name):
		end := strings.Index(s.src[s.pos:], `\end{`+name+"}")
		if end < 0 {
			s.problem(at, `\begin{%s} has no \end{%s}`, name, name)
			s.pos = len(s.src)
			return
		}
		s.pos += end
	case slices.Contains(formulas, name):
		s.formula, s.start = s.formula+1, s.pos
	case slices.Contains(otherwise, name):
		s.free++
	}
}

func (s *scanner) end() {
	switch name := s.environment(); {
	case slices.Contains(formulas, name):
		s.formula = max(s.formula-1, 0)
	case slices.Contains(otherwise, name):
		s.free = max(s.free-1, 0)
	}
}

// verb skips text between two equal characters.
func (s *scanner) verb() {
	if s.pos < len(s.src) && s.src[s.pos] == '*' {
		s.pos++
	}
	if s.pos >= len(s.src) {
		return
	}
	rest := s.src[s.pos+1:]
	closing := s.src[s.pos]
	if closing == '{' {
		closing = '}' // as \lstinline has it
	}
	if end := strings.IndexAny(rest, string(closing)+"\n"); end >= 0 {
		s.pos += end + 2
	}
}

// command reads the options and arguments of one of ours. What cannot be read
// stays away: there is a problem then, and no output.
func (s *scanner) command(name string, at int) []piece {
	shape := shapes[name]
	c := &command{name: name, at: at}
	from := s.pos
	if s.skip('[', ']') {
		c.options = s.src[from+1 : s.pos-1]
	}
	for i := range shape.args {
		s.space()
		if s.pos >= len(s.src) || s.src[s.pos] != '{' {
			s.problem(at, `\%s lacks an argument: write %s`, name, shape.form)
			return nil
		}
		if shape.body && i == shape.args-1 {
			if !s.body(c, shape) {
				return nil
			}
			continue
		}
		from := s.pos
		if !s.skip('{', '}') {
			s.problem(at, `\%s has a { without }`, name)
			s.pos = len(s.src)
			return nil
		}
		c.args = append(c.args, s.src[from+1:s.pos-1])
	}
	c.end = s.pos
	return []piece{{command: c}}
}

func (s *scanner) body(c *command, shape shape) bool {
	s.pos++
	if shape.free {
		s.free++
		defer func() { s.free-- }()
	}
	c.body = s.pieces(true)
	if s.pos >= len(s.src) {
		s.problem(c.at, `\%s has a { without }`, c.name)
		return false
	}
	s.pos++
	return true
}

// space skips spaces and at most one end of line, as LaTeX does between arguments.
func (s *scanner) space() {
	lines := 0
	for i := s.pos; i < len(s.src); i++ {
		switch s.src[i] {
		case ' ', '\t', '\r':
		case '\n':
			lines++
		case '{':
			if lines <= 1 {
				s.pos = i
			}
			return
		default:
			return
		}
	}
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
