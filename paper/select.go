package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"repro/reports"
)

// selector says which cell of a table is meant: dimension → value. Dimensions
// that it leaves out must have one value among the cells that it admits.
type selector struct {
	names  []string
	values map[string]string
}

// parseSelector reads "sampler=hybrid, setting=multilingual". A value with a
// comma stands in braces.
func parseSelector(text string) (selector, error) {
	s := selector{values: map[string]string{}}
	for _, part := range splitCommas(text) {
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if inner, braced := strings.CutPrefix(value, "{"); braced {
			value = strings.TrimSuffix(inner, "}")
		}
		if !ok || name == "" || value == "" {
			return s, fmt.Errorf("%q is not DIMENSION=VALUE", strings.TrimSpace(part))
		}
		if _, twice := s.values[name]; twice {
			return s, fmt.Errorf("%s is given twice", name)
		}
		s.names = append(s.names, name)
		s.values[name] = value
	}
	return s, nil
}

// splitCommas splits at commas outside of braces. Empty text has no parts.
func splitCommas(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var parts []string
	depth, from := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, text[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, text[from:])
}

// over returns s with what base has and s leaves out.
func (s selector) over(base selector) selector {
	merged := selector{names: slices.Clone(s.names), values: map[string]string{}}
	for _, name := range base.names {
		if _, own := s.values[name]; !own {
			merged.names = append(merged.names, name)
		}
		merged.values[name] = base.values[name]
	}
	for name, value := range s.values {
		merged.values[name] = value
	}
	return merged
}

// position is the row and the column of a cell.
type position struct{ row, column int }

// errNoCell: a table has no cell with these values.
var errNoCell = errors.New("no such cell")

// find returns the one cell that s means. The error names the dimension that is
// wrong or missing, with its values.
func (s selector) find(t *reports.Table) (position, error) {
	dims := slices.Concat(t.RowDims, t.ColumnDims)
	for _, name := range s.names {
		if !slices.Contains(dims, name) {
			return position{}, fmt.Errorf("the report %s has no dimension %q; it has %s", t.Name, name, strings.Join(dims, ", "))
		}
	}
	var found []position
	for i := range t.Rows {
		for j := range t.Columns {
			if s.admits(t, position{i, j}) {
				found = append(found, position{i, j})
			}
		}
	}
	switch len(found) {
	case 0:
		return position{}, s.nothing(t)
	case 1:
		return found[0], nil
	}
	var several []string
	for _, dim := range dims {
		if values := valuesOf(t, found, dim); len(values) > 1 {
			several = append(several, dim+" ("+strings.Join(values, ", ")+")")
		}
	}
	return position{}, fmt.Errorf("%d cells of the report %s are meant: name %s", len(found), t.Name, strings.Join(several, ", "))
}

func (s selector) admits(t *reports.Table, p position) bool {
	for name, value := range s.values {
		if valueOf(t, p, name) != value {
			return false
		}
	}
	return true
}

// nothing says why no cell is meant.
func (s selector) nothing(t *reports.Table) error {
	var all []position
	for i := range t.Rows {
		for j := range t.Columns {
			all = append(all, position{i, j})
		}
	}
	for _, name := range s.names {
		if values := valuesOf(t, all, name); !slices.Contains(values, s.values[name]) {
			return fmt.Errorf("%w: in the report %s, %s is never %q but %s", errNoCell, t.Name, name, s.values[name], strings.Join(values, ", "))
		}
	}
	return fmt.Errorf("%w: the report %s has no cell with all of these values", errNoCell, t.Name)
}

func valueOf(t *reports.Table, p position, dim string) string {
	if i := slices.Index(t.RowDims, dim); i >= 0 {
		return t.Rows[p.row][i]
	}
	return t.Columns[p.column][slices.Index(t.ColumnDims, dim)]
}

// valuesOf returns the values of a dimension at these places, each once.
func valuesOf(t *reports.Table, at []position, dim string) []string {
	var values []string
	for _, p := range at {
		if v := valueOf(t, p, dim); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// cellValues returns the values of all dimensions at a place.
func cellValues(t *reports.Table, p position) map[string]string {
	values := map[string]string{}
	for i, dim := range t.RowDims {
		values[dim] = t.Rows[p.row][i]
	}
	for i, dim := range t.ColumnDims {
		values[dim] = t.Columns[p.column][i]
	}
	return values
}
