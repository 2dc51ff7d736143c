package plot

import (
	"strconv"
	"strings"

	"repro/reports"
)

// shades is how many colours a heat map has; from the first that is dark, the
// numbers on it are light.
const (
	shades    = 10
	firstDark = 6
)

// heatmap draws a square for each cell with its number, rows from the top.
func (c *canvas) heatmap(h *reports.Heatmap) {
	const top, most, size = 30.0, 352.0, 11.0
	left := 0.0
	for _, row := range h.Rows {
		left = max(left, textWidth(row, size))
	}
	left += 22
	side := min(44, max(16, (most-left)/float64(len(h.Columns))))
	high := min(side, 30)
	c.width = left + max(side*float64(len(h.Columns)), textWidth(h.ColumnDim, size))
	c.height = top + max(high*float64(len(h.Rows)), textWidth(h.RowDim, size))
	if len(h.Columns) < 8 {
		c.most = 1
	}
	c.add(`<text class="m k" x="%v" y="10">%v</text>`, left+(c.width-left)/2, h.ColumnDim)
	c.add(`<text class="m k" transform="translate(9 %v) rotate(-90)">%v</text>`, top+(c.height-top)/2, h.RowDim)
	for j, column := range h.Columns {
		c.add(`<text class="k" x="%v" y="%v">%v</text>`, left+side*(float64(j)+.5), top-5, cut(column, size, side+4))
	}
	for i, row := range h.Rows {
		y := top + high*float64(i)
		c.add(`<text class="e" x="%v" y="%v">%v</text>`, left-5, y+high/2+4, row)
		for j := range h.Columns {
			c.heatCell(h, i, j, left+side*float64(j), y, side, high)
		}
	}
}

func (c *canvas) heatCell(h *reports.Heatmap, i, j int, x, y, width, height float64) {
	cell := &h.Cells[i][j]
	if cell.Missing() {
		c.add(`<text class="m n" x="%v" y="%v">·</text>`, x+width/2, y+height/2+3)
		return
	}
	shade := 0
	if span := h.Scale.Hi - h.Scale.Lo; span > 0 {
		shade = min(shades-1, max(0, int((cell.Mean-h.Scale.Lo)/span*shades)))
	}
	ink := "hd"
	if shade >= firstDark {
		ink = "hl"
	}
	c.add(`<g><title>%v → %v: %v</title><rect class="h`+strconv.Itoa(shade)+`" x="%v" y="%v" width="%v" height="%v"/>`,
		h.Rows[i], h.Columns[j], value(&h.Scale, cell), x+.5, y+.5, width-1, height-1)
	if width >= 22 {
		c.add(`<text class="n %v" x="%v" y="%v">%v</text>`, ink, x+width/2, y+height/2+3, short(&h.Scale, cell.Mean))
	}
	c.WriteString("</g>")
}

// short writes a number without a zero before the point: there is little room.
func short(s *reports.Scale, v float64) string {
	text := s.Format(v)
	if digits, ok := strings.CutPrefix(text, "0."); ok {
		return "." + digits
	}
	return text
}
