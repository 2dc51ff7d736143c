package plot_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"repro/cache/runs"
	"repro/internal/testkit"
	"repro/reports"
	"repro/reports/plot"
)

func cell(mean, half float64) reports.Cell {
	c := reports.Cell{N: 1, Mean: mean}
	if half > 0 {
		c.N, c.Interval = 3, &reports.Interval{Lo: mean - half, Hi: mean + half}
	}
	return c
}

func heatmap() *reports.Heatmap {
	return &reports.Heatmap{
		RowDim: "query language", ColumnDim: "passage language", Rows: []string{"de", "en"}, Columns: []string{"de", "en", "all"},
		Cells: [][]reports.Cell{{cell(.5, .01), cell(.1, 0), {}}, {cell(0, 0), cell(.45, 0), cell(.25, 0)}},
		Scale: reports.Scale{Hi: .5, Digits: 2},
	}
}

func bars() *reports.Bars {
	published := .42
	with := cell(.4, .05)
	with.Published = &published
	return &reports.Bars{
		Dim: "query language", Groups: []string{"de", "en"}, Series: []string{"mono", "hybrid"},
		Cells: [][]reports.Cell{{cell(.3, .02), with}, {{}, cell(-.1, 0)}}, Scale: reports.Scale{Lo: -.1, Hi: .45, Digits: 3},
		Arms: []reports.Key{{"mono"}, {"hybrid"}},
	}
}

func lines() *reports.Lines {
	return &reports.Lines{
		X: "step", Y: "training loss",
		Series: []reports.Series{
			{Name: "mono", Arm: reports.Key{"mono"}, Lines: []reports.Line{{Name: "seed 0", Points: []reports.Point{{X: 10, Y: 2}, {X: 100, Y: .5}}}, {Name: "seed 1"}}},
			{Name: "hybrid", Arm: reports.Key{"hybrid"}, Lines: []reports.Line{{Name: "seed 0", Points: []reports.Point{{X: 10, Y: 2.5}, {X: 100, Y: .75}}}}},
		},
		XScale: reports.Scale{Hi: 100}, YScale: reports.Scale{Hi: 2.5, Digits: 3},
	}
}

func graph() *reports.Graph {
	block := func(name string, state runs.State, n int) reports.Block {
		return reports.Block{Name: name, Counts: map[runs.State]int{state: n}, Took: time.Second}
	}
	return &reports.Graph{
		Blocks: []reports.Block{block("convert.test", runs.Hit, 1), block("collect.train", runs.Hit, 3), block("train.encoder", runs.Ran, 12), block("evaluate.retrieval", runs.Failed, 2)},
		Edges:  [][2]int{{0, 3}, {1, 2}, {2, 3}, {0, 2}},
	}
}

func draw(t *testing.T, p reports.Plot, o plot.Options) string {
	t.Helper()
	var b strings.Builder
	if err := plot.Draw(&b, p, o); err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%T is not well-formed: %v", p, err)
		}
	}
	return b.String()
}

func TestPictures(t *testing.T) {
	t.Parallel()
	o := plot.Options{ID: "f", Title: "A figure", Looks: map[string]int{reports.Key{"hybrid"}.ID(): 12}, Link: func(block string) string { return "#b-" + block }}
	single := bars()
	single.Scale.Signed, single.Groups[1] = true, "x-x-mono · monolingual · recall@10"
	single.Series, single.Cells = []string{""}, [][]reports.Cell{single.Cells[0][1:], single.Cells[1][1:]}
	for name, p := range map[string]reports.Plot{
		"heatmap": heatmap(), "bars": bars(), "single": single, "lines": lines(), "graph": graph(),
	} {
		// A line each for its elements, so that a difference is one to be read.
		testkit.Golden(t, name+".svg", strings.ReplaceAll(draw(t, p, o), "><", ">\n<")+"\n")
	}
}

func TestNamesCannotBreakOut(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>&`
	h, b, l, g := heatmap(), bars(), lines(), graph()
	h.RowDim, h.ColumnDim, h.Rows[0], h.Columns[0] = evil, evil, evil, evil
	b.Dim, b.Groups[0], b.Series[0] = evil, evil, evil
	l.X, l.Y, l.Series[0].Name = evil, evil, evil
	g.Blocks[0].Name = evil
	for _, p := range []reports.Plot{h, b, l, g} {
		if svg := draw(t, p, plot.Options{ID: evil, Title: evil, Link: func(string) string { return evil }}); strings.Contains(svg, "<script") {
			t.Errorf("%T: %s", p, svg)
		}
	}
}

func TestEmptyPictures(t *testing.T) {
	t.Parallel()
	for _, p := range []reports.Plot{&reports.Heatmap{}, &reports.Bars{}, &reports.Lines{}, &reports.Graph{}} {
		if svg := draw(t, p, plot.Options{}); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%T: %s", p, svg)
		}
	}
}

// TestLargeGraphs draws a graph of many blocks with cycles, which no workflow
// has but a damaged record may: an end must be found.
func TestLargeGraphs(t *testing.T) {
	t.Parallel()
	g := &reports.Graph{}
	for i := range 60 {
		g.Blocks = append(g.Blocks, reports.Block{Name: fmt.Sprintf("exec.b%d", i)})
		for _, j := range []int{i / 2, i / 3, (i + 7) % 60} {
			if j < i || i%20 == 0 {
				g.Edges = append(g.Edges, [2]int{j, i})
			}
		}
	}
	g.Edges = append(g.Edges, [2]int{59, 0})
	if svg := draw(t, g, plot.Options{}); !strings.Contains(svg, "b59") {
		t.Error("the last block is not in the picture")
	}
}

// TestLongNamesKeepWhatTellsThemApart: values go into lines of their own, and
// one that is too long for that loses its middle.
func TestLongNamesKeepWhatTellsThemApart(t *testing.T) {
	t.Parallel()
	b := bars()
	long := strings.Repeat("long ", 12)
	b.Groups = []string{"x-x-mono · cross-lingual · recall@1", "first " + long + "last"}
	b.Series, b.Cells = []string{""}, [][]reports.Cell{{cell(.1, 0)}, {cell(.2, 0)}}
	svg := draw(t, b, plot.Options{})
	for _, want := range []string{">x-x-mono · cross-lingual<", ">recall@1<", ">first long", "long last<", "…"} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is not there: %s", want, svg)
		}
	}
}
