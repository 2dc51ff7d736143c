package render_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"repro/internal/testkit"
	"repro/reports"
	"repro/reports/compare"
	"repro/reports/render"
)

// moved is a diff of two tables: one with short places and one with long ones,
// of which one cell is equal, one moved, one is noise and one has appeared.
func moved() *compare.Diff {
	old, now, p := 0.5121, 0.5433, 0.0004
	cells := func() [][]compare.Cell {
		better := true
		return [][]compare.Cell{
			{{Old: &old, New: &old, Verdict: compare.Equal}, {Old: &old, New: &now, Diff: now - old, Interval: &reports.Interval{Lo: 0.01, Hi: 0.05}, Adjusted: &p, P: &p, Method: "seeds", Better: &better, Verdict: compare.Moved}},
			{{Old: &now, New: &old, Diff: old - now, Method: "one run each", Verdict: compare.Noise}, {New: &now, Verdict: compare.CellNew}},
		}
	}
	states := []compare.State{compare.Both, compare.Both}
	long := "a translation of the training data by a program with rules, with a reversed copy"
	return &compare.Diff{
		Old: compare.Side{Label: "HEAD~1 (0123456789ab)"}, New: compare.Side{Label: "working tree"}, Level: 0.05,
		Tables: []compare.Table{
			{
				Name: "short", State: compare.Both, RowDims: []string{"sampler"}, ColumnDims: []string{"lang"}, Digits: 4,
				Rows: []reports.Key{{"x-y"}, {"hybrid"}}, Columns: []reports.Key{{"en"}, {"de"}}, RowStates: states, ColumnStates: states, Cells: cells(),
			},
			{
				Name: "long", Title: "Mean average precision, 100 %", State: compare.Both, RowDims: []string{"training data", "sampler"}, ColumnDims: []string{"setting"}, Digits: 4,
				Rows: []reports.Key{{long, "x-y"}, {strings.Replace(long, "translation", "copy", 1), "hybrid"}}, Columns: []reports.Key{{"monolingual"}, {"multilingual"}},
				RowStates: states, ColumnStates: states, Cells: cells(),
			},
		},
	}
}

func drawDiff(t *testing.T, format string, o render.Options) string {
	t.Helper()
	draw, err := render.DiffByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := draw(&b, moved(), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDiffsGolden(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "diff.txt", drawDiff(t, "text", render.Options{}))
	testkit.Golden(t, "diff_narrow.txt", drawDiff(t, "text", render.Options{Width: 80}))
	testkit.Golden(t, "diff.tex", drawDiff(t, "latex", render.Options{}))
}

// TestDiffsFitTheirTerminal: what a terminal wraps cannot be read as a table.
func TestDiffsFitTheirTerminal(t *testing.T) {
	t.Parallel()
	for _, width := range []int{70, 80, 120, 200} {
		text := drawDiff(t, "text", render.Options{Width: width})
		tables, _, _ := strings.Cut(text, "Of the cells")
		for line := range strings.Lines(tables) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns, want at most %d: %s", n, width, line)
			}
		}
	}
}
