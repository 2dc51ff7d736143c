package compare

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"repro/cache"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/stats"
)

// The methods of telling a difference from noise, for people.
const (
	byQuestions = "questions"           // paired over questions: randomisation, and bootstrap for the interval
	bySeeds     = "seeds"               // Student's t over the values of over
	byBoth      = "questions and seeds" // both have to tell it from noise
	bySeedAlone = "one run each"        // of different seeds: nothing can tell it from noise
	exactly     = "exact"               // no measurement of which noise is known
)

// confidence is the level of all intervals.
const confidence = 0.95

// rounding is by how much of a value two computations of it may differ.
const rounding = 1e-12

// cell compares the cells at one place.
func (c *comparison) cell(row, column reports.Key) (Cell, error) {
	before, after := find(c.before, row, column), find(c.after, row, column)
	switch {
	case before == nil && after == nil:
		return Cell{Verdict: Equal}, nil
	case before == nil && unmade(c.old, after):
		return Cell{Metric: after.Metric, New: &after.Mean, Verdict: Unmade}, nil
	case after == nil && unmade(c.now, before):
		return Cell{Metric: before.Metric, Old: &before.Mean, Verdict: Unmade}, nil
	case before == nil:
		c.differs(after)
		return Cell{Metric: after.Metric, New: &after.Mean, Verdict: CellNew}, nil
	case after == nil:
		c.differs(before)
		return Cell{Metric: before.Metric, Old: &before.Mean, Verdict: CellGone}, nil
	}
	cell := Cell{Metric: after.Metric, Old: &before.Mean, New: &after.Mean, Verdict: Equal}
	if sameSamples(before, after) {
		return cell, nil
	}
	c.differs(before, after)
	switch {
	case before.Metric != after.Metric:
		return cell.incompatible("other metrics"), nil
	case before.Averaged != after.Averaged:
		return cell.incompatible(fmt.Sprintf("means over %d and %d values", before.Averaged, after.Averaged)), nil
	}
	cell.Diff = after.Mean - before.Mean
	if best := runs.ForMetric(c.is.Best, cell.Metric); best != "" && cell.Diff != 0 {
		better := cell.Diff > 0 == (best == "max")
		cell.Better = &better
	}
	if math.Abs(cell.Diff) <= runs.ForMetric(c.is.Tolerance, cell.Metric) {
		cell.Verdict = Tolerated
		return cell, nil
	}
	err := c.test(&cell, row, column, before, after)
	if errors.Is(err, reports.ErrUnpaired) {
		return cell.incompatible("no questions in common"), nil
	}
	return cell, err
}

// unmade reports whether a side lacks a cell of the other because a stage behind
// it has no result.
func unmade(s *reports.Snapshot, cell *reports.Cell) bool {
	return slices.ContainsFunc(cell.Sources, func(addr string) bool {
		stage := s.Stage(addr)
		return stage != nil && stage.Outputs == nil
	})
}

// incompatible says that the two values measure different things.
func (cell Cell) incompatible(why string) Cell {
	return Cell{Metric: cell.Metric, Old: cell.Old, New: cell.New, Method: why, Verdict: Incompatible}
}

// differs notes the stages behind cells that are not equal.
func (c *comparison) differs(cells ...*reports.Cell) {
	for _, cell := range cells {
		for _, addr := range cell.Sources {
			if !slices.Contains(c.differing, addr) {
				c.differing = append(c.differing, addr)
			}
		}
	}
}

// test fills in the interval and p-value of a difference. A difference has two
// sources of noise: which questions were asked, and which seeds were drawn.
// Where both are known, the larger p-value counts, and the wider interval: it
// has to be real with other questions and with other seeds (Berger's
// intersection–union test keeps the level).
func (c *comparison) test(cell *Cell, row, column reports.Key, before, after *reports.Cell) error {
	units, err := units(c.ctx, cellOf{c.old, c.was, row, column}, cellOf{c.now, c.is, row, column})
	if err != nil {
		return err
	}
	cell.Units = len(units)
	if len(units) > 1 {
		flips, boots := make([]float64, len(units)), make([]float64, len(units))
		for i, u := range units {
			flips[i], boots[i] = u.Flip, u.Boot
		}
		o := stats.Options{Samples: c.options.Samples, Seed: c.seed(row, column)}
		lo, hi := stats.Bootstrap(boots, o)
		cell.Method = byQuestions
		cell.put(stats.Randomisation(flips, o), reports.Interval{Lo: lo, Hi: hi})
	}
	if e, _ := overSeeds(before, after, false); e.OK() {
		cell.Method = map[bool]string{false: bySeeds, true: byBoth}[len(units) > 1]
		cell.put(e.P, reports.Interval{Lo: e.Lo, Hi: e.Hi})
		return nil
	}
	switch {
	case c.after.Over != "" && !sameSeeds(before, after):
		cell.Method, cell.P, cell.Verdict = bySeedAlone, nil, Noise
	case len(units) <= 1:
		cell.Method, cell.Verdict = exactly, Moved
	}
	return nil
}

// overSeeds estimates the difference over the values of over, and names the test
// (stats.OverSeeds): of two states their draws are never the same.
func overSeeds(before, after *reports.Cell, paired bool) (stats.Estimate, string) {
	a := stats.Drawn{Values: before.Values(), Fixed: before.Constant}
	b := stats.Drawn{Values: after.Values(), Fixed: after.Constant}
	return stats.OverSeeds(a, b, paired, confidence)
}

// put takes a test's p-value and interval if they are larger than the known.
func (cell *Cell) put(p float64, interval reports.Interval) {
	if math.IsNaN(p) {
		return
	}
	if cell.P == nil || p > *cell.P {
		cell.P = &p
	}
	if cell.Interval == nil || interval.Half() > cell.Interval.Half() {
		cell.Interval = &interval
	}
}

// cellOf is where the values per query of a cell are.
type cellOf struct {
	snapshot    *reports.Snapshot
	report      *runs.Report
	row, column reports.Key
}

// units returns the difference of every question that both cells have, and none
// if there are no values per query on either side. The error wraps ErrUnpaired
// if there are, but of other questions or groups.
func units(ctx context.Context, old, now cellOf) ([]reports.Unit, error) {
	before, err := old.snapshot.Values(ctx, old.report, old.row, old.column)
	if err == nil {
		var after *reports.Values
		if after, err = now.snapshot.Values(ctx, now.report, now.row, now.column); err == nil {
			units, _, err := reports.Pair(before, after)
			return units, err
		}
	}
	if errors.Is(err, reports.ErrNoQueries) {
		return nil, nil
	}
	if errors.Is(err, cache.ErrMiss) {
		return nil, fmt.Errorf("the values per query are not in the cache any more: %w", err)
	}
	return nil, err
}

// seed makes the draws of a cell depend on nothing but its place.
func (c *comparison) seed(row, column reports.Key) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q %q", c.name(), []string(row), []string(column)) //nolint:errcheck // a hash takes everything
	return h.Sum64()
}

// sameSamples reports whether both cells have the same values, but for rounding.
func sameSamples(a, b *reports.Cell) bool {
	return a.Metric == b.Metric && a.Averaged == b.Averaged && slices.EqualFunc(a.ByOver(), b.ByOver(), func(x, y reports.Sample) bool {
		return x.Over == y.Over && math.Abs(x.Value-y.Value) <= rounding*max(math.Abs(x.Value), math.Abs(y.Value))
	})
}

// sameSeeds reports whether both cells are over the same values of over.
func sameSeeds(a, b *reports.Cell) bool {
	return slices.EqualFunc(a.ByOver(), b.ByOver(), func(x, y reports.Sample) bool { return x.Over == y.Over })
}

// judge corrects the p-values of a table's cells by Holm's method and says which
// differences are beyond noise. Each table is a family of its own: another
// report in the workflow, most likely of the same rankings, must not hide what
// this one shows.
func (t *Table) judge(level float64) {
	var cells []*Cell
	var ps []float64
	for i := range t.Cells {
		for j := range t.Cells[i] {
			if cell := &t.Cells[i][j]; cell.P != nil {
				cells, ps = append(cells, cell), append(ps, *cell.P)
			}
		}
	}
	for i, adjusted := range stats.Holm(ps) {
		cells[i].Adjusted = &adjusted
		cells[i].Verdict = Noise
		if adjusted < level {
			cells[i].Verdict = Moved
		}
	}
}
