package reports

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/cache/runs"
)

// Build makes the table that spec describes. Rows and columns appear in the
// order in which their values first appear in records, and every row has a
// cell in every column, if only a missing one. Published records are set
// beside the cells that they match in all row and column dimensions that they
// have, after the same averaging.
//
// It is an error if several records claim one cell, or if spec names a
// dimension that no record has: both would make a table that says something
// other than meant.
func Build(spec Spec, records, published []Record) (*Table, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	b := &builder{spec: spec}
	kept, err := b.filter(records, spec.Where)
	if err != nil {
		return nil, fmt.Errorf("report %q: %w", spec.Name, err)
	}
	b.table = &Table{
		Name: spec.Name, Title: spec.Title, Caption: spec.Caption,
		RowDims: spec.Rows, ColumnDims: spec.Columns,
		Rows: Keys(kept, spec.Rows), Columns: Keys(kept, spec.Columns),
		Over: spec.Over, Digits: spec.Digits,
	}
	b.expect(kept)
	if err := b.fill(kept); err != nil {
		return nil, fmt.Errorf("report %q: %w", spec.Name, err)
	}
	if err := b.publish(published); err != nil {
		return nil, fmt.Errorf("report %q: published values: %w", spec.Name, err)
	}
	b.note(b.compare())
	return b.table, nil
}

type builder struct {
	spec     Spec
	table    *Table
	absent   []map[string]string // what spec expects and where does not exclude
	complete int                 // how many values of Over a cell should have
	notes    []string            // of values that match nothing; note puts them behind the others
}

// filter returns the records that where admits.
func (b *builder) filter(records []Record, where map[string][]string) ([]Record, error) {
	if len(records) == 0 {
		return nil, errors.New("there are no records")
	}
	known := b.dimensions(records)
	named := slices.Concat(b.spec.Rows, b.spec.Columns, b.spec.Average, sortedKeys(where))
	if b.spec.Over != "" {
		named = append(named, b.spec.Over)
	}
	for _, dim := range named {
		if !slices.Contains(known, dim) {
			return nil, fmt.Errorf("no record has the dimension %q: the dimensions are %s", dim, strings.Join(known, ", "))
		}
	}
	for _, dim := range sortedKeys(where) {
		for _, value := range where[dim] {
			if !slices.ContainsFunc(records, func(r Record) bool { return r.Dim(dim) == value }) {
				b.notes = append(b.notes, fmt.Sprintf("No record has %s = %q.", dim, value))
			}
		}
	}
	kept := Admitted(records, where)
	if len(kept) == 0 {
		return nil, fmt.Errorf("where admits none of the %d records", len(records))
	}
	return kept, nil
}

// dimensions returns those that records have, and those that the missing ones
// would have: at hand may be only a few that lack some by right.
func (b *builder) dimensions(records []Record) []string {
	for _, dims := range b.spec.Expected {
		records = append(records[:len(records):len(records)], Record{Dims: dims})
	}
	return dimensions(records)
}

// Admitted returns the records whose dimensions have one of the values that
// where lists for them; a record without a dimension has the value "".
func Admitted(records []Record, where map[string][]string) []Record {
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool {
		for dim, values := range where {
			if !slices.Contains(values, r.Dim(dim)) {
				return true
			}
		}
		return false
	})
}

// fill computes all cells.
func (b *builder) fill(records []Record) error {
	byPlace := byPlace(records, &b.spec)
	for _, row := range b.table.Rows {
		cells := make([]Cell, len(b.table.Columns))
		for i, column := range b.table.Columns {
			cell, err := b.cell(byPlace[place{row.ID(), column.ID()}])
			if err != nil {
				return fmt.Errorf("cell %s: %w", b.describe(row, column), withHint(err, "rows, columns, average or where"))
			}
			if cell.Missing() {
				cell.Metric = b.placeMetric(row, column, records)
			}
			cells[i] = cell
		}
		b.table.Cells = append(b.table.Cells, cells)
	}
	return nil
}

// place is where a cell stands.
type place struct{ row, column string }

// byPlace splits records by the cell that they belong to.
func byPlace(records []Record, spec *Spec) map[place][]Record {
	split := map[place][]Record{}
	for _, r := range records {
		p := place{keyOf(&r, spec.Rows).ID(), keyOf(&r, spec.Columns).ID()}
		split[p] = append(split[p], r)
	}
	return split
}

func (b *builder) cell(records []Record) (Cell, error) {
	if len(records) == 0 {
		return Cell{}, nil
	}
	split := [][]Record{records}
	if b.spec.Over != "" {
		split = groups(records, b.spec.Over)
	}
	cell := Cell{Metric: records[0].Metric, N: len(split), Averaged: len(split[0])}
	values := make([]float64, len(split))
	sum := 0.0
	for i, run := range split {
		var err error
		if values[i], err = average(run, b.spec.Average); err != nil {
			return Cell{}, err
		}
		sum += values[i]
		cell.Averaged = min(cell.Averaged, len(run))
		cell.Samples = append(cell.Samples, Sample{Over: run[0].Dim(b.spec.Over), Value: values[i]})
	}
	for _, r := range records {
		if r.Source != "" && !slices.Contains(cell.Sources, r.Source) {
			cell.Sources = append(cell.Sources, r.Source)
		}
		if output := (runs.Source{Stage: r.Source, Port: r.Port}); r.Source != "" && !slices.Contains(cell.Outputs, output) {
			cell.Outputs = append(cell.Outputs, output)
		}
	}
	cell.Constant = b.spec.Over != "" && !slices.ContainsFunc(records, func(r Record) bool { return r.has(b.spec.Over) })
	cell.Mean = sum / float64(len(values))
	cell.Interval = interval(values)
	return cell, nil
}

// placeMetric returns the metric of a cell without records: what its place
// says, or else the only metric of the table.
func (b *builder) placeMetric(row, column Key, all []Record) string {
	if i := slices.Index(b.spec.Rows, MetricDim); i >= 0 {
		return row[i]
	}
	if i := slices.Index(b.spec.Columns, MetricDim); i >= 0 {
		return column[i]
	}
	if len(groups(all, MetricDim)) == 1 {
		return all[0].Metric
	}
	return ""
}

// publish sets published values beside the cells that they match.
func (b *builder) publish(published []Record) error {
	if len(published) == 0 {
		return nil
	}
	published = Admitted(published, b.spec.PublishedWhere)
	matched := false
	for i, row := range b.table.Rows {
		for j, column := range b.table.Columns {
			cell := &b.table.Cells[i][j]
			var matches []Record
			for _, p := range published {
				if matchesKey(&p, b.spec.Rows, row) && matchesKey(&p, b.spec.Columns, column) &&
					(cell.Metric == "" || p.Metric == cell.Metric) {
					matches = append(matches, p)
				}
			}
			if len(matches) == 0 {
				continue
			}
			value, err := average(matches, b.spec.Average)
			if err != nil {
				return fmt.Errorf("cell %s: %w", b.describe(row, column), withHint(err, "published_where"))
			}
			cell.Published, matched = &value, true
		}
	}
	if !matched {
		b.notes = append(b.notes, "No published value matches a cell of this table.")
	}
	return nil
}

// matchesKey reports whether p agrees with key in the dimensions that it has.
func matchesKey(p *Record, dims []string, key Key) bool {
	for i, dim := range dims {
		if p.has(dim) && p.Dim(dim) != key[i] {
			return false
		}
	}
	return true
}

// withHint adds the way out to an error that has one.
func withHint(err error, where string) error {
	var ambiguous *ambiguousError
	if errors.As(err, &ambiguous) {
		return fmt.Errorf("%w: add these dimensions to %s", err, where)
	}
	return err
}

// describe names a place: "(sampler=hybrid, dataset=xquad-r)".
func (b *builder) describe(row, column Key) string {
	var parts []string
	for i, dim := range b.spec.Rows {
		parts = append(parts, dim+"="+row[i])
	}
	for i, dim := range b.spec.Columns {
		parts = append(parts, dim+"="+column[i])
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
