package render

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"repro/reports"
	"repro/reports/compare"
)

// DiffFunc writes a diff in one format.
type DiffFunc func(w io.Writer, d *compare.Diff, o Options) error

// DiffFormats returns the names that DiffByName knows.
func DiffFormats() []string { return []string{"text", "markdown", "json", "latex"} }

// DiffByName returns the renderer of a format.
func DiffByName(format string) (DiffFunc, error) {
	switch format {
	case "text":
		return DiffText, nil
	case "markdown":
		return DiffMarkdown, nil
	case "json":
		return DiffJSON, nil
	case "latex":
		return DiffLaTeX, nil
	default:
		return nil, fmt.Errorf("unknown format %q: the formats are %s", format, strings.Join(DiffFormats(), ", "))
	}
}

// DiffJSON writes the diff as one object.
func DiffJSON(w io.Writer, d *compare.Diff, _ Options) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// change is a cell that is not equal, as the formats for people show it.
type change struct {
	place                       []string
	old, now, diff, interval, p string
	tested                      bool // whether p is a probability, not why there is none
	verdict                     compare.Verdict
	better                      *bool
}

// diffHeader names the columns of changes: those dimensions of rows and columns
// that have more than one value, or all if none has.
func diffHeader(t *compare.Table) (header []string, shown []int) {
	dims := slices.Concat(t.RowDims, t.ColumnDims)
	for i, dim := range dims {
		if dimVaries(t, i) {
			header, shown = append(header, dim), append(shown, i)
		}
	}
	if len(shown) == 0 {
		for i, dim := range dims {
			header, shown = append(header, dim), append(shown, i)
		}
	}
	return append(header, "old", "new", "difference", "95 % interval", "p", "verdict"), shown
}

func dimVaries(t *compare.Table, i int) bool {
	keys := t.Rows
	if i >= len(t.RowDims) {
		keys, i = t.Columns, i-len(t.RowDims)
	}
	return slices.ContainsFunc(keys, func(k reports.Key) bool { return k[i] != keys[0][i] })
}

// What a diff of very many cells shows of them: a comment of a pull request
// takes 65,536 characters.
const (
	shownChanges = 100 // of a table
	shownCauses  = 20
)

// first returns the first elements of a list, and what to say of the others.
func first[T any](list []T, most int) ([]T, string) {
	if len(list) <= most {
		return list, ""
	}
	return list[:most], fmt.Sprintf("… and %d more: all of them are in the format json.", len(list)-most)
}

// changes returns the cells that are not equal, row by row, or if they are more
// than are shown, first those that moved.
func changes(t *compare.Table, shown []int) []change {
	var list []change
	for i, row := range t.Rows {
		for j, column := range t.Columns {
			cell := &t.Cells[i][j]
			if cell.Verdict == compare.Equal {
				continue
			}
			key := slices.Concat(row, column)
			c := change{old: value(t, cell.Old), now: value(t, cell.New), verdict: cell.Verdict, better: cell.Better}
			for _, at := range shown {
				c.place = append(c.place, key[at])
			}
			if cell.Old != nil && cell.New != nil {
				c.diff = signed(t, cell.Diff)
			}
			if cell.Interval != nil {
				c.interval = signed(t, cell.Interval.Lo) + " … " + signed(t, cell.Interval.Hi)
			}
			switch {
			case cell.Adjusted != nil:
				c.p, c.tested = probability(*cell.Adjusted), true
			case cell.Method != "":
				c.p = cell.Method
			}
			list = append(list, c)
		}
	}
	if len(list) > shownChanges {
		slices.SortStableFunc(list, func(a, b change) int {
			if a.verdict.Beyond() == b.verdict.Beyond() {
				return 0
			}
			if a.verdict.Beyond() {
				return -1
			}
			return 1
		})
	}
	return list
}

func value(t *compare.Table, v *float64) string {
	if v == nil {
		return missing
	}
	return decimal(t.Digits, *v)
}

// signed shows a difference with one decimal more than values have: what is
// beyond noise may be less than what a table shows.
func signed(t *compare.Table, v float64) string {
	digits := t.Digits
	if digits > 0 {
		digits++
	}
	s := decimal(digits, v)
	if strings.HasPrefix(s, "-") {
		return "−" + s[1:]
	}
	return "+" + s
}

func probability(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// DiffSummary counts the cells of a table.
func DiffSummary(t *compare.Table) string {
	counts := map[compare.Verdict]int{}
	cells, beyond := 0, 0
	for _, row := range t.Cells {
		for _, c := range row {
			cells++
			counts[c.Verdict]++
			if c.Verdict.Beyond() {
				beyond++
			}
		}
	}
	switch differ := cells - counts[compare.Equal]; {
	case t.State == compare.Appeared:
		return fmt.Sprintf("the report is new: %d cells", cells)
	case t.State == compare.Vanished:
		return fmt.Sprintf("the report is gone: %d cells", cells)
	case differ == 0:
		return fmt.Sprintf("all %d cells are equal", cells)
	default:
		return fmt.Sprintf("%d of %d cells differ, %d beyond noise", differ, cells, beyond)
	}
}

// DiffNotes says what of a table is not in its cells.
func DiffNotes(t *compare.Table) []string {
	var notes []string
	for _, d := range t.Definition {
		notes = append(notes, "Of the report itself: "+d)
	}
	if t.State == compare.Both {
		notes = append(notes, stateNotes("row", t.Rows, t.RowStates)...)
		notes = append(notes, stateNotes("column", t.Columns, t.ColumnStates)...)
	}
	return append(notes, t.Notes...)
}

func stateNotes(what string, keys []reports.Key, states []compare.State) []string {
	var notes []string
	for i, state := range states {
		if state != compare.Both {
			notes = append(notes, fmt.Sprintf("The %s %s %s.", what, strings.Join(keys[i], " / "), state))
		}
	}
	return notes
}

// DiffVars says which variables differ: "seeds: [0,1,2] → [3,4,5]".
func DiffVars(d *compare.Diff) []string {
	names := maps.Clone(d.Old.Vars)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, d.New.Vars)
	var list []string
	show := func(v string) string {
		if v == "" {
			return "none"
		}
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, fmt.Sprintf("%s: %s → %s", name, show(d.Old.Vars[name]), show(d.New.Vars[name])))
	}
	return list
}

// DiffVerdict is the diff in a sentence or two.
func DiffVerdict(d *compare.Diff) string {
	counts := d.Count()
	var parts []string
	for _, did := range []struct {
		verdict compare.Verdict
		text    string
	}{
		{compare.Moved, "moved beyond noise"}, {compare.CellNew, "appeared"},
		{compare.CellGone, "vanished"}, {compare.Incompatible, "cannot be compared"},
	} {
		if n := counts[did.verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, did.text))
		}
	}
	within := counts[compare.Noise] + counts[compare.Tolerated]
	if n := counts[compare.Unmade]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d have no result on one side", n))
	}
	switch {
	case len(parts) > 0 && within > 0:
		return fmt.Sprintf("Of the cells, %s; %d differ within noise.", strings.Join(parts, ", "), within)
	case len(parts) > 0:
		return fmt.Sprintf("Of the cells, %s.", strings.Join(parts, ", "))
	case within > 0:
		return fmt.Sprintf("Nothing moved beyond noise; %d cells differ within it.", within)
	case d.Beyond():
		return "Reports came or went; no cell moved."
	default:
		return "Nothing moved."
	}
}
