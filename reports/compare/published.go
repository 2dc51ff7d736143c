package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/cause"
	"repro/reports/stats"
)

// Published compares published numbers with a snapshot: the cells of its
// reports that have one. What is published is taken as exact; the noise of ours
// is that of the seeds, by Student's t.
func Published(ctx context.Context, now *reports.Snapshot, o Options) (*Diff, error) {
	if o.Level == 0 {
		o.Level = 0.05
	}
	d := &Diff{Workflow: now.Workflow, Old: Side{Label: "published"}, New: side(now, now), Level: o.Level, Causes: []cause.Cause{}, Notes: now.Notes}
	for _, pair := range matchReports(now, now, o.Only) {
		t, err := now.Table(ctx, pair[1])
		if errors.Is(err, reports.ErrNoRecords) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("report %s: %w", pair[1].Name, err)
		}
		if table := publishedTable(t, pair[1]); table != nil {
			table.judge(o.Level)
			d.Tables = append(d.Tables, *table)
		}
	}
	if len(d.Tables) == 0 {
		if slices.ContainsFunc(now.Reports, func(r runs.Report) bool { return !r.Published.IsZero() }) {
			return nil, fmt.Errorf("%s has no cell that a published number belongs to: rows and columns have other values than the published ones", now.Label)
		}
		return nil, fmt.Errorf("%s has no report with published numbers: give one the attribute published", now.Label)
	}
	return d, nil
}

// publishedTable returns nil if no cell has a published number.
func publishedTable(t *reports.Table, r *runs.Report) *Table {
	table := &Table{
		Name: t.Name, Title: t.Title, State: Both, RowDims: t.RowDims, ColumnDims: t.ColumnDims,
		Rows: t.Rows, Columns: t.Columns, Digits: t.Digits, Over: t.Over,
	}
	table.RowStates, table.ColumnStates = both(len(t.Rows)), both(len(t.Columns))
	any := false
	for _, row := range t.Cells {
		cells := make([]Cell, len(row))
		for j := range row {
			cells[j] = publishedCell(&row[j], runs.ForMetric(r.Tolerance, row[j].Metric))
			any = any || cells[j].Old != nil
		}
		table.Cells = append(table.Cells, cells)
	}
	if !any {
		return nil
	}
	return table
}

func both(n int) []State {
	states := make([]State, n)
	for i := range states {
		states[i] = Both
	}
	return states
}

// publishedCell leaves out what was not published, or not measured. What is
// published is rounded: a value that rounds to it is equal.
func publishedCell(c *reports.Cell, tolerance float64) Cell {
	cell := Cell{Metric: c.Metric, Verdict: Equal}
	if c.Published == nil || c.Missing() {
		return cell
	}
	cell.Old, cell.New, cell.Diff = c.Published, &c.Mean, c.Mean-*c.Published
	switch {
	case math.Abs(cell.Diff) <= halfDigit(*c.Published):
		return cell
	case math.Abs(cell.Diff) <= tolerance:
		cell.Verdict = Tolerated
		return cell
	}
	cell.Method, cell.Verdict = exactly, Moved
	published := stats.Drawn{Values: []float64{*c.Published}, Fixed: true}
	if e, _ := stats.OverSeeds(published, stats.Drawn{Values: c.Values()}, false, confidence); e.OK() {
		cell.Method = bySeeds
		cell.put(e.P, reports.Interval{Lo: e.Lo, Hi: e.Hi})
	}
	return cell
}

// halfDigit returns half a unit of the last decimal that a number is written
// with.
func halfDigit(v float64) float64 {
	_, decimals, _ := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
	return 0.5 * math.Pow10(-len(decimals)) * (1 + rounding)
}
