// Package figures makes the figures of a workflow's results.
//
// In comes a snapshot; out come figures, data only. Which there are follows
// from the data, not from the workflow: values by query and document language
// make heat maps, averaged dimensions make bars, rank distances make bars by
// row, outputs named curve make lines, and stages make a graph.
package figures

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/reports"
)

// Names with a meaning, by convention (docs/formats.md).
const (
	queryLang    = "query_lang"
	docLang      = "doc_lang"
	rankDistance = "rank-distance"
)

// Limits of what a reader can still take in, and a page hold.
const (
	maxPanels = 24
	maxValues = 40 // of a dimension
	maxSeries = 12
)

// OfReport returns the figures of a report. There are none if it has no
// records yet.
func OfReport(ctx context.Context, s *reports.Snapshot, r *runs.Report) ([]reports.Figure, error) {
	all, err := s.Records(ctx, r)
	if errors.Is(err, reports.ErrNoRecords) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	published, err := s.Published(ctx, r)
	if err != nil {
		return nil, err
	}
	m := &maker{report: r, records: reports.Admitted(all, r.Where), published: published}
	var made []reports.Figure
	for _, make := range []func() ([]reports.Figure, error){m.rankDistances, m.heatmaps, m.bars} {
		figures, err := make()
		if err != nil {
			return nil, fmt.Errorf("figures of report %q: %w", r.Name, err)
		}
		made = append(made, figures...)
	}
	return made, nil
}

// maker makes the figures of one report.
type maker struct {
	report    *runs.Report
	records   []reports.Record // that the report admits
	published []reports.Record
}

// figure returns a figure of the report, with as many panels as a reader takes.
func (m *maker) figure(name, title string, panels []reports.Panel) reports.Figure {
	f := reports.Figure{Name: m.report.Name + "-" + name, Report: m.report.Name, Title: title, Panels: panels}
	if len(panels) > maxPanels {
		f.Panels = panels[:maxPanels]
		f.Caption = fmt.Sprintf("The first %d of %d panels.", maxPanels, len(panels))
	}
	if len(panels) == 1 {
		panels[0].Title = ""
	}
	return f
}

// heading is what the report is called.
func (m *maker) heading() string {
	if m.report.Title != "" {
		return m.report.Title
	}
	return m.report.Name
}

// over returns the dimension that intervals are over, "" if none of the records
// has it.
func (m *maker) over(records []reports.Record) string {
	for i := range records {
		if _, ok := records[i].Dims[m.report.Over]; ok {
			return m.report.Over
		}
	}
	return ""
}

// only returns the records that have a key's values in its dimensions.
func only(records []reports.Record, dims []string, key reports.Key) []reports.Record {
	where := map[string][]string{}
	for i, dim := range dims {
		where[dim] = []string{key[i]}
	}
	return reports.Admitted(records, where)
}

// Labels returns a short name for each key: the values that are needed to tell
// it from the others.
func Labels(all []reports.Key) []string {
	if len(all) == 0 {
		return nil
	}
	needed := make([]int, len(all[0]))
	for i := range needed {
		needed[i] = i
	}
	for i := range all[0] {
		without := slices.DeleteFunc(slices.Clone(needed), func(j int) bool { return j == i })
		if len(without) > 0 && distinct(all, without) {
			needed = without
		}
	}
	names := make([]string, len(all))
	for k, key := range all {
		names[k] = name(key, needed)
	}
	return names
}

// armOf returns what tells a row of a table from the rows of all reports: its
// coordinates, in the order of their names.
func armOf(dims []string, key reports.Key) reports.Key {
	var all reports.Key
	for i, dim := range dims {
		if key[i] != "" {
			all = append(all, dim+" "+key[i])
		}
	}
	slices.Sort(all)
	return all
}

// distinct reports whether the values at places tell all keys apart.
func distinct(all []reports.Key, places []int) bool {
	seen := map[string]bool{}
	for _, key := range all {
		seen[name(key, places)] = true
	}
	return len(seen) == len(all)
}

func name(key reports.Key, places []int) string {
	var values []string
	for _, i := range places {
		if key[i] != "" {
			values = append(values, key[i])
		}
	}
	return strings.Join(values, " · ")
}

// spoken is what a dimension is called in a sentence.
func spoken(dim string) string {
	switch dim {
	case queryLang:
		return "query language"
	case docLang:
		return "passage language"
	default:
		return strings.ReplaceAll(dim, "_", " ")
	}
}

// without returns dims less those of gone.
func without(dims []string, gone ...string) []string {
	return slices.DeleteFunc(slices.Clone(dims), func(dim string) bool { return slices.Contains(gone, dim) })
}

// extent widens lo and hi to the values of cells, with their intervals.
func extent(lo, hi float64, cells [][]reports.Cell) (float64, float64) {
	for _, row := range cells {
		for i := range row {
			c := &row[i]
			if c.Missing() {
				continue
			}
			lo, hi = min(lo, c.Mean), max(hi, c.Mean)
			if c.Interval != nil {
				lo, hi = min(lo, c.Interval.Lo), max(hi, c.Interval.Hi)
			}
			if c.Published != nil {
				lo, hi = min(lo, *c.Published), max(hi, *c.Published)
			}
		}
	}
	return lo, hi
}

// none is what extent begins with where nothing has to be in the range.
func none() (lo, hi float64) { return math.Inf(1), math.Inf(-1) }

// sortedValues returns the values that a dimension has, by name.
func sortedValues(records []reports.Record, dim string) []string {
	seen := map[string]bool{}
	var values []string
	for i := range records {
		if v := records[i].Dim(dim); v != "" && !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}
