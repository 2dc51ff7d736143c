package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"repro/reports/compare"
)

const (
	red, green, dim = "\x1b[31m", "\x1b[32m", "\x1b[2m"
)

// DiffText writes a diff for a terminal: a table of the cells that are not
// equal for each report, then the causes. A table that is wider than o.Width is
// a list of two lines a cell instead; 0 means any width.
func DiffText(w io.Writer, d *compare.Diff, o Options) error {
	p := &printer{w: w}
	p.line("%s → %s", d.Old.Label, d.New.Label)
	for _, v := range DiffVars(d) {
		p.line("  variable %s", v)
	}
	for i := range d.Tables {
		t := &d.Tables[i]
		p.line("\n%s: %s", orName(t.Title, t.Name), DiffSummary(t))
		header, shown := diffHeader(t)
		list, more := first(changes(t, shown), shownChanges)
		columns := changeColumns(header, list, o.Color)
		switch {
		case len(list) == 0 || p.err != nil:
		case o.Width > 0 && frameWidth(columns) > o.Width:
			for i := range list {
				p.listed(&list[i], o)
			}
		default:
			p.err = drawText(w, columns, len(shown))
		}
		if more != "" {
			p.line("%s", more)
		}
		for _, note := range DiffNotes(t) {
			p.line("%s", note)
		}
	}
	if len(d.Causes) > 0 {
		p.line("\nCauses")
	}
	causes, more := first(d.Causes, shownCauses)
	for i := range causes {
		line, way := causes[i].Text()
		p.line("  %s", line)
		if way != "" {
			p.line("      %s", way)
		}
	}
	p.line("%s", more)
	for _, note := range d.Notes {
		p.line("%s", note)
	}
	p.line("%s%s", DiffVerdict(d), DiffMethod(d))
	return p.err
}

// listed writes a cell in two lines, its place and its values. A place that is
// too long loses its middle: both ends are what tells places apart.
func (p *printer) listed(c *change, o Options) {
	const margin = "  "
	verdict := string(c.verdict)
	place := shorten(strings.Join(c.place, ", "), o.Width-len(margin)-len(": ")-len(verdict))
	if o.Color {
		verdict = verdictColor(c) + verdict + plain
	}
	p.line("%s%s: %s", margin, place, verdict)
	values := c.old + " → " + c.now
	if c.diff != "" {
		values += "  " + c.diff
	}
	if c.interval != "" {
		values += " (" + c.interval + ")"
	}
	switch {
	case c.tested:
		values += "  p " + c.p
	case c.p != "":
		values += "  " + c.p
	}
	p.line("%s%s%s", margin, margin, values)
}

// shorten cuts the middle of a text that is wider than a number of columns.
func shorten(text string, width int) string {
	if twwidth.Width(text) <= width {
		return text
	}
	head, tail := []rune(text), []rune(text)
	head, tail = head[:len(head)/2], tail[len(tail)/2:]
	for len(head)+len(tail) > 2 && twwidth.Width(string(head))+len(" ")+twwidth.Width(string(tail)) > width {
		if len(head) >= len(tail) {
			head = head[:len(head)-1]
		} else {
			tail = tail[1:]
		}
	}
	return string(head) + "…" + string(tail)
}

// DiffMethod says how noise was told from what is real, if anything was tested.
func DiffMethod(d *compare.Diff) string {
	var methods []string
	for _, t := range d.Tables {
		for _, row := range t.Cells {
			for _, c := range row {
				if c.P != nil && !slices.Contains(methods, c.Method) {
					methods = append(methods, c.Method)
				}
			}
		}
	}
	if len(methods) == 0 {
		return ""
	}
	return fmt.Sprintf(" p is over %s, after Holm's correction within its table; the level is %g. Intervals are of a cell alone.", strings.Join(methods, "; "), d.Level)
}

// changeColumns returns a column for each place and value, those of one verdict
// in its colour.
func changeColumns(header []string, list []change, color bool) []textColumn {
	columns := make([]textColumn, len(header))
	for i, name := range header {
		columns[i].header = name
	}
	for _, c := range list {
		verdict := string(c.verdict)
		if color {
			verdict = verdictColor(&c) + verdict + plain
		}
		for i, text := range append(append([]string{}, c.place...), c.old, c.now, c.diff, c.interval, c.p, verdict) {
			columns[i].cells = append(columns[i].cells, text)
		}
	}
	return columns
}

func verdictColor(c *change) string {
	switch {
	case !c.verdict.Beyond():
		return dim
	case c.better == nil:
		return bold
	case *c.better:
		return green
	default:
		return red
	}
}

func orName(title, name string) string {
	if title != "" {
		return title
	}
	return name
}

// printer writes lines until one cannot be written.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
