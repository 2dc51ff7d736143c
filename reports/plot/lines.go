package plot

import (
	"strings"

	"repro/reports"
)

// lines draws every line of a series in its colour.
func (c *canvas) lines(l *reports.Lines, o Options) {
	const left, top, right, bottom = 40.0, 20.0, 382.0, 216.0
	c.width, c.height = 402, 250
	x := axis{lo: l.XScale.Lo, hi: l.XScale.Hi, from: left, to: right}
	y := axis{lo: l.YScale.Lo, hi: l.YScale.Hi, from: bottom, to: top}
	for _, tick := range y.ticks(5) {
		c.add(`<line class="g" x1="%[1]v" x2="%[2]v" y1="%[3]v" y2="%[3]v"/><text class="m e" x="%[4]v" y="%[5]v">%[6]v</text>`,
			left, right, y.place(tick.value), left-5, y.place(tick.value)+4, tick.label)
	}
	for _, tick := range x.ticks(5) {
		c.add(`<text class="m k" x="%v" y="%v">%v</text>`, x.place(tick.value), bottom+15, tick.label)
	}
	c.add(`<text class="m" x="0" y="10">%v</text><text class="m k" x="%v" y="%v">%v</text>`, l.Y, (left+right)/2, bottom+31, l.X)
	var arms []reports.Key
	for _, series := range l.Series {
		arms = append(arms, series.Arm)
	}
	for i, series := range l.Series {
		for _, line := range series.Lines {
			if len(line.Points) == 0 {
				continue
			}
			c.add(`<path class="l %v" d="`, class(o, arms, i))
			for k, p := range line.Points {
				c.add(string("ML"[min(k, 1)])+"%v %v", x.place(p.X), y.place(p.Y))
			}
			c.add(`"><title>%v</title></path>`, strings.TrimSpace(series.Name+" "+line.Name))
		}
	}
}
