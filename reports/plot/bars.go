package plot

import (
	"strings"

	"repro/reports"
)

// Sizes of bars.
const (
	letters   = 11.0 // of all texts
	lineSpace = 12.0
	barsTop   = 4.0
)

// barLayout is where the parts of bars are.
type barLayout struct {
	labels     [][]string // lines of each group's name
	numbers    []string   // of each group, if it has one bar only
	thick      float64    // of a bar
	group, gap float64    // height of a group, and what of it is left free
	at         axis
}

// bars draws groups from the top down, a horizontal bar for each series, with
// its interval as a thin line and a published value as a mark.
func (c *canvas) bars(b *reports.Bars, o Options) {
	l := c.barLayout(b)
	bottom := c.height - 20
	for _, tick := range l.at.fitting(letters) {
		c.add(`<line class="g" x1="%[1]v" x2="%[1]v" y1="%[2]v" y2="%[3]v"/><text class="m k" x="%[1]v" y="%[4]v">%[5]v</text>`,
			l.at.place(tick.value), barsTop, bottom, bottom+14, tick.label)
	}
	for i, name := range b.Groups {
		top := barsTop + l.group*float64(i)
		middle := top + l.group/2
		for n, line := range l.labels[i] {
			c.add(`<text class="e" x="%v" y="%v">%v</text>`, l.at.from-5, middle+4+lineSpace*(float64(n)-float64(len(l.labels[i])-1)/2), line)
		}
		y := middle - l.thick*float64(len(b.Series))/2
		for j, series := range b.Series {
			cell := &b.Cells[i][j]
			if cell.Missing() {
				continue
			}
			look := class(o, b.Arms, j)
			if l.numbers != nil {
				look = class(o, b.Arms, i)
			}
			c.bar(b, cell, l.at, strings.TrimSpace(name+" "+series), look, y+l.thick*float64(j), l.thick)
		}
		if l.numbers != nil {
			c.add(`<text class="e v" x="%v" y="%v">%v</text>`, c.width-2, middle+4, l.numbers[i])
		}
	}
}

// barLayout gives names and numbers the room that they need, and sets the size
// of the picture. Numbers have a column of their own.
func (c *canvas) barLayout(b *reports.Bars) *barLayout {
	const least, longest, bars = 352.0, 160.0, 160.0 // widths: of the picture, of a name, of the bars
	l := &barLayout{thick: 7, gap: 7}
	left, right := 0.0, 14.0
	if len(b.Series) == 1 {
		l.thick, l.gap = 14, 6
		for i := range b.Groups {
			number := ""
			if cell := &b.Cells[i][0]; !cell.Missing() {
				number = b.Scale.Format(cell.Mean)
			}
			l.numbers = append(l.numbers, number)
		}
		right = widest(l.numbers, letters) + 10
	}
	high := l.thick * float64(len(b.Series))
	for _, name := range b.Groups {
		lines := wrap(name, letters, longest)
		l.labels = append(l.labels, lines)
		left, high = max(left, widest(lines, letters)+8), max(high, lineSpace*float64(len(lines)))
	}
	l.group = high + l.gap
	c.width, c.height = max(least, left+bars+right), barsTop+l.group*float64(len(b.Groups))+22
	l.at = axis{lo: b.Scale.Lo, hi: b.Scale.Hi, from: left, to: c.width - right}
	return l
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
