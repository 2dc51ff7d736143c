package page

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"repro/reports"
	"repro/reports/compare"
	"repro/reports/render"
)

// diffPage is a difference as it stands on its page.
type diffPage struct {
	Title, Verdict string
	Old, New       compare.Side
	Facts          []Fact
	Vars           []string
	Causes         []diffCause
	Tables         []diffTable
	Notes          []string
	Sides          []diffSide
}

type diffCause struct{ Line, Way string }

// diffSide is what is known of both sides under one name.
type diffSide struct{ Name, Old, New string }

type diffTable struct {
	Name, Title, Summary string
	Head                 [][]Heading
	Rows                 []diffRow
	Notes                []string
	Figure               *Figure // of the differences; nil if none has an interval
	Moves                []diffMove
	Open                 bool
}

type diffRow struct {
	Heads []Heading
	Cells []diffCell
	First bool // whether a new value of the outermost of several dimensions begins
}

// diffCell is the new value with how it differs.
type diffCell struct{ Class, New, Change string }

// diffMove is a cell that is not equal, with all that is known about it.
type diffMove struct {
	Row, Column, Old, New, Diff, Interval, P, Verdict string
	Tone                                              string // a style: good or bad beyond noise, by what the report calls best
}

// WriteDiff writes what moved between two snapshots as a page.
func WriteDiff(w io.Writer, d *compare.Diff) error {
	p := diffPage{
		Title: d.Workflow, Verdict: render.DiffVerdict(d) + render.DiffMethod(d), Old: d.Old, New: d.New,
		Vars: render.DiffVars(d), Notes: d.Notes, Sides: diffSides(d),
	}
	for i := range d.Causes {
		line, way := d.Causes[i].Text()
		p.Causes = append(p.Causes, diffCause{line, way})
	}
	counts := d.Count()
	for _, verdict := range []compare.Verdict{compare.Moved, compare.CellNew, compare.CellGone, compare.Incompatible, compare.Unmade, compare.Noise, compare.Tolerated, compare.Equal} {
		if n := counts[verdict]; n > 0 {
			tone := ""
			if verdict.Beyond() {
				tone = bad
			}
			p.Facts = append(p.Facts, Fact{strings.ToUpper(string(verdict[:1])) + string(verdict[1:]), fmt.Sprintf("%d", n), tone})
		}
	}
	for i := range d.Tables {
		table := newDiffTable(&d.Tables[i])
		var err error
		if table.Figure, err = diffFigure(&d.Tables[i]); err != nil {
			return err
		}
		p.Tables = append(p.Tables, table)
	}
	return execute(w, "diff.html", p)
}

func newDiffTable(t *compare.Table) diffTable {
	view := diffTable{
		Name: t.Name, Title: t.Title, Summary: render.DiffSummary(t), Notes: render.DiffNotes(t),
		Head: head(t.RowDims, t.ColumnDims, t.Columns),
	}
	if view.Title == "" {
		view.Title = t.Name
	}
	for i := range view.Notes {
		view.Notes[i] = strings.TrimSuffix(view.Notes[i], ".")
	}
	heads := rowHeads(t.Rows)
	for i, row := range t.Rows {
		line := diffRow{Heads: heads[i], First: i > 0 && len(t.RowDims) > 1 && len(heads[i]) == len(t.RowDims)}
		for j, column := range t.Columns {
			cell := &t.Cells[i][j]
			move := newDiffMove(t, cell, row, column)
			if cell.Verdict != compare.Equal {
				view.Moves = append(view.Moves, move)
			}
			line.Cells = append(line.Cells, newDiffCell(cell, &move))
		}
		view.Rows = append(view.Rows, line)
	}
	const few = 12 // moves that are shown at once
	view.Open = len(view.Moves) <= few
	return view
}

func newDiffCell(cell *compare.Cell, move *diffMove) diffCell {
	view := diffCell{New: move.New, Class: "noise"}
	switch {
	case cell.Verdict == compare.Equal:
		view.Class = "same"
	case cell.Verdict.Beyond():
		view.Class = "beyond"
		if moveTone(cell) == good {
			view.Class += " better"
		}
	}
	switch {
	case cell.Verdict == compare.Equal:
	case move.Diff != "":
		view.Change = move.Diff
	case cell.Old != nil:
		view.Change = "was " + move.Old
	default:
		view.Change = string(cell.Verdict)
	}
	return view
}

// moveTone returns good for what moved to the better, bad for all else that moved
// beyond noise, and "" for the rest.
func moveTone(cell *compare.Cell) string {
	switch {
	case !cell.Verdict.Beyond():
		return ""
	case cell.Better != nil && *cell.Better:
		return good
	default:
		return bad
	}
}

func newDiffMove(t *compare.Table, cell *compare.Cell, row, column reports.Key) diffMove {
	scale, finer := reports.Scale{Digits: t.Digits}, differences(t)
	move := diffMove{
		Row: strings.Join(row, " · "), Column: strings.Join(column, " · "),
		Verdict: string(cell.Verdict), Tone: moveTone(cell),
	}
	if cell.Old != nil {
		move.Old = scale.Format(*cell.Old)
	}
	if cell.New != nil {
		move.New = scale.Format(*cell.New)
	}
	if cell.Old != nil && cell.New != nil {
		move.Diff = finer.Format(cell.Diff)
	}
	if cell.Interval != nil {
		move.Interval = finer.Format(cell.Interval.Lo) + " … " + finer.Format(cell.Interval.Hi)
	}
	switch {
	case cell.Adjusted != nil && *cell.Adjusted < 0.001:
		move.P = "<0.001"
	case cell.Adjusted != nil:
		move.P = fmt.Sprintf("%.3f", *cell.Adjusted)
	default:
		move.P = cell.Method
	}
	return move
}

// differences is the scale of a table's differences: what is beyond noise may
// be less than what a table shows.
func differences(t *compare.Table) reports.Scale {
	scale := reports.Scale{Digits: t.Digits, Signed: true}
	if t.Digits > 0 {
		scale.Digits++
	}
	return scale
}

// diffSides sets what is known of both sides beside each other.
func diffSides(d *compare.Diff) []diffSide {
	commit := func(s *compare.Side) string {
		if s.Dirty {
			return s.Commit + " with changes"
		}
		return s.Commit
	}
	at := func(s *compare.Side) string {
		if s.Time.IsZero() {
			return ""
		}
		return moment(s.Time)
	}
	missing := func(s *compare.Side) string {
		if s.Missing == 0 {
			return ""
		}
		return fmt.Sprintf("%d stages without result", s.Missing)
	}
	sides := []diffSide{
		{"state", d.Old.Label, d.New.Label}, {"run", d.Old.Run, d.New.Run}, {"started", at(&d.Old), at(&d.New)},
		{"commit", commit(&d.Old), commit(&d.New)}, {"missing", missing(&d.Old), missing(&d.New)},
	}
	names := maps.Clone(d.Old.Vars)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, d.New.Vars)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		sides = append(sides, diffSide{name, d.Old.Vars[name], d.New.Vars[name]})
	}
	return slices.DeleteFunc(sides, func(s diffSide) bool { return s.Old == "" && s.New == "" })
}
