package page

import (
	"fmt"
	"slices"

	"repro/reports"
	"repro/reports/compare"
	"repro/reports/figures"
)

// Looks of differences: what is beyond noise stands out.
const (
	noiseLook  = 0
	beyondLook = 2
)

// mostDifferences is how many bars a figure of differences has.
const mostDifferences = 40

// diffFigure draws the differences that have an interval as bars from zero,
// nil if there is none.
func diffFigure(t *compare.Table) (*Figure, error) {
	var keys []reports.Key // of all cells: a name tells one from all others
	for _, row := range t.Rows {
		for _, column := range t.Columns {
			keys = append(keys, slices.Concat(row, column))
		}
	}
	all := figures.Labels(keys)
	var names []string
	var cells []*compare.Cell
	for i := range t.Rows {
		for j := range t.Columns {
			if cell := &t.Cells[i][j]; cell.Interval != nil && cell.Verdict != compare.Equal {
				names, cells = append(names, all[i*len(t.Columns)+j]), append(cells, cell)
			}
		}
	}
	if len(cells) == 0 {
		return nil, nil
	}
	f := reports.Figure{Name: t.Name + "-differences", Title: "Differences, new less old, with 95 % intervals"}
	if n := len(cells); n > mostDifferences {
		names, cells = names[:mostDifferences], cells[:mostDifferences]
		f.Caption = fmt.Sprintf("The first %d of %d.", mostDifferences, n)
	}
	b := &reports.Bars{Dim: "cell", Groups: names, Series: []string{""}, Scale: differences(t)}
	noise, beyond := reports.Key{"within noise"}, reports.Key{"beyond noise"}
	for _, cell := range cells {
		b.Cells = append(b.Cells, []reports.Cell{{N: 1, Mean: cell.Diff, Interval: cell.Interval}})
		b.Scale.Lo, b.Scale.Hi = min(b.Scale.Lo, cell.Interval.Lo, cell.Diff), max(b.Scale.Hi, cell.Interval.Hi, cell.Diff)
		arm := noise
		if cell.Verdict.Beyond() {
			arm = beyond
		}
		b.Arms = append(b.Arms, arm)
	}
	f.Panels = []reports.Panel{{Plot: b}}
	page := &Page{looks: map[string]int{noise.ID(): noiseLook, beyond.ID(): beyondLook}}
	view, err := page.figure(&f)
	view.Open = true
	page.key(&view, beyond[0], beyond)
	page.key(&view, noise[0], noise)
	return &view, err
}
