package claims

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/runs"
	"repro/reports"
)

// errNoData: there is nothing that a check could look at.
var errNoData = errors.New("no data")

// numbers are what a check looks at.
type numbers struct {
	report   runs.Report // narrowed to what the check admits
	records  []reports.Record
	values   map[string][]string // of each dimension, before the report is narrowed
	sources  []source            // of the records; none of published numbers
	snapshot *reports.Snapshot   // nil for published numbers, which have no values per query
}

// ours returns the results that a check looks at. A dimension that no record
// has is an error.
func ours(ctx context.Context, s *reports.Snapshot, r *runs.Report, c *runs.Check) (*numbers, error) {
	records, err := s.Records(ctx, r)
	if errors.Is(err, reports.ErrNoRecords) {
		return nil, fmt.Errorf("%w: report %q has no results yet", errNoData, r.Name)
	}
	if err != nil {
		return nil, err
	}
	known := dimensions(records)
	for _, dim := range append(slices.Sorted(maps.Keys(c.Where)), c.Of...) {
		if !slices.Contains(known, dim) {
			return nil, fmt.Errorf("no record of report %q has the dimension %q: the dimensions are %s", r.Name, dim, strings.Join(known, ", "))
		}
	}
	n := &numbers{report: *r, snapshot: s}
	n.values = valuesOf(records, sourcesOf(s, &runs.Report{From: r.From}))
	n.report.Published = cache.Digest{} // judged apart
	n.report.Where = narrow(r.Where, c.Where)
	n.sources = sourcesOf(s, &n.report)
	n.records, err = n.admitted(records)
	return n, err
}

// published returns the published numbers that a check looks at: the claim's,
// or else the report's. The report takes the shape that they can fill: there
// are no seeds, and dimensions that they lack are left out.
func published(ctx context.Context, s *reports.Snapshot, claim *runs.Claim, r *runs.Report, c *runs.Check) (*numbers, error) {
	n := &numbers{report: *r}
	source := r
	n.report.Where = narrow(narrow(r.Where, r.PublishedWhere), c.Where)
	if !claim.Published.IsZero() {
		source = &runs.Report{Published: claim.Published, PublishedFile: claim.PublishedFile}
		n.report.Where = narrow(r.Where, c.Where)
	}
	all, err := s.Published(ctx, source)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: there are no published numbers", errNoData)
	}
	n.values = valuesOf(all, nil)
	if n.records, err = n.admitted(all); err != nil {
		return nil, err
	}
	known := dimensions(n.records)
	for _, dim := range c.Of {
		if !slices.Contains(known, dim) {
			return nil, fmt.Errorf("%w: the published numbers do not tell %s", errNoData, dim)
		}
	}
	n.report.Rows, n.report.Columns = only(r.Rows, known), only(r.Columns, known)
	n.report.Average, n.report.Over = only(r.Average, known), ""
	for _, dims := range []*[]string{&n.report.Rows, &n.report.Columns} {
		if len(*dims) == 0 && !slices.Contains(slices.Concat(n.report.Rows, n.report.Columns), reports.MetricDim) {
			*dims = []string{reports.MetricDim} // a table has rows and columns
		}
	}
	return n, nil
}

// table builds the report, and with units one more part of its rows: a
// dimension that else is averaged over.
func (n *numbers) table(ctx context.Context, unit string) (*reports.Table, error) {
	r := n.report
	if unit != "" {
		r.Rows = append(slices.Clone(r.Rows), unit)
		r.Average = slices.DeleteFunc(slices.Clone(r.Average), func(dim string) bool { return dim == unit })
	}
	if n.snapshot != nil {
		return n.snapshot.Table(ctx, &r)
	}
	return reports.Build(reports.Spec{
		Name: r.Name, Rows: r.Rows, Columns: r.Columns, Average: r.Average, Best: r.Best, Digits: r.Digits,
	}, n.records, nil)
}

// narrow returns what both admit.
func narrow(where, more map[string][]string) map[string][]string {
	both := maps.Clone(where)
	if both == nil {
		both = map[string][]string{}
	}
	for dim, values := range more {
		if before, ok := both[dim]; ok {
			values = only(values, before)
		}
		both[dim] = values
	}
	return both
}

// only returns those of list that are among keep.
func only(list, keep []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(keep, s) })
}

// admitted returns the records that the report admits. The error wraps
// errNoData if there are none.
func (n *numbers) admitted(records []reports.Record) ([]reports.Record, error) {
	kept := reports.Admitted(records, n.report.Where)
	if len(kept) > 0 {
		return kept, nil
	}
	var hints string
	for _, dim := range slices.Sorted(maps.Keys(n.report.Where)) {
		for _, value := range n.report.Where[dim] {
			hints += n.hint(dim, value)
		}
	}
	return nil, fmt.Errorf("%w: there is no value with %s%s", errNoData, describe(n.report.Where), hints)
}

// describe shows a filter: "metric = map, setting = monolingual".
func describe(where map[string][]string) string {
	var parts []string
	for _, dim := range slices.Sorted(maps.Keys(where)) {
		parts = append(parts, dim+" = "+strings.Join(where[dim], " or "))
	}
	return strings.Join(parts, ", ")
}

// dimensions returns the dimensions that some record has, by name.
func dimensions(records []reports.Record) []string {
	known := map[string]bool{reports.MetricDim: true}
	for _, r := range records {
		for dim := range r.Dims {
			known[dim] = true
		}
	}
	return slices.Sorted(maps.Keys(known))
}
