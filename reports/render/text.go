package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/tw"

	"repro/reports"
)

const (
	defaultWidth = 100
	bestMark     = "*"
	bold, plain  = "\x1b[1m", "\x1b[0m"
	cellFrame    = len(" ") + len(" ") + len("|") // what the frame adds to each column
)

// Text writes a framed table for a terminal. The numbers of a column are
// aligned part by part, the best is marked with a star, and columns that do
// not fit the width follow in further tables with the same rows.
func Text(w io.Writer, t *reports.Table, o Options) error {
	if _, err := fmt.Fprintln(w, heading(t)); err != nil {
		return err
	}
	width := o.Width
	if width == 0 {
		width = defaultWidth
	}
	columns := textColumns(t, o.Color)
	stubs, data := columns[:len(t.RowDims)], columns[len(t.RowDims):]
	for len(data) > 0 {
		n := fitting(stubs, data, width)
		if err := drawText(w, append(stubs[:len(stubs):len(stubs)], data[:n]...), len(stubs)); err != nil {
			return err
		}
		data = data[n:]
	}
	return writeNotes(w, t)
}

func writeNotes(w io.Writer, t *reports.Table) error {
	lines := t.Notes
	if hasBest(t) {
		lines = append([]string{bestMark + " is the best of its column."}, lines...)
	}
	if t.Caption != "" {
		lines = append([]string{t.Caption}, lines...)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func hasBest(t *reports.Table) bool {
	for _, row := range t.Cells {
		for _, c := range row {
			if c.Best {
				return true
			}
		}
	}
	return false
}

// textColumn is one column as text: a header of lines, then a cell a row.
type textColumn struct {
	header string
	cells  []string
}

func (c *textColumn) width() int {
	widest := 0
	for _, cell := range append(strings.Split(c.header, "\n"), c.cells...) {
		widest = max(widest, twwidth.Width(cell))
	}
	return widest
}

// frameWidth returns how wide a frame of the columns is.
func frameWidth(columns []textColumn) int {
	width := len("|")
	for _, c := range columns {
		width += c.width() + cellFrame
	}
	return width
}

// fitting returns how many columns of data, at least one, fit beside stubs.
func fitting(stubs, data []textColumn, width int) int {
	used := frameWidth(stubs)
	for i, c := range data {
		used += c.width() + cellFrame
		if used > width && i > 0 {
			return i
		}
	}
	return len(data)
}

// textColumns returns a column for each row dimension and each data column.
func textColumns(t *reports.Table, color bool) []textColumn {
	var columns []textColumn
	for i, dim := range t.RowDims {
		c := textColumn{header: dim}
		for _, row := range t.Rows {
			c.cells = append(c.cells, row[i])
		}
		columns = append(columns, c)
	}
	for j, key := range t.Columns {
		columns = append(columns, textColumn{header: strings.Join(key, "\n"), cells: alignedCells(t, j, color)})
	}
	return columns
}

// alignedCells pads each part of a column's cells to the widest one.
func alignedCells(t *reports.Table, column int, color bool) []string {
	all := make([]parts, len(t.Rows))
	var widest struct{ mean, half, runs, published int }
	best := false
	for i := range t.Rows {
		all[i] = split(t, &t.Cells[i][column])
		widest.mean = max(widest.mean, utf8.RuneCountInString(all[i].mean))
		widest.half = max(widest.half, utf8.RuneCountInString(all[i].half))
		widest.runs = max(widest.runs, utf8.RuneCountInString(all[i].runs))
		widest.published = max(widest.published, utf8.RuneCountInString(all[i].published))
		best = best || t.Cells[i][column].Best
	}
	cells := make([]string, len(all))
	for i, p := range all {
		mean := fmt.Sprintf("%*s", widest.mean, p.mean)
		switch {
		case t.Cells[i][column].Best && color:
			mean = bold + mean + bestMark + plain
		case t.Cells[i][column].Best:
			mean += bestMark
		case best:
			mean += " "
		}
		cells[i] = mean
		for _, part := range []struct {
			text  string
			width int
		}{{p.half, widest.half}, {p.runs, widest.runs}, {p.published, widest.published}} {
			if part.width > 0 {
				cells[i] += fmt.Sprintf(" %*s", part.width, part.text)
			}
		}
	}
	return cells
}

// drawText draws one frame; the first stubs columns are to the left of their cells.
func drawText(w io.Writer, columns []textColumn, stubs int) error {
	var header []string
	var align []tw.Align
	rows := make([][]string, len(columns[0].cells))
	for i, c := range columns {
		header = append(header, c.header)
		align = append(align, tw.AlignRight)
		if i < stubs {
			align[i] = tw.AlignLeft
		}
		for j, cell := range c.cells {
			rows[j] = append(rows[j], cell)
		}
	}
	table := tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	table.Header(header)
	if err := table.Bulk(rows); err != nil {
		return err
	}
	return table.Render()
}
