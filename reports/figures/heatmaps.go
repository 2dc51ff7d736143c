package figures

import (
	"fmt"
	"slices"
	"strings"

	"repro/reports"
)

// heatmaps returns a figure for each column of the report, with a panel for
// each row, if its records have a query and a document language. A dimension of
// the columns that the two languages decide, as they decide between the
// monolingual and the cross-lingual setting, does not split a heat map.
func (m *maker) heatmaps() ([]reports.Figure, error) {
	r := m.report
	named := slices.Concat(r.Rows, r.Columns, r.Average)
	if !slices.Contains(named, queryLang) || !slices.Contains(named, docLang) {
		return nil, nil
	}
	records := slices.DeleteFunc(slices.Clone(m.records), func(r reports.Record) bool {
		return r.Dims[queryLang] == "" || r.Dims[docLang] == ""
	})
	queries, documents := sortedValues(records, queryLang), pools(records)
	if len(queries) < 2 || len(documents) < 2 || max(len(queries), len(documents)) > maxValues {
		return nil, nil
	}
	rows := without(r.Rows, queryLang, docLang)
	columns := undecided(records, rows, without(r.Columns, queryLang, docLang), r.Over)
	all := reports.Keys(records, columns)
	names := Labels(all)
	var made []reports.Figure
	for i, column := range all {
		panels, err := m.heatPanels(only(records, columns, column), rows, queries, documents)
		if err != nil {
			return nil, err
		}
		title := m.heading() + " by query and passage language"
		if len(all) > 1 {
			title += ": " + names[i]
		}
		if len(panels) == 1 && panels[0].Title != "" {
			title += ", " + panels[0].Title // a panel alone shows none
		}
		if len(panels) == 0 {
			continue
		}
		name := "pairs"
		if n := len(made); n > 0 {
			name += fmt.Sprintf("-%d", n+1)
		}
		made = append(made, m.figure(name, title, panels))
	}
	return made, nil
}

// heatPanels returns a heat map for each of the rows' values, but those in
// which nothing stands beside anything.
func (m *maker) heatPanels(records []reports.Record, rows, queries, documents []string) ([]reports.Panel, error) {
	all := reports.Keys(records, rows)
	names := Labels(all)
	var panels []reports.Panel
	lo, hi := none()
	for i, row := range all {
		mine := only(records, rows, row)
		table, err := reports.Build(reports.Spec{
			Name: m.report.Name, Rows: []string{queryLang}, Columns: []string{docLang},
			Average: without(m.report.Average, queryLang, docLang), Over: m.over(mine),
		}, mine, nil)
		if err != nil {
			return nil, err
		}
		h := &reports.Heatmap{
			RowDim: spoken(queryLang), ColumnDim: spoken(docLang), Rows: queries, Columns: documents,
			Cells: arrange(table, queries, documents),
		}
		if !slices.ContainsFunc(h.Cells, severalIn) {
			continue // no more than bars show
		}
		for _, cells := range table.Cells {
			for _, c := range cells {
				if !c.Missing() {
					lo, hi = min(lo, c.Mean), max(hi, c.Mean)
				}
			}
		}
		panels = append(panels, reports.Panel{Title: names[i], Plot: h})
	}
	// From zero, so that a colour means the same share of the whole in all figures.
	scale := reports.Scale{Lo: min(0, lo), Hi: hi, Digits: 2}
	for _, panel := range panels {
		panel.Plot.(*reports.Heatmap).Scale = scale
	}
	return panels, nil
}

// severalIn reports whether a row has several values.
func severalIn(row []reports.Cell) bool {
	n := 0
	for i := range row {
		if !row[i].Missing() {
			n++
		}
	}
	return n > 1
}

// arrange returns the cells of a table in the order of the given rows and
// columns.
func arrange(t *reports.Table, rows, columns []string) [][]reports.Cell {
	place := func(all []reports.Key) map[string]int {
		places := map[string]int{}
		for i, key := range all {
			places[key[0]] = i
		}
		return places
	}
	rowAt, columnAt := place(t.Rows), place(t.Columns)
	cells := make([][]reports.Cell, len(rows))
	for i, row := range rows {
		cells[i] = make([]reports.Cell, len(columns))
		for j, column := range columns {
			y, hasRow := rowAt[row]
			x, hasColumn := columnAt[column]
			if hasRow && hasColumn {
				cells[i][j] = t.Cells[y][x]
			}
		}
	}
	return cells
}

// pools returns the document languages, those last that no query has: "all" is
// one that stands for a pool of many.
func pools(records []reports.Record) []string {
	queries, documents := sortedValues(records, queryLang), sortedValues(records, docLang)
	slices.SortStableFunc(documents, func(a, b string) int {
		return place(slices.Contains(queries, a)) - place(slices.Contains(queries, b))
	})
	return documents
}

func place(known bool) int {
	if known {
		return 0
	}
	return 1
}

// undecided returns those of the columns' dimensions that the other dimensions
// and the two languages do not decide.
func undecided(records []reports.Record, rows, columns []string, over string) []string {
	left := slices.Clone(columns)
	for _, dim := range columns {
		others := slices.Concat(rows, without(left, dim), []string{queryLang, docLang})
		if over != "" {
			others = append(others, over)
		}
		values := map[string]string{}
		decided := true
		for i := range records {
			var id strings.Builder
			for _, other := range others {
				id.WriteString(records[i].Dim(other) + "\x00")
			}
			value := records[i].Dim(dim)
			if known, ok := values[id.String()]; ok && known != value {
				decided = false
				break
			}
			values[id.String()] = value
		}
		if decided {
			left = without(left, dim)
		}
	}
	return left
}
