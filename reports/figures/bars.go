package figures

import (
	"fmt"
	"slices"

	"repro/reports"
)

// bars returns a figure with the values by the first dimension that the report
// averages over, a panel for each of its columns.
func (m *maker) bars() ([]reports.Figure, error) {
	r := m.report
	if len(r.Average) == 0 {
		return nil, nil
	}
	dim := r.Average[0]
	values := sortedValues(m.records, dim)
	if len(values) < 2 || len(values) > maxValues {
		return nil, nil
	}
	all := reports.Keys(m.records, r.Columns)
	names := Labels(all)
	arms := reports.Keys(m.records, r.Rows)
	shown := arms[:min(len(arms), maxSeries)]
	var panels []reports.Panel
	for i, column := range all {
		mine := only(m.records, r.Columns, column)
		table, err := reports.Build(reports.Spec{
			Name: r.Name, Rows: []string{dim}, Columns: r.Rows, Average: r.Average[1:], Over: m.over(mine),
		}, mine, nil)
		if err != nil {
			return nil, err
		}
		b := &reports.Bars{Dim: spoken(dim), Groups: values, Series: Labels(arms)[:len(shown)], Cells: cellsOf(table, values, shown)}
		for _, key := range shown {
			b.Arms = append(b.Arms, armOf(r.Rows, key))
		}
		for len(shown) == 1 && len(b.Arms) < len(values) {
			b.Arms = append(b.Arms, b.Arms[0])
		}
		panels = append(panels, reports.Panel{Title: names[i], Plot: b})
	}
	scaleBars(panels, r.Digits)
	f := m.figure("by-"+dim, m.heading()+" by "+spoken(dim), panels)
	if len(arms) > len(shown) {
		f.Caption += fmt.Sprintf(" The first %d of %d rows of the table.", len(shown), len(arms))
	}
	return []reports.Figure{f}, nil
}

// rankDistances returns bars of the table's rows, a panel for each column, if
// the report is about rank distances.
func (m *maker) rankDistances() ([]reports.Figure, error) {
	r := m.report
	columns := slices.DeleteFunc(reports.Keys(m.records, slices.Concat(r.Columns, []string{reports.MetricDim})), func(key reports.Key) bool {
		return key[len(key)-1] != rankDistance
	})
	if len(columns) == 0 {
		return nil, nil
	}
	for i := range columns {
		columns[i] = columns[i][:len(r.Columns)]
	}
	table, err := reports.Build(reports.Spec{
		Name: r.Name, Rows: r.Rows, Columns: r.Columns, Average: r.Average, Over: r.Over, PublishedWhere: r.PublishedWhere,
	}, m.records, m.published)
	if err != nil {
		return nil, err
	}
	names, arms := Labels(columns), Labels(table.Rows)
	var panels []reports.Panel
	for i, column := range columns {
		b := &reports.Bars{Dim: "row of the table", Groups: arms, Series: []string{""}}
		for y := range table.Rows {
			x := slices.IndexFunc(table.Columns, func(key reports.Key) bool { return slices.Equal(key, column) })
			b.Cells = append(b.Cells, table.Cells[y][x:x+1])
			b.Arms = append(b.Arms, armOf(r.Rows, table.Rows[y]))
		}
		panels = append(panels, reports.Panel{Title: names[i], Plot: b})
	}
	scaleBars(panels, r.Digits)
	return []reports.Figure{m.figure("rows", m.heading(), panels)}, nil
}

// cellsOf returns the cells of a table whose rows are values and whose columns
// are arms.
func cellsOf(t *reports.Table, values []string, arms []reports.Key) [][]reports.Cell {
	cells := make([][]reports.Cell, len(values))
	for i, value := range values {
		cells[i] = make([]reports.Cell, len(arms))
		y := slices.IndexFunc(t.Rows, func(key reports.Key) bool { return key[0] == value })
		for j, arm := range arms {
			x := slices.IndexFunc(t.Columns, func(key reports.Key) bool { return slices.Equal(key, arm) })
			if x >= 0 && y >= 0 {
				cells[i][j] = t.Cells[y][x]
			}
		}
	}
	return cells
}

// scaleBars gives all panels the same scale. Bars begin at zero.
func scaleBars(panels []reports.Panel, digits int) {
	lo, hi := 0.0, 0.0
	for _, panel := range panels {
		lo, hi = extent(lo, hi, panel.Plot.(*reports.Bars).Cells)
	}
	for _, panel := range panels {
		panel.Plot.(*reports.Bars).Scale = reports.Scale{Lo: lo, Hi: hi, Digits: digits}
	}
}
