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
	var keys []Key
	for i, row := range t.Rows {
		for j, column := range t.Columns {
			if key := slices.Concat(row, column); !t.Cells[i][j].Missing() && matches(dims, key, where) {
				found, keys = &t.Cells[i][j], append(keys, key)
			}
		}
	}
	if len(keys) > 1 {
		return nil, fmt.Errorf("report %s has %d such cells, which differ in %s", t.Name, len(keys), strings.Join(varying(dims, keys), " and "))
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

// varying returns the dimensions in which keys have several values.
func varying(dims []string, keys []Key) []string {
	var names []string
	for i, dim := range dims {
		if slices.ContainsFunc(keys, func(k Key) bool { return k[i] != keys[0][i] }) {
			names = append(names, dim)
		}
	}
	return names
}
