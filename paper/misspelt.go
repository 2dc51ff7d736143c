package paper

import (
	"maps"
	"regexp"
	"slices"
)

// definition is where LaTeX gets a new command.
var definition = regexp.MustCompile(`\\(?:newcommand|renewcommand|providecommand|DeclareRobustCommand|(?:New|Renew|Provide|Declare)DocumentCommand|DeclareMathOperator|[egx]?def|let)\*?\s*\{?\s*\\([A-Za-z]+)`)

// definitions returns the names of the commands that a template defines.
func definitions(src string) []string {
	var names []string
	for _, m := range definition.FindAllStringSubmatch(src, -1) {
		names = append(names, m[1])
	}
	return names
}

// misspelt refuses a command that is one edit away from one of ours: without a
// document nothing else would find it, and what it asks for would not be checked.
// For \run that would be too many of LaTeX's.
func (s *scanner) misspelt(name string, at int) {
	const least = 4
	if slices.Contains(s.defined, name) {
		return
	}
	for _, ours := range slices.Sorted(maps.Keys(shapes)) {
		if len(ours) >= least && oneEdit(name, ours) {
			s.problem(at, `there is no \%s; did you mean \%s? A command of your own has to be defined in the template`, name, ours)
			return
		}
	}
}

// oneEdit reports whether a letter more, less or other, or two that changed
// places, make b of a.
func oneEdit(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch {
	case len(a) == 2 && len(b) == 2:
		return a[0] == b[1] && a[1] == b[0]
	default:
		return len(a) <= 1 && len(b) <= 1 && a != b
	}
}
