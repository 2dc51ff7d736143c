// Package render draws tables.
//
// In comes a *reports.Table; out come text for a terminal, Markdown, CSV, JSON
// or LaTeX. Renderers compute nothing: a number that is not in the table is
// not in its picture, and a value that the table lacks shows as a dash.
package render

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"repro/reports"
)

// Options says how a table looks; the zero value is good for files.
type Options struct {
	Color bool // whether Text may use terminal colours
	Width int  // columns of the terminal that Text tries to fit; 0 means 100

	Label   string                       // LaTeX: the table's label, "" for none
	Link    func(row, column int) string // LaTeX: the target that a cell links to; nil for no links
	NoNotes bool                         // LaTeX: leave out what stands under the table
	Size    string                       // LaTeX: of the letters, "small" or "footnotesize"; "" for the document's
	Pandoc  bool                         // LaTeX: for pandoc, which has no rules under headers
}

// Func writes a table in one format.
type Func func(w io.Writer, t *reports.Table, o Options) error

// Formats returns the names that ByName knows.
func Formats() []string { return []string{"text", "markdown", "csv", "json", "latex"} }

// ByName returns the renderer of a format.
func ByName(format string) (Func, error) {
	switch format {
	case "text":
		return Text, nil
	case "markdown":
		return Markdown, nil
	case "csv":
		return CSV, nil
	case "json":
		return JSON, nil
	case "latex":
		return LaTeX, nil
	default:
		return nil, fmt.Errorf("unknown format %q: the formats are %s", format, strings.Join(Formats(), ", "))
	}
}

// missing stands for a value that there is not.
const missing = "—"

// parts is a cell as the formats for people show it; the parts that it does
// not have are empty.
type parts struct {
	mean      string // "0.5121", or missing
	half      string // "±0.0031"
	runs      string // "(n=2)", of a partial cell
	published string // "[0.5121]"
}

func split(t *reports.Table, c *reports.Cell) parts {
	p := parts{mean: missing}
	if !c.Missing() {
		p.mean = decimal(t.Digits, c.Mean)
	}
	if c.Interval != nil {
		p.half = "±" + decimal(t.Digits, c.Interval.Half())
	}
	if c.Partial {
		p.runs = fmt.Sprintf("(n=%d)", c.N)
	}
	if c.Published != nil {
		p.published = "[" + decimal(t.Digits, *c.Published) + "]"
	}
	return p
}

// join returns the parts that there are.
func (p parts) join() string {
	return strings.Join(slices.DeleteFunc([]string{p.mean, p.half, p.runs, p.published}, func(s string) bool { return s == "" }), " ")
}

// rest returns the parts that follow the mean.
func (p parts) rest() string {
	p.mean = ""
	return p.join()
}

// decimal rounds to a number of digits: to the nearest decimal, exactly, and
// never to minus nothing.
func decimal(digits int, v float64) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if positive, negative := strings.CutPrefix(s, "-"); negative && strings.Trim(positive, "0.") == "" {
		return positive
	}
	return s
}

// exact returns the shortest decimal that gives v back.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// heading is the title, or the name of a table without one.
func heading(t *reports.Table) string {
	if t.Title != "" {
		return t.Title
	}
	return t.Name
}
