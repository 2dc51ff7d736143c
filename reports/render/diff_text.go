package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"repro/reports/compare"
)

const (
	red, green, dim = "\x1b[31m", "\x1b[32m", "\x1b[2m"
)

// DiffText writes a diff for a terminal: a table of the cells that are not
// equal for each report, then the causes.
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
		if len(list) > 0 && p.err == nil {
			p.err = drawText(w, changeColumns(header, list, o.Color), len(shown))
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
