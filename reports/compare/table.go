package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/reports"
)

// comparison compares one report of two snapshots.
type comparison struct {
	ctx      context.Context //nolint:containedctx // lives as long as one call of Compare
	options  Options
	old, now *reports.Snapshot
	was, is  *runs.Report // nil on a side that does not have it

	before, after *reports.Table
	differing     []string // stages behind cells that are not equal
}

func (c *comparison) name() string {
	if c.is != nil {
		return c.is.Name
	}
	return c.was.Name
}

// table matches the tables of both sides.
func (c *comparison) table() (*Table, error) {
	var err error
	if c.before, err = made(c.ctx, c.old, c.was); err != nil {
		return nil, fmt.Errorf("%s: %w", c.old.Label, err)
	}
	if c.after, err = made(c.ctx, c.now, c.is); err != nil {
		return nil, fmt.Errorf("%s: %w", c.now.Label, err)
	}
	shape := c.after
	if shape == nil {
		shape = c.before
	}
	if shape == nil {
		return nil, reports.ErrNoRecords
	}
	t := &Table{
		Name: shape.Name, Title: shape.Title, State: state(c.was != nil, c.is != nil),
		RowDims: shape.RowDims, ColumnDims: shape.ColumnDims, Digits: shape.Digits, Over: shape.Over,
	}
	if c.was != nil && c.is != nil {
		t.Definition = definition(c.was, c.is)
	}
	if c.before != nil && c.after != nil && !sameDims(c.before, c.after) && sameSets(c.was, c.is) {
		// The same cells in another shape: the old ones take the new one.
		reshaped := *c.was
		reshaped.Rows, reshaped.Columns = c.is.Rows, c.is.Columns
		c.was = &reshaped
		if c.before, err = made(c.ctx, c.old, c.was); err != nil {
			return nil, fmt.Errorf("%s: %w", c.old.Label, err)
		}
	}
	if c.before != nil && c.after != nil && !sameDims(c.before, c.after) {
		// Cells of other dimensions have no places in common.
		t.Notes = append(t.Notes, "Rows and columns are of other dimensions than before: cells cannot be matched.")
		for _, row := range c.before.Cells {
			for i := range row {
				c.differing = append(c.differing, row[i].Sources...)
			}
		}
		c.before = nil
	}
	t.Rows, t.RowStates = union(c.keys(c.before, rowsOf), c.keys(c.after, rowsOf))
	t.Columns, t.ColumnStates = union(c.keys(c.before, columnsOf), c.keys(c.after, columnsOf))
	for _, row := range t.Rows {
		cells := make([]Cell, len(t.Columns))
		for j, column := range t.Columns {
			if cells[j], err = c.cell(row, column); err != nil {
				return nil, err
			}
		}
		t.Cells = append(t.Cells, cells)
	}
	return t, nil
}

// made returns the table of a report, nil if there is none or nothing in it.
func made(ctx context.Context, s *reports.Snapshot, r *runs.Report) (*reports.Table, error) {
	if r == nil {
		return nil, nil
	}
	t, err := s.Table(ctx, r)
	if errors.Is(err, reports.ErrNoRecords) {
		return nil, nil
	}
	return t, err
}

func sameDims(a, b *reports.Table) bool {
	return slices.Equal(a.RowDims, b.RowDims) && slices.Equal(a.ColumnDims, b.ColumnDims)
}

// sameSets reports whether the rows and columns of both reports are made of the
// same dimensions.
func sameSets(a, b *runs.Report) bool {
	set := func(r *runs.Report) []string { return slices.Sorted(slices.Values(slices.Concat(r.Rows, r.Columns))) }
	return slices.Equal(set(a), set(b))
}

func rowsOf(t *reports.Table) []reports.Key    { return t.Rows }
func columnsOf(t *reports.Table) []reports.Key { return t.Columns }

func (c *comparison) keys(t *reports.Table, of func(*reports.Table) []reports.Key) []reports.Key {
	if t == nil {
		return nil
	}
	return of(t)
}

// union returns the new keys, then those that vanished, with their states.
func union(old, now []reports.Key) ([]reports.Key, []State) {
	var keys []reports.Key
	var states []State
	has := func(list []reports.Key, key reports.Key) bool {
		return slices.ContainsFunc(list, func(k reports.Key) bool { return slices.Equal(k, key) })
	}
	for _, key := range now {
		keys, states = append(keys, key), append(states, state(has(old, key), true))
	}
	for _, key := range old {
		if !has(now, key) {
			keys, states = append(keys, key), append(states, Vanished)
		}
	}
	return keys, states
}

func state(had, has bool) State {
	switch {
	case !had:
		return Appeared
	case !has:
		return Vanished
	default:
		return Both
	}
}

// find returns the cell at a place, nil if the table does not have it.
func find(t *reports.Table, row, column reports.Key) *reports.Cell {
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.Rows, func(k reports.Key) bool { return slices.Equal(k, row) })
	j := slices.IndexFunc(t.Columns, func(k reports.Key) bool { return slices.Equal(k, column) })
	if i < 0 || j < 0 || t.Cells[i][j].Missing() {
		return nil
	}
	return &t.Cells[i][j]
}

// definition says what two reports ask for differently.
func definition(was, is *runs.Report) []string {
	var list []string
	compare := func(name string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			list = append(list, fmt.Sprintf("%s: %s → %s", name, text(a), text(b)))
		}
	}
	compare("title", was.Title, is.Title)
	compare("caption", was.Caption, is.Caption)
	compare("rows", was.Rows, is.Rows)
	compare("columns", was.Columns, is.Columns)
	compare("average", was.Average, is.Average)
	compare("over", was.Over, is.Over)
	compare("where", was.Where, is.Where)
	compare("best", was.Best, is.Best)
	compare("digits", was.Digits, is.Digits)
	compare("tolerance", was.Tolerance, is.Tolerance)
	compare("published_where", was.PublishedWhere, is.PublishedWhere)
	if was.Published != is.Published {
		list = append(list, "published numbers changed")
	}
	if !slices.Equal(was.From, is.From) {
		list = append(list, fromText(was.From, is.From)...)
	}
	return list
}

// fromText says which outputs a report reads that it did not, and the reverse.
// That it reads more or fewer instances of a stage is told by their causes.
func fromText(was, is []runs.Source) []string {
	outputs := func(list []runs.Source) []string {
		var names []string
		for _, source := range list {
			block, _, _ := strings.Cut(source.Stage, "[")
			if name := block + "." + source.Port; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return names
	}
	var list []string
	before, after := outputs(was), outputs(is)
	for _, name := range after {
		if !slices.Contains(before, name) {
			list = append(list, "from: "+name+" is new")
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			list = append(list, "from: "+name+" is gone")
		}
	}
	return list
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []string:
		return "[" + strings.Join(v, ", ") + "]"
	case map[string][]string:
		return object(v)
	case map[string]string:
		return object(v)
	case map[string]float64:
		return object(v)
	default:
		return fmt.Sprint(v)
	}
}

// object shows a map as the workflow would write it.
func object[V any](m map[string]V) string {
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if name == "" { // what stands for all others
			fields = append(fields, text(m[name]))
			continue
		}
		fields = append(fields, name+" = "+text(m[name]))
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}
