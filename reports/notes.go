package reports

import (
	"fmt"
	"slices"
	"strings"

	"repro/cache/runs"
)

// rivals calls do with the cells that compete: those of one column that have a
// value of the same metric.
func (b *builder) rivals(do func(cells []placed)) {
	for j, column := range b.table.Columns {
		var metrics []string
		byMetric := map[string][]placed{}
		for i, row := range b.table.Rows {
			cell := &b.table.Cells[i][j]
			if cell.Missing() {
				continue
			}
			if byMetric[cell.Metric] == nil {
				metrics = append(metrics, cell.Metric)
			}
			byMetric[cell.Metric] = append(byMetric[cell.Metric], placed{cell, row, column})
		}
		for _, metric := range metrics {
			do(byMetric[metric])
		}
	}
}

// placed is a cell with its place.
type placed struct {
	*Cell
	row, column Key
}

// compare marks the best and the partial cells, and returns notes on those
// that stand for less than their rivals.
func (b *builder) compare() []string {
	var partial, unequal int
	var first string // example of an unequal average
	b.rivals(func(cells []placed) {
		which := runs.ForMetric(b.spec.Best, cells[0].Metric)
		best, averaged := cells[0].Mean, 0
		for _, c := range cells {
			if which == "max" && c.Mean > best || which == "min" && c.Mean < best {
				best = c.Mean
			}
			averaged = max(averaged, c.Averaged)
		}
		for _, c := range cells {
			c.Best = which != "" && len(cells) > 1 && c.Mean == best
			if c.N < b.complete && !c.Constant {
				c.Partial = true
				partial++
			}
			if c.Averaged < averaged {
				if unequal == 0 {
					first = fmt.Sprintf("%s: %d, not %d", b.describe(c.row, c.column), c.Averaged, averaged)
				}
				unequal++
			}
		}
	})
	var notes []string
	if partial > 0 {
		notes = append(notes, fmt.Sprintf("%d %s fewer than all %d values of %s (n).", partial, plural(partial, "cell has", "cells have"), b.complete, b.spec.Over))
	}
	if unequal > 0 {
		notes = append(notes, fmt.Sprintf("%d %s fewer records than others in the column, first %s.", unequal, plural(unequal, "cell averages", "cells average"), first))
	}
	return notes
}

// note gathers the notes: how to read the table first, then what it lacks.
func (b *builder) note(unequal []string) {
	missing, intervals, published := 0, false, false
	for _, row := range b.table.Cells {
		for _, c := range row {
			if c.Missing() {
				missing++
			}
			intervals = intervals || c.Interval != nil
			published = published || c.Published != nil
		}
	}
	var notes []string
	if intervals {
		notes = append(notes, fmt.Sprintf("± is half the 95 %% confidence interval of the mean over %s (Student's t).", b.spec.Over))
	}
	if published {
		notes = append(notes, "Published values are in brackets.")
	}
	if len(b.spec.Average) > 0 {
		inner := slices.Clone(b.spec.Average)
		slices.Reverse(inner)
		notes = append(notes, fmt.Sprintf("Unweighted means over %s.", strings.Join(inner, ", then ")))
	}
	if missing > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d cells %s no value.", missing, len(b.table.Rows)*len(b.table.Columns), plural(missing, "has", "have")))
	}
	if len(b.absent) > 0 {
		notes = append(notes, b.absentNote())
	}
	b.table.Notes = slices.Concat(notes, unequal, b.notes)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
