package reports_test

import (
	"errors"
	"testing"

	"repro/reports"
)

// TestCellsAreFound asks for cells of a table in which y has no value for de.
func TestCellsAreFound(t *testing.T) {
	t.Parallel()
	table := &reports.Table{
		Name: "map", RowDims: []string{"sampler"}, ColumnDims: []string{"lang"},
		Rows: []reports.Key{{"x"}, {"y"}}, Columns: []reports.Key{{"de"}, {"en"}},
		Cells: [][]reports.Cell{{{N: 1, Mean: 1}, {N: 1, Mean: 2}}, {{}, {N: 1, Mean: 4}}},
	}
	for _, test := range []struct {
		where         map[string]string
		mean          float64 // of what Find returns
		find, locate  string  // errors
		noCell        bool    // whether Find says ErrNoCell
		row, column   int     // what Locate returns
		locatesNoCell bool
	}{
		{where: map[string]string{"sampler": "x", "lang": "en"}, mean: 2, row: 0, column: 1},
		{where: map[string]string{"sampler": "y"}, mean: 4, locate: "report map has 2 such cells, which differ in lang (de, en)"},
		{where: map[string]string{"sampler": "y", "lang": "de"}, find: "no such cell: it has no value in report map", noCell: true, row: 1},
		{where: map[string]string{"lang": "fr"}, find: `no such cell: report map has no lang = "fr"; it has de, en`, locate: `no such cell: report map has no lang = "fr"; it has de, en`, noCell: true, locatesNoCell: true},
		{where: map[string]string{"seed": "1"}, find: `report map has no dimension "seed": it has sampler, lang`, locate: `report map has no dimension "seed": it has sampler, lang`},
	} {
		cell, err := table.Find(test.where)
		if text(err) != test.find || errors.Is(err, reports.ErrNoCell) != test.noCell || err == nil && cell.Mean != test.mean {
			t.Errorf("Find(%v): %+v, %v", test.where, cell, err)
		}
		row, column, err := table.Locate(test.where)
		if text(err) != test.locate || errors.Is(err, reports.ErrNoCell) != test.locatesNoCell || err == nil && (row != test.row || column != test.column) {
			t.Errorf("Locate(%v): %d, %d, %v", test.where, row, column, err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
