package plot

import (
	"strings"

	"repro/reports"
)

// bars draws groups from the top down, a horizontal bar for each series, with
// its interval as a thin line and a published value as a mark.
func (c *canvas) bars(b *reports.Bars, o Options) {
	const width, size, top = 352.0, 11.0, 4.0
	thick, gap, widest := 7.0, 7.0, 130.0
	named := len(b.Series) == 1 // the only bar of a group has its number beside it
	if named {
		thick, gap, widest = 14, 6, 165
	}
	left, right := 0.0, 10.0
	for _, group := range b.Groups {
		left = max(left, textWidth(group, size))
	}
	left = min(left, widest) + 8
	if named {
		right = textWidth(b.Scale.Format(b.Scale.Hi), size) + 8
	}
	group := thick*float64(len(b.Series)) + gap
	c.width, c.height = width, top+group*float64(len(b.Groups))+22
	at := axis{lo: b.Scale.Lo, hi: b.Scale.Hi, from: left, to: width - right}
	bottom := c.height - 20
	for _, tick := range at.ticks(4) {
		c.add(`<line class="g" x1="%[1]v" x2="%[1]v" y1="%[2]v" y2="%[3]v"/><text class="m k" x="%[1]v" y="%[4]v">%[5]v</text>`,
			at.place(tick.value), top, bottom, bottom+14, tick.label)
	}
	for i, name := range b.Groups {
		y := top + group*float64(i) + gap/2
		c.add(`<text class="e" x="%v" y="%v">%v</text>`, left-5, y+(group-gap)/2+4, cut(name, size, left-8))
		for j, series := range b.Series {
			cell := &b.Cells[i][j]
			if cell.Missing() {
				continue
			}
			class := color(o, series, j)
			if named {
				class = color(o, name, 1)
			}
			c.bar(b, cell, at, strings.TrimSpace(name+" "+series), class, y+thick*float64(j), thick)
			if named {
				end := at.place(cell.Mean)
				if cell.Interval != nil {
					end = max(end, at.place(cell.Interval.Hi))
				}
				c.add(`<text x="%v" y="%v">%v</text>`, end+5, y+thick/2+4, b.Scale.Format(cell.Mean))
			}
		}
	}
}

func (c *canvas) bar(b *reports.Bars, cell *reports.Cell, at axis, name, class string, y, thick float64) {
	from, to := at.place(0), at.place(cell.Mean)
	c.add(`<g><title>%v: %v</title><rect class="b %v" x="%v" y="%v" width="%v" height="%v"/>`,
		name, value(&b.Scale, cell), class, min(from, to), y+.5, max(to, from)-min(to, from), thick-1)
	if cell.Interval != nil {
		c.add(`<path class="w" d="M%[1]v %[3]vH%[2]vM%[1]v %[4]vV%[5]vM%[2]v %[4]vV%[5]v"/>`,
			at.place(cell.Interval.Lo), at.place(cell.Interval.Hi), y+thick/2, y+thick/2-2, y+thick/2+2)
	}
	if cell.Published != nil {
		c.add(`<line class="p" x1="%[1]v" x2="%[1]v" y1="%[2]v" y2="%[3]v"/>`, at.place(*cell.Published), y-1, y+thick+1)
	}
	c.WriteString("</g>")
}
