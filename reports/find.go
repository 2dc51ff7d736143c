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

// Find returns the one cell with a value whose row and column have these values
// of dimensions. It is an error if the table does not have one of the dimensions,
// if several cells match, or, wrapping ErrNoCell, if none does.
func (t *Table) Find(where map[string]string) (*Cell, error) {
	row, column, err := t.locate(where, func(c *Cell) bool { return !c.Missing() })
	if err != nil {
		return nil, err
	}
	return &t.Cells[row][column], nil
}

// Locate is Find for all cells, also those without a value: it returns the
// cell's place.
func (t *Table) Locate(where map[string]string) (row, column int, err error) {
	return t.locate(where, func(*Cell) bool { return true })
}

func (t *Table) locate(where map[string]string, admits func(*Cell) bool) (row, column int, err error) {
	dims := slices.Concat(t.RowDims, t.ColumnDims)
	for _, dim := range slices.Sorted(maps.Keys(where)) {
		if !slices.Contains(dims, dim) {
			return 0, 0, fmt.Errorf("report %s has no dimension %q: it has %s", t.Name, dim, strings.Join(dims, ", "))
		}
	}
	var keys []Key
	for i := range t.Rows {
		for j := range t.Columns {
			if key := slices.Concat(t.Rows[i], t.Columns[j]); admits(&t.Cells[i][j]) && matches(dims, key, where) {
				row, column, keys = i, j, append(keys, key)
			}
		}
	}
	if len(keys) == 0 {
		return 0, 0, t.noSuch(dims, where)
	}
	if len(keys) > 1 {
		return 0, 0, fmt.Errorf("report %s has %d such cells, which differ in %s", t.Name, len(keys), strings.Join(varying(dims, keys), " and "))
	}
	return row, column, nil
}

// noSuch says which value it is that no cell has.
func (t *Table) noSuch(dims []string, where map[string]string) error {
	var all []Key
	for _, row := range t.Rows {
		for _, column := range t.Columns {
			all = append(all, slices.Concat(row, column))
		}
	}
	for i, dim := range dims {
		known := valuesAt(all, i)
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

// varying returns the dimensions in which keys have several values, with these:
// "lang (de, en)".
func varying(dims []string, keys []Key) []string {
	var names []string
	for i, dim := range dims {
		if values := valuesAt(keys, i); len(values) > 1 {
			names = append(names, dim+" ("+strings.Join(values, ", ")+")")
		}
	}
	return names
}

// valuesAt returns the values of a dimension, each once.
func valuesAt(keys []Key, dim int) []string {
	var values []string
	for _, key := range keys {
		if !slices.Contains(values, key[dim]) {
			values = append(values, key[dim])
		}
	}
	return values
}
