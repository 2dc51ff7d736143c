package paper

import (
	"fmt"
	"strings"

	"repro/reports"
)

// parseSelector reads "sampler=hybrid, setting=multilingual": dimension → value.
// A value with a comma stands in braces.
func parseSelector(text string) (map[string]string, error) {
	values := map[string]string{}
	for _, part := range splitCommas(text) {
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if inner, braced := strings.CutPrefix(value, "{"); braced {
			value = strings.TrimSuffix(inner, "}")
		}
		if !ok || name == "" || value == "" {
			return nil, fmt.Errorf("%q is not DIMENSION=VALUE", strings.TrimSpace(part))
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		values[name] = value
	}
	return values, nil
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

// position is the row and the column of a cell.
type position struct{ row, column int }

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
