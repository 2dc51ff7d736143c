package reports

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrNoCell: no cell with a value has the values of dimensions that were asked
// for.
var ErrNoCell = errors.New("no such cell")

// Find returns the one cell whose row and column have these values. It is an
// error if the table does not have one of the dimensions, if several cells
// match, or, wrapping ErrNoCell, if none with a value does.
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
	if len(keys) == 0 {
		return nil, t.noSuch(dims, where)
	}
	if len(keys) > 1 {
		return nil, fmt.Errorf("report %s has %d such cells, which differ in %s", t.Name, len(keys), strings.Join(varying(dims, keys), " and "))
	}
	return found, nil
}

// noSuch says which value it is that no cell has.
func (t *Table) noSuch(dims []string, where map[string]string) error {
	for i, dim := range dims {
		var known []string
		for _, row := range t.Rows {
			for _, column := range t.Columns {
				if value := slices.Concat(row, column)[i]; !slices.Contains(known, value) {
					known = append(known, value)
				}
			}
		}
		if value, asked := where[dim]; asked && !slices.Contains(known, value) {
			return fmt.Errorf("%w: report %s has no %s = %q; it has %s", ErrNoCell, t.Name, dim, value, strings.Join(known, ", "))
		}
	}
	return fmt.Errorf("%w: it has no value in report %s", ErrNoCell, t.Name)
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
