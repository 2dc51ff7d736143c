package page

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"repro/cache/runs"
	"repro/reports"
)

// Table is a reports.Table as it stands on the page.
type Table struct {
	Name, Title, Caption string
	Notes                []string
	Head                 [][]Heading // lines of the head, from the top
	Rows                 []Row
	Sources              []Source
	Over                 string
}

// Heading is a cell of the head, or at the left of a row.
type Heading struct {
	Text  string
	Span  int    // columns, or rows, that it is for
	Down  int    // lines of the head that it takes
	Scope string // of the HTML element
	Stub  bool   // whether it names a dimension of the rows
}

// Row is one line of a table.
type Row struct {
	Heads []Heading
	Cells []Cell
	First bool // whether a new value of the outermost of several dimensions begins
}

// Cell is a number with what belongs to it; parts that it does not have are empty.
type Cell struct {
	Link                  string // to the line about its sources
	Mean, Half, Published string
	Wide                  int // characters of the widest Half in the column: means stand below each other
	Best                  bool
}

// Source is what some cells of a table come from: they share their stages.
type Source struct {
	Stages []StageLink
	Cells  []SourceCell
}

// SourceCell is a cell with its exact values.
type SourceCell struct{ ID, Row, Column, Values string }

// StageLink leads to the details of a stage.
type StageLink struct{ Addr, Link, Output, Digest string }

func (p *Page) table(s *reports.Snapshot, t *reports.Table) Table {
	view := Table{Name: t.Name, Title: t.Title, Caption: t.Caption, Notes: t.Notes, Over: t.Over}
	if view.Title == "" {
		view.Title = t.Name
	}
	if slices.ContainsFunc(t.Cells, func(row []reports.Cell) bool {
		return slices.ContainsFunc(row, func(c reports.Cell) bool { return c.Best })
	}) {
		view.Notes = append([]string{"The best of each column is bold."}, view.Notes...)
	}
	view.Head = head(t.RowDims, t.ColumnDims, t.Columns)
	heads := rowHeads(t.Rows)
	bySources := map[string]int{}
	for i := range t.Rows {
		row := Row{Heads: heads[i], First: i > 0 && len(t.RowDims) > 1 && len(heads[i]) == len(t.RowDims)}
		for j := range t.Columns {
			c := &t.Cells[i][j]
			cell := cell(t, c)
			if !c.Missing() && len(c.Outputs) > 0 {
				id := fmt.Sprintf("%s-%d-%d", t.Name, i, j)
				cell.Link = "#" + id
				key := fmt.Sprintf("%q", c.Outputs)
				at, known := bySources[key]
				if !known {
					at = len(view.Sources)
					bySources[key] = at
					view.Sources = append(view.Sources, Source{Stages: p.links(s, c.Outputs)})
				}
				view.Sources[at].Cells = append(view.Sources[at].Cells, SourceCell{
					ID: id, Row: strings.Join(t.Rows[i], " · "), Column: strings.Join(t.Columns[j], " · "), Values: samples(t, c),
				})
			}
			row.Cells = append(row.Cells, cell)
		}
		view.Rows = append(view.Rows, row)
	}
	align(view.Rows)
	return view
}

// align gives the cells of a column the same room for intervals.
func align(rows []Row) {
	for j := 0; len(rows) > 0 && j < len(rows[0].Cells); j++ {
		widest := 0
		for i := range rows {
			widest = max(widest, utf8.RuneCountInString(rows[i].Cells[j].Half))
		}
		for i := range rows {
			rows[i].Cells[j].Wide = widest
		}
	}
}

func (p *Page) links(s *reports.Snapshot, outputs []runs.Source) []StageLink {
	var links []StageLink
	for _, output := range outputs {
		link := StageLink{Addr: output.Stage, Link: "#" + p.ids[output.Stage], Output: output.Port}
		if stage := s.Stage(output.Stage); stage != nil {
			link.Digest = stage.Outputs[output.Port].Digest.String()
		}
		links = append(links, link)
	}
	return links
}

func cell(t *reports.Table, c *reports.Cell) Cell {
	view := Cell{Best: c.Best}
	scale := reports.Scale{Digits: t.Digits}
	if !c.Missing() {
		view.Mean = scale.Format(c.Mean)
	}
	if c.Interval != nil {
		view.Half = "±" + scale.Format(c.Interval.Half())
	}
	if c.Partial {
		view.Half = strings.TrimSpace(fmt.Sprintf("%s (n=%d)", view.Half, c.N))
	}
	if c.Published != nil {
		view.Published = scale.Format(*c.Published)
	}
	return view
}

// samples lists the values that a mean is over.
func samples(t *reports.Table, c *reports.Cell) string {
	var texts []string
	for _, sample := range c.Samples {
		text := fmt.Sprintf("%.8g", sample.Value)
		if sample.Over != "" {
			text = t.Over + " " + sample.Over + ": " + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// head returns the lines of the head: one for each dimension of the columns,
// equal neighbours together, and the names of the rows' dimensions before them.
func head(rowDims, columnDims []string, columns []reports.Key) [][]Heading {
	lines := make([][]Heading, len(columnDims))
	for _, dim := range rowDims {
		lines[0] = append(lines[0], Heading{Text: dim, Span: 1, Down: len(columnDims), Scope: "col", Stub: true})
	}
	for level := range columnDims {
		scope := "colgroup"
		if level == len(columnDims)-1 {
			scope = "col"
		}
		for j := 0; j < len(columns); {
			span := 1
			for level < len(columnDims)-1 && j+span < len(columns) && slices.Equal(columns[j][:level+1], columns[j+span][:level+1]) {
				span++
			}
			lines[level] = append(lines[level], Heading{Text: columns[j][level], Span: span, Down: 1, Scope: scope})
			j += span
		}
	}
	return lines
}

// rowHeads returns the headings at the left of each row, equal neighbours of
// outer dimensions together.
func rowHeads(rows []reports.Key) [][]Heading {
	heads := make([][]Heading, len(rows))
	for i, row := range rows {
		for level, value := range row {
			last := level == len(row)-1
			if !last && i > 0 && slices.Equal(row[:level+1], rows[i-1][:level+1]) {
				continue
			}
			span := 1
			for !last && i+span < len(rows) && slices.Equal(row[:level+1], rows[i+span][:level+1]) {
				span++
			}
			scope := "rowgroup"
			if last {
				scope = "row"
			}
			heads[i] = append(heads[i], Heading{Text: value, Span: span, Scope: scope})
		}
	}
	return heads
}
