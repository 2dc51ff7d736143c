package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"repro/internal/testkit"
	"repro/reports"
	"repro/reports/render"
)

// extensions is what golden files of a format are called.
var extensions = map[string]string{"text": "txt", "markdown": "md", "csv": "csv", "json": "json", "latex": "tex"}

func draw(t *testing.T, format string, table *reports.Table, o render.Options) string {
	t.Helper()
	f, err := render.ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f(&b, table, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func num(v float64) *float64 { return &v }

// full has two levels of rows and three of columns, intervals, a partial and
// missing cells, published values and equal bests.
func full() *reports.Table {
	cell := func(mean, half, published float64, best bool) reports.Cell {
		return reports.Cell{
			Metric: "map", N: 3, Mean: mean, Best: best, Published: num(published),
			Interval: &reports.Interval{Lo: mean - half, Hi: mean + half},
		}
	}
	partial := cell(0.6, 0.1, 0.59, false)
	partial.N, partial.Partial, partial.Published = 2, true, nil
	return &reports.Table{
		Name: "retrieval", Title: "mAP on XQuAD-R and MLQA-R", Caption: "Higher is better.",
		RowDims: []string{"init", "sampler"}, ColumnDims: []string{"dataset", "setting", "metric"},
		Rows: []reports.Key{{"XLM-R", "x-x-mono"}, {"XLM-R", "hybrid"}, {"LaBSE", "x-x-mono"}},
		Columns: []reports.Key{
			{"XQuAD-R", "monolingual", "map"}, {"XQuAD-R", "multilingual", "map"}, {"XQuAD-R", "multilingual", "rank-distance"},
			{"MLQA-R", "multilingual", "map"},
		},
		Cells: [][]reports.Cell{
			{cell(0.79183, 0.0031, 0.7918, false), cell(0.54794, 0.01, 0.5479, false), {Metric: "rank-distance", N: 3, Mean: 1410.25, Best: true}, {Metric: "map"}},
			{cell(0.79775, 0.0031, 0.7977, true), partial, {Metric: "rank-distance"}, {Metric: "map", N: 1, Mean: 0.5121}},
			{cell(0.79775, 0.12345, 0.8083, true), {Metric: "map", Published: num(0.6517)}, {Metric: "rank-distance", N: 3, Mean: -0.00001}, {Metric: "map"}},
		},
		Over: "seed", Digits: 4, Notes: []string{"± is half the 95 % confidence interval of the mean over seed (Student's t).", "5 of 12 cells have no value."},
	}
}

// special has everything that some format would take for markup.
func special() *reports.Table {
	return &reports.Table{
		Name: "s", Title: `100% of \{a_b} & <c> | $d^2$ #1 ~`,
		RowDims: []string{"query_lang"}, ColumnDims: []string{"metric"},
		Rows:    []reports.Key{{"中文"}, {"Ελληνικά"}, {"हिन्दी"}, {`a|b*c"d,e`}, {""}},
		Columns: []reports.Key{{"recall@10"}, {"n_d|cg"}},
		Cells: [][]reports.Cell{
			{{Metric: "recall@10", N: 1, Mean: 0.125}, {Metric: "n_d|cg", N: 1, Mean: 100}},
			{{Metric: "recall@10", N: 1, Mean: 0.375}, {Metric: "n_d|cg", N: 1, Mean: 2}},
			{{Metric: "recall@10", N: 1, Mean: 2.675}, {Metric: "n_d|cg", N: 1, Mean: -3}},
			{{Metric: "recall@10", N: 1, Mean: 1e-9}, {Metric: "n_d|cg", N: 1, Mean: 1e6}},
			{{Metric: "recall@10"}, {Metric: "n_d|cg"}},
		},
		Digits: 2, Notes: []string{"5 % | 6_7"},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats() {
		testkit.Golden(t, "full."+extensions[format], draw(t, format, full(), render.Options{}))
		testkit.Golden(t, "special."+extensions[format], draw(t, format, special(), render.Options{}))
	}
	testkit.Golden(t, "color.txt", draw(t, "text", full(), render.Options{Color: true, Width: 1000}))
	testkit.Golden(t, "narrow.txt", draw(t, "text", full(), render.Options{Width: 20}))
}

func TestTextFitsItsWidth(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 80, 100} {
		for line := range strings.Lines(draw(t, "text", full(), render.Options{Width: width})) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); strings.ContainsAny(line, "│─") && n > width {
				t.Errorf("%d columns, want at most %d: %s", n, width, line)
			}
		}
	}
}

// TestCSVReadsBack holds what the tidy formats promise: exact numbers.
func TestCSVReadsBack(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(draw(t, "csv", special(), render.Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[7], ";"); got != `a|b*c"d,e;recall@10;1e-09;;;1;false;` {
		t.Errorf("line 8: %s", got)
	}
}

func TestJSONIsValid(t *testing.T) {
	t.Parallel()
	var got struct {
		Cells []struct {
			Dims map[string]string
			Mean *float64
		}
	}
	if err := json.Unmarshal([]byte(draw(t, "json", full(), render.Options{})), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Cells) != 12 || *got.Cells[0].Mean != 0.79183 || got.Cells[3].Mean != nil || got.Cells[0].Dims["sampler"] != "x-x-mono" {
		t.Errorf("%+v", got.Cells)
	}
}

func TestUnknownFormatNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	if _, err := render.ByName("pdf"); err == nil || !strings.Contains(err.Error(), "text, markdown, csv, json, latex") {
		t.Errorf("error %v", err)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrorsAreReturned(t *testing.T) {
	t.Parallel()
	var w io.Writer = brokenWriter{}
	for _, format := range render.Formats() {
		f, err := render.ByName(format)
		if err != nil {
			t.Fatal(err)
		}
		if err := f(w, full(), render.Options{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}
