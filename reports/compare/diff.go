// Package compare says what moved between two snapshots of a workflow, whether
// it is noise, and why.
//
// In come two snapshots; out comes a Diff, data only: the tables of both
// matched by the keys of rows and columns, for each cell both values with the
// difference, its interval and p-value, and the first causes of whatever is
// not equal.
package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/cause"
)

// Diff is what moved from an old snapshot to a new one.
type Diff struct {
	Workflow string        `json:"workflow"`
	Old      Side          `json:"old"`
	New      Side          `json:"new"`
	Level    float64       `json:"level"` // of significance, after Holm's correction over the cells of a table that have a p-value
	Tables   []Table       `json:"tables"`
	Causes   []cause.Cause `json:"causes"` // of all that is not equal
	Notes    []string      `json:"notes,omitempty"`
}

// Side is one of the two snapshots.
type Side struct {
	Label   string            `json:"label"`
	Run     string            `json:"run,omitempty"`    // ID of the record, if it was read from one
	Commit  string            `json:"commit,omitempty"` // full hash
	Dirty   bool              `json:"dirty,omitempty"`  // whether files differed from the commit
	Time    time.Time         `json:"time,omitzero"`    // of the run, if it was read from a record
	Vars    map[string]string `json:"vars,omitempty"`   // those that the other side has otherwise
	Missing int               `json:"missing,omitempty"`
}

// State says on which side something is.
type State string

// The states of tables, rows and columns.
const (
	Both     State = "both"
	Appeared State = "appeared" // only the new side has it
	Vanished State = "vanished" // only the old side has it
)

// Table is a report of both sides.
type Table struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	State State  `json:"state"`

	RowDims      []string      `json:"row_dims"`
	ColumnDims   []string      `json:"column_dims"`
	Rows         []reports.Key `json:"rows"` // the new side's, then those that vanished
	Columns      []reports.Key `json:"columns"`
	RowStates    []State       `json:"row_states"`
	ColumnStates []State       `json:"column_states"`
	Cells        [][]Cell      `json:"cells"` // row → column
	Digits       int           `json:"digits"`
	Over         string        `json:"over,omitempty"`

	Definition []string `json:"definition,omitempty"` // what differs of the report itself, "digits: 4 → 2"
	Notes      []string `json:"notes,omitempty"`
}

// Verdict says what a cell's difference amounts to.
type Verdict string

// The verdicts on cells.
const (
	Equal        Verdict = "equal"     // the same value, or none on either side
	Tolerated    Verdict = "tolerated" // within the report's tolerance
	Noise        Verdict = "noise"     // what a test does not tell from chance
	Moved        Verdict = "moved"     // beyond noise; also values that are no measurements, such as counts
	CellNew      Verdict = "appeared"
	CellGone     Verdict = "vanished"
	Unmade       Verdict = "no result"    // on one side: a stage behind it has yet to run
	Incompatible Verdict = "incompatible" // the two measure different things: Method says how
)

// Beyond reports whether the verdict is that something moved beyond noise.
func (v Verdict) Beyond() bool {
	return v == Moved || v == CellNew || v == CellGone || v == Incompatible
}

// Cell is one place of a table on both sides.
type Cell struct {
	Metric   string            `json:"metric,omitempty"`
	Old      *float64          `json:"old"` // nil if there is none
	New      *float64          `json:"new"`
	Diff     float64           `json:"diff"`               // New − Old
	Interval *reports.Interval `json:"interval,omitempty"` // of Diff, 95 %
	P        *float64          `json:"p,omitempty"`        // of no difference
	Adjusted *float64          `json:"p_adjusted,omitempty"`
	Units    int               `json:"units,omitempty"` // questions that both sides have
	Method   string            `json:"method,omitempty"`
	Better   *bool             `json:"better,omitempty"` // whether New is, if the report says what is best
	Verdict  Verdict           `json:"verdict"`
}

// Count returns how many cells have each verdict.
func (d *Diff) Count() map[Verdict]int {
	counts := map[Verdict]int{}
	for _, t := range d.Tables {
		for _, row := range t.Cells {
			for _, c := range row {
				counts[c.Verdict]++
			}
		}
	}
	return counts
}

// Beyond reports whether anything moved beyond noise.
func (d *Diff) Beyond() bool {
	for verdict, n := range d.Count() {
		if n > 0 && verdict.Beyond() {
			return true
		}
	}
	return slices.ContainsFunc(d.Tables, func(t Table) bool { return t.State != Both })
}

// Options says how snapshots are compared; the zero value is good.
type Options struct {
	Level   float64  // of significance, after correction; 0 means 0.05
	Samples int      // of bootstrap and randomisation; 0 means 10,000
	Only    []string // names of reports; empty means all
}

// Compare returns what moved from old to now. A report whose table cannot be
// made is an error that names it.
func Compare(ctx context.Context, old, now *reports.Snapshot, o Options) (*Diff, error) {
	if o.Level == 0 {
		o.Level = 0.05
	}
	d := &Diff{Workflow: now.Workflow, Old: side(old, now), New: side(now, old), Level: o.Level, Notes: slices.Concat(old.Notes, now.Notes)}
	for _, s := range []*reports.Snapshot{old, now} {
		if n := s.Missing(); n > 0 {
			d.Notes = append(d.Notes, fmt.Sprintf("%s: %d of %d stages have no result.", s.Label, n, len(s.Stages)))
		}
	}
	if old.Workflow != now.Workflow {
		d.Notes = append(d.Notes, fmt.Sprintf("The old side is of %s, the new one of %s.", old.Workflow, now.Workflow))
	}
	var differing []string // stages behind cells that are not equal
	for _, pair := range matchReports(old, now, o.Only) {
		c := &comparison{ctx: ctx, options: o, old: old, now: now, was: pair[0], is: pair[1]}
		table, err := c.table()
		if errors.Is(err, reports.ErrNoRecords) {
			d.Notes = append(d.Notes, fmt.Sprintf("Report %s has no results on either side.", c.name()))
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("report %s: %w", c.name(), err)
		}
		table.judge(o.Level)
		d.Tables = append(d.Tables, *table)
		differing = append(differing, c.differing...)
	}
	causes, err := cause.Explain(ctx, old, now, differing)
	d.Causes = append([]cause.Cause{}, causes...) // in JSON, none is [] and not null
	return d, err
}

func side(s, other *reports.Snapshot) Side {
	side := Side{Label: s.Label, Commit: s.Commit, Dirty: s.Dirty != "", Missing: s.Missing(), Vars: map[string]string{}}
	for name, value := range s.Vars {
		if other.Vars[name] != value {
			side.Vars[name] = value
		}
	}
	if !s.Ended.IsZero() {
		side.Run, side.Time = s.ID, s.Started
	}
	return side
}

// matchReports pairs the reports of both sides by name: those of the new side
// in its order, then those that only the old one has.
func matchReports(old, now *reports.Snapshot, only []string) [][2]*runs.Report {
	var pairs [][2]*runs.Report
	wanted := func(name string) bool { return len(only) == 0 || slices.Contains(only, name) }
	for i := range now.Reports {
		if name := now.Reports[i].Name; wanted(name) {
			pairs = append(pairs, [2]*runs.Report{old.Report(name), &now.Reports[i]})
		}
	}
	for i := range old.Reports {
		if name := old.Reports[i].Name; wanted(name) && now.Report(name) == nil {
			pairs = append(pairs, [2]*runs.Report{&old.Reports[i], nil})
		}
	}
	return pairs
}
