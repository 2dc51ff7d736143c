package reports

import (
	"fmt"
	"slices"
)

// expect adds the rows and columns of records that should be there, and counts
// the values of Over that a complete cell has.
func (b *builder) expect(kept []Record) {
	b.absent = slices.DeleteFunc(slices.Clone(b.spec.Expected), func(dims map[string]string) bool {
		for dim, values := range b.spec.Where {
			if value, told := dims[dim]; told && !slices.Contains(values, value) {
				return true
			}
		}
		return false
	})
	var columns []Record
	for _, dims := range b.absent {
		b.expectRow(dims)
		columns = append(columns, b.expectColumns(dims)...)
	}
	b.table.Columns = Keys(slices.Concat(kept, columns), b.spec.Columns)
	b.complete = b.countOver(kept)
}

func (b *builder) expectRow(dims map[string]string) {
	if slices.ContainsFunc(b.spec.Rows, func(dim string) bool { return dims[dim] == "" }) {
		return
	}
	key := keyOf(&Record{Dims: dims}, b.spec.Rows)
	if !slices.ContainsFunc(b.table.Rows, func(k Key) bool { return slices.Equal(k, key) }) {
		b.table.Rows = append(b.table.Rows, key)
	}
}

// expectColumns returns a record in each column that dims stand for. A stage
// that failed does not tell what it would have measured, such as the metric:
// that is taken from the columns that records have. If records have a column
// with all that dims tell, they show what there is, and nothing is added.
func (b *builder) expectColumns(dims map[string]string) []Record {
	known := Record{Dims: dims}
	told := slices.DeleteFunc(slices.Clone(b.spec.Columns), func(dim string) bool { return known.Dim(dim) == "" })
	if len(told) == 0 {
		return nil
	}
	var records []Record
	for _, column := range b.table.Columns {
		like, same := Record{Dims: map[string]string{}}, true
		for i, dim := range b.spec.Columns {
			switch {
			case slices.Contains(told, dim):
				like.Dims[dim] = dims[dim]
				same = same && column[i] == dims[dim]
			case dim == MetricDim:
				like.Metric = column[i]
			default:
				like.Dims[dim] = column[i]
			}
		}
		if same {
			return nil
		}
		records = append(records, like)
	}
	return records
}

// countOver returns how many values of Over there are or should be.
func (b *builder) countOver(kept []Record) int {
	values := map[string]bool{}
	for _, r := range kept {
		if r.has(b.spec.Over) {
			values[r.Dim(b.spec.Over)] = true
		}
	}
	for _, dims := range b.absent {
		if value, told := dims[b.spec.Over]; told {
			values[value] = true
		}
	}
	return len(values)
}

// absentNote says how many results are missing.
func (b *builder) absentNote() string {
	n := len(b.absent)
	if b.spec.Present == 0 {
		return fmt.Sprintf("%d %s missing.", n, plural(n, "result is", "results are"))
	}
	return fmt.Sprintf("%d of %d results %s missing.", n, n+b.spec.Present, plural(n, "is", "are"))
}
