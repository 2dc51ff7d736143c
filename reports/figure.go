package reports

import (
	"fmt"
	"strings"

	"repro/cache/runs"
)

// Figure is a picture of results: data only. reports/plot draws it.
type Figure struct {
	Name    string // identifies it, "map-pairs"
	Report  string // name of the report that it belongs to, "" if it is about the run
	Title   string
	Caption string
	Panels  []Panel // small multiples: all with the same scales and series
}

// Panel is one of a figure's pictures.
type Panel struct {
	Title string // "" if it is the only one
	Plot  Plot
}

// Plot is a *Heatmap, *Bars, *Lines or *Graph.
type Plot interface {
	// Describe says in a sentence what is to be seen, for those who cannot see it.
	Describe() string
}

// Heatmap shows a value for each pair of values of two dimensions.
type Heatmap struct {
	RowDim, ColumnDim string // "query_lang", "doc_lang"
	Rows, Columns     []string
	Cells             [][]Cell // row → column; there may be missing ones
	Scale             Scale    // of the colours
}

// Scale is the range that the values of all panels of a figure are in.
type Scale struct {
	Lo, Hi float64
	Digits int  // decimals to show
	Signed bool // whether values are differences: those that are not negative have a plus
}

// Bars shows a value with its interval for each group and series.
type Bars struct {
	Dim    string   // what the groups are values of, "query_lang"
	Groups []string // outer labels
	Series []string // bars of each group; one "" if there are no series
	Cells  [][]Cell // group → series; there may be missing ones
	Scale  Scale

	// Arms is what series stand for, or groups if there is one series only: what
	// is of one arm looks the same in all figures of a page.
	Arms []Key
}

// Lines shows values along an axis.
type Lines struct {
	X, Y   string // what the axes show: "step", "loss"
	Series []Series
	XScale Scale
	YScale Scale
}

// Series is the lines of one arm.
type Series struct {
	Name  string
	Arm   Key    // what it stands for
	Lines []Line // one for each seed
}

// Line is one series of points, from left to right.
type Line struct {
	Name   string // "seed 0"; "" if there is nothing to tell apart
	Points []Point
}

// Point is a place on a line.
type Point struct{ X, Y float64 }

// Graph shows which stages need which. Edges are pairs of positions in Blocks,
// from what is needed to who needs it.
type Graph struct {
	Blocks []Block
	Edges  [][2]int
}

// Describe says what the heat map shows and its highest and lowest value.
func (h *Heatmap) Describe() string {
	var low, high *Cell
	var lowAt, highAt string
	for i, row := range h.Cells {
		for j := range row {
			c := &row[j]
			if c.Missing() {
				continue
			}
			at := h.Rows[i] + " → " + h.Columns[j]
			if low == nil || c.Mean < low.Mean {
				low, lowAt = c, at
			}
			if high == nil || c.Mean > high.Mean {
				high, highAt = c, at
			}
		}
	}
	text := fmt.Sprintf("Heat map, %s by %s.", h.RowDim, h.ColumnDim)
	if low != nil {
		text += fmt.Sprintf(" Lowest %s (%s), highest %s (%s).", h.Scale.Format(low.Mean), lowAt, h.Scale.Format(high.Mean), highAt)
	}
	return text
}

// Describe lists the means of each group.
func (b *Bars) Describe() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Bars by %s.", b.Dim)
	for i, group := range b.Groups {
		var values []string
		for j := range b.Series {
			if c := &b.Cells[i][j]; !c.Missing() {
				values = append(values, strings.TrimSpace(b.Series[j]+" "+b.Scale.Format(c.Mean)))
			}
		}
		fmt.Fprintf(&text, " %s: %s.", group, strings.Join(values, ", "))
	}
	return text.String()
}

// Describe says where each series begins and ends.
func (l *Lines) Describe() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s by %s.", l.Y, l.X)
	for _, series := range l.Series {
		for _, line := range series.Lines {
			if n := len(line.Points); n > 0 {
				first, last := line.Points[0], line.Points[n-1]
				fmt.Fprintf(&text, " %s: from %s to %s.", strings.TrimSpace(series.Name+" "+line.Name), l.YScale.Format(first.Y), l.YScale.Format(last.Y))
			}
		}
	}
	return text.String()
}

// Describe lists what each block needs.
func (g *Graph) Describe() string {
	needs := make([][]string, len(g.Blocks))
	for _, edge := range g.Edges {
		needs[edge[1]] = append(needs[edge[1]], g.Blocks[edge[0]].Name)
	}
	var text strings.Builder
	text.WriteString("Graph of stages.")
	for i, block := range g.Blocks {
		if len(needs[i]) > 0 {
			fmt.Fprintf(&text, " %s needs %s.", block.Name, strings.Join(needs[i], ", "))
		}
		if n := block.Counts[runs.Failed]; n > 0 {
			fmt.Fprintf(&text, " %d of %s failed.", n, block.Name)
		}
	}
	return text.String()
}

// Format rounds to the digits of the scale, with signs for people.
func (s *Scale) Format(v float64) string {
	digits, negative := strings.CutPrefix(fmt.Sprintf("%.*f", s.Digits, v), "-")
	switch {
	case negative && strings.Trim(digits, "0.") != "":
		return "−" + digits
	case s.Signed:
		return "+" + digits
	default:
		return digits
	}
}
