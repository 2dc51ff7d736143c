package paper

import (
	"fmt"
	"strings"
)

// Problem is one thing that keeps a paper from being built.
type Problem struct {
	File  string `json:"file"` // the template, as it was named
	Line  int    `json:"line"` // from 1
	Text  string `json:"text"`
	Stale bool   `json:"stale,omitempty"` // whether only a run is missing; else the template is wrong
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Problems is all that is wrong with a template, in the order of its lines.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// Stale reports whether a run would solve all of them.
func (p Problems) Stale() bool {
	for i := range p {
		if !p[i].Stale {
			return false
		}
	}
	return true
}
