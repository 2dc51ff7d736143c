package plot

import (
	"fmt"
	"strings"

	"repro/cache/runs"
	"repro/reports"
)

// Sizes of a graph's boxes.
const (
	boxWidth, boxHeight = 156.0, 40.0
	gapX, gapY          = 18.0, 30.0
	bendWidth           = 14.0
)

// graph draws a box for each block, those that others need above them.
func (c *canvas) graph(g *reports.Graph, o Options) {
	l := layout(len(g.Blocks), g.Edges)
	x := c.places(l, len(g.Blocks))
	top := func(vertex int) float64 { return 1 + float64(l.row[vertex])*(boxHeight+gapY) }
	for _, path := range l.paths {
		c.edge(path, x, top)
	}
	for i := range g.Blocks {
		c.box(&g.Blocks[i], x[i]-boxWidth/2, top(i), o)
	}
	c.height = 2 + float64(len(l.rows))*(boxHeight+gapY) - gapY
	c.least, c.most = .8, 1
}

// places returns the middle of each vertex from the left, and sets the width.
// Rows are centred, and a vertex moves towards those above it as far as its
// neighbours let it.
func (c *canvas) places(l *layers, nodes int) []float64 {
	size := func(vertex int) float64 {
		if vertex < nodes {
			return boxWidth
		}
		return bendWidth
	}
	widths := make([]float64, len(l.rows))
	for i, row := range l.rows {
		for _, vertex := range row {
			widths[i] += size(vertex) + gapX
		}
		c.width = max(c.width, widths[i]-gapX+2)
	}
	x := make([]float64, len(l.row))
	for i, row := range l.rows {
		at := (c.width - widths[i] + gapX) / 2
		for _, vertex := range row {
			x[vertex] = at + size(vertex)/2
			at += size(vertex) + gapX
		}
	}
	return x
}

// edge draws a line through the bends of its path.
func (c *canvas) edge(path []int, x []float64, top func(int) float64) {
	c.add(`<path class="edge" d="M%v %v`, x[path[0]], top(path[0])+boxHeight)
	for i := range path[1:] {
		from, to := path[i], path[i+1]
		start, end := top(from)+boxHeight, top(to)
		c.add(`C%v %v %v %v %v %v`, x[from], start+gapY/2, x[to], end-gapY/2, x[to], end)
		if i+2 < len(path) { // through the row of a bend
			c.add(`V%v`, end+boxHeight)
		}
	}
	c.WriteString(`"/>`)
}

func (c *canvas) box(b *reports.Block, x, y float64, o Options) {
	link := ""
	if o.Link != nil {
		link = o.Link(b.Name)
	}
	if link != "" {
		c.add(`<a href="%v">`, link)
	}
	class := "m"
	if b.Counts[runs.Failed] > 0 {
		class = "bad"
	}
	c.add(`<rect class="box" x="%v" y="%v" width="%v" height="%v" rx="4"/>`, x, y, boxWidth, boxHeight)
	c.add(`<text class="k name" x="%v" y="%v">%v</text>`, x+boxWidth/2, y+17, cut(b.Name, 12, boxWidth-8))
	c.add(`<text class="k %v" x="%v" y="%v">%v</text>`, class, x+boxWidth/2, y+32, cut(Counts(b), 10, boxWidth-8))
	if link != "" {
		c.WriteString("</a>")
	}
}

// Counts says what became of the instances of a block: "12: 9 cached, 3 ran".
func Counts(b *reports.Block) string {
	names := []struct {
		state runs.State
		text  string
	}{{runs.Failed, "failed"}, {runs.Ran, "ran"}, {runs.Hit, "cached"}, {runs.Skipped, "skipped"}, {runs.Pending, "pending"}}
	var parts []string
	for _, name := range names {
		if n := b.Counts[name.state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name.text))
		}
	}
	return strings.Join(parts, ", ")
}
