package claims

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/reports"
)

// threshold holds every cell against the bounds. A cell with an interval over
// seeds is within them if the whole interval is, and out of them if none of it.
func threshold(n *numbers, t *reports.Table, c *runs.Check) ([]pending, error) {
	var all []pending
	for i := range t.Rows {
		for j := range t.Columns {
			cell := &t.Cells[i][j]
			at := coordinates(t, i, j)
			e := pending{Evidence: Evidence{
				Place: at.describe("") + beside(t, c), Subject: cell.Metric, Digits: t.Digits,
				AtLeast: c.AtLeast, AtMost: c.AtMost, Verdict: NoData,
			}}
			if cell.Missing() {
				e.note("there is no value")
			} else {
				e.Value, e.Seeds[0] = &cell.Mean, len(cell.Samples)
				lo, hi := cell.Mean, cell.Mean
				if cell.Interval != nil {
					lo, hi = cell.Interval.Lo, cell.Interval.Hi
					e.Lo, e.Hi = &lo, &hi
				}
				e.Verdict = within(lo, hi, c)
				e.incomplete(n, spot{cell.Metric, at, t.Rows[i], t.Columns[j], cell})
			}
			all = append(all, e)
		}
	}
	return append(all, elsewhere(n, t, "", nil)...), nil
}

// within says whether an interval is within the bounds of a check.
func within(lo, hi float64, c *runs.Check) Verdict {
	in := func(v float64) bool {
		return (c.AtLeast == nil || v >= *c.AtLeast) && (c.AtMost == nil || v <= *c.AtMost)
	}
	switch {
	case in(lo) && in(hi):
		return Holds
	case (c.AtLeast != nil && hi < *c.AtLeast) || (c.AtMost != nil && lo > *c.AtMost):
		return Fails
	default:
		return NotSignificant
	}
}

// count counts the combinations of values that the records have.
func count(n *numbers, c *runs.Check) pending {
	seen := map[string]bool{}
	for _, r := range n.records {
		values := make([]string, len(c.Of))
		for i, dim := range c.Of {
			values[i] = r.Dim(dim)
		}
		seen[fmt.Sprintf("%q", values)] = true
	}
	number := float64(len(seen))
	p := pending{Evidence: Evidence{
		Place: strings.ReplaceAll(describe(c.Where), " = ", "="), Subject: strings.Join(c.Of, " × "),
		Value: &number, AtLeast: c.AtLeast, AtMost: c.AtMost, Verdict: within(number, number, c),
	}}
	p.lacks(n.sources)
	return p
}

// coordinate is a dimension of a cell with its value.
type coordinate struct{ dim, value string }

type place []coordinate

func coordinates(t *reports.Table, row, column int) place {
	var p place
	for i, dim := range t.RowDims {
		p = append(p, coordinate{dim, t.Rows[row][i]})
	}
	for i, dim := range t.ColumnDims {
		p = append(p, coordinate{dim, t.Columns[column][i]})
	}
	return p
}

// value returns the value of a dimension.
func (p place) value(dim string) string {
	for _, c := range p {
		if c.dim == dim {
			return c.value
		}
	}
	return ""
}

// beside shows what a check admits of dimensions that cells do not tell, such
// as a language that they average over.
func beside(t *reports.Table, c *runs.Check) string {
	var text string
	for _, dim := range slices.Sorted(maps.Keys(c.Where)) {
		if !slices.Contains(t.RowDims, dim) && !slices.Contains(t.ColumnDims, dim) {
			text += ", " + dim + "=" + strings.Join(c.Where[dim], "|")
		}
	}
	return text
}

// describe shows a place without one dimension: "dataset=facts, setting=multilingual".
func (p place) describe(without string) string {
	var parts []string
	for _, c := range p {
		if c.dim != without {
			parts = append(parts, c.dim+"="+c.value)
		}
	}
	return strings.Join(parts, ", ")
}
