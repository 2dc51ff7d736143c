package compare

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/stats"
)

// Place is a cell of a table: positions of its row and its column.
type Place struct{ Row, Column int }

// Between returns the 95 % interval of the difference of two cells of a
// report's table, now less old. As between two snapshots, the difference has to
// be real with other questions and with other seeds: the wider interval counts
// of the bootstrap over the questions that both cells have and of Student's or
// Welch's t over their values of Over (stats.OverSeeds), which are paired if both
// cells are of the same stages, such as two settings of one arm. It is nil if
// nothing is known of noise: a single seed says nothing about others, however
// many questions there are.
func Between(ctx context.Context, s *reports.Snapshot, r *runs.Report, t *reports.Table, old, now Place) (*reports.Interval, error) {
	before, after := &t.Cells[old.Row][old.Column], &t.Cells[now.Row][now.Column]
	seeds, test := overSeeds(before, after, before.SameDraws(after))
	if t.Over != "" && test == "" && (!before.Constant || !after.Constant) {
		return nil, nil
	}
	var cell Cell // takes the wider interval
	at := func(p Place) cellOf { return cellOf{s, r, t.Rows[p.Row], t.Columns[p.Column]} }
	units, err := units(ctx, at(old), at(now))
	if err != nil && !errors.Is(err, reports.ErrUnpaired) {
		return nil, err
	}
	if len(units) > 1 {
		boots := make([]float64, len(units))
		for i, u := range units {
			boots[i] = u.Boot
		}
		h := fnv.New64a()
		fmt.Fprintf(h, "%q %q %q %q %q", t.Name, t.Rows[old.Row], t.Columns[old.Column], t.Rows[now.Row], t.Columns[now.Column]) //nolint:errcheck // a hash takes everything
		lo, hi := stats.Bootstrap(boots, stats.Options{Seed: h.Sum64()})
		cell.put(0, reports.Interval{Lo: lo, Hi: hi})
	}
	cell.put(seeds.P, reports.Interval{Lo: seeds.Lo, Hi: seeds.Hi})
	return cell.Interval, nil
}
