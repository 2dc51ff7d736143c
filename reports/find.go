package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Find returns the one cell whose row and column have these values, nil if
// there is none with a value. It is an error if the table does not have one of
// the dimensions, or if several cells match.
func (t *Table) Find(where map[string]string) (*Cell, error) {
	dims := slices.Concat(t.RowDims, t.ColumnDims)
	for _, dim := range slices.Sorted(maps.Keys(where)) {
		if !slices.Contains(dims, dim) {
			return nil, fmt.Errorf("report %s has no dimension %q: it has %s", t.Name, dim, strings.Join(dims, ", "))
		}
	}
	var found *Cell
	var place Key
	for i, row := range t.Rows {
		for j, column := range t.Columns {
			key := slices.Concat(row, column)
			if t.Cells[i][j].Missing() || !matches(dims, key, where) {
				continue
			}
			if found != nil {
				return nil, fmt.Errorf("report %s has several such cells, which differ in %s", t.Name, strings.Join(differing(dims, place, key), " and "))
			}
			found, place = &t.Cells[i][j], key
		}
	}
	return found, nil
}

func matches(dims []string, key Key, where map[string]string) bool {
	for i, dim := range dims {
		if value, asked := where[dim]; asked && key[i] != value {
			return false
		}
	}
	return true
}

func differing(dims []string, a, b Key) []string {
	var names []string
	for i, dim := range dims {
		if a[i] != b[i] {
			names = append(names, dim)
		}
	}
	return names
}
