package paper

import (
	"fmt"
	"slices"
	"strings"

	"repro/reports"
	"repro/reports/render"
)

// Which numbers a table shows.
const (
	onlyPublished = "published"   // the published ones alone
	noPublished   = "nopublished" // our results alone
)

// resultTable expands \resulttable[OPTIONS]{REPORT}. Without a label it is
// tab:REPORT.
func (f *filler) resultTable(c *command) (string, error) {
	table, err := f.table(c.args[0], nil)
	if err != nil {
		return "", err
	}
	if err := f.current(c.args[0], nil); err != nil {
		return "", err
	}
	o := render.Options{Label: "tab:" + strings.ReplaceAll(table.Name, "_", "-"), Pandoc: f.pandoc}
	which := ""
	for _, option := range splitCommas(c.options) {
		name, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		switch name {
		case "label":
			o.Label = value
		case "nonotes":
			o.NoNotes = true
		case "small", "footnotesize":
			o.Size = name
		case onlyPublished, noPublished:
			which = name
		default:
			return "", fmt.Errorf("there is no option %q; there are label=LABEL, nonotes, small, footnotesize, published, nopublished", option)
		}
	}
	if which == onlyPublished && !hasPublished(table) {
		return "", fmt.Errorf("the report %s has no published numbers", table.Name)
	}
	links := f.noteTable(c, table, which)
	if f.sources.listed {
		o.Link = func(i, j int) string { return links[position{i, j}] }
	}
	var b strings.Builder
	if err := render.LaTeX(&b, shown(table, which), o); err != nil {
		return "", err
	}
	text := strings.TrimSpace(b.String())
	if !f.pandoc {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	return text, nil
}

// noteTable notes the numbers of a table and returns what each cell links to.
func (f *filler) noteTable(c *command, t *reports.Table, which string) map[position]string {
	links := map[position]string{}
	for i := range t.Rows {
		for j := range t.Columns {
			cell, at := &t.Cells[i][j], position{i, j}
			if cell.Published != nil && which != noPublished {
				links[at] = f.sources.note(f, c, t, []position{at}, *cell.Published, true)
			}
			if !cell.Missing() && which != onlyPublished {
				links[at] = f.sources.note(f, c, t, []position{at}, cell.Mean, false)
			}
		}
	}
	return links
}

func hasPublished(t *reports.Table) bool {
	return slices.ContainsFunc(t.Cells, func(row []reports.Cell) bool {
		return slices.ContainsFunc(row, func(c reports.Cell) bool { return c.Published != nil })
	})
}

// shown returns the table with our results or with the published numbers alone,
// or as it is.
func shown(t *reports.Table, which string) *reports.Table {
	if which == "" {
		return t
	}
	some := *t
	some.Cells = make([][]reports.Cell, len(t.Cells))
	some.Notes = slices.DeleteFunc(slices.Clone(t.Notes), func(note string) bool {
		return strings.HasPrefix(note, "Published") || which == onlyPublished && strings.HasPrefix(note, "±")
	})
	for i, row := range t.Cells {
		for _, c := range row {
			switch {
			case which == noPublished:
				c.Published = nil
			case c.Published != nil:
				c = reports.Cell{Metric: c.Metric, N: 1, Mean: *c.Published}
			default:
				c = reports.Cell{Metric: c.Metric}
			}
			some.Cells[i] = append(some.Cells[i], c)
		}
	}
	if which == onlyPublished {
		some.Title += ", published numbers"
		some.Caption = ""
	}
	return &some
}
