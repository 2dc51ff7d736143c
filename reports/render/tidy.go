package render

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"repro/reports"
)

// CSV writes one line for each cell: its dimensions, metric, mean, lo, hi, n,
// best and published. Numbers are exact, whatever the table's digits; what a
// cell does not have is empty.
func CSV(w io.Writer, t *reports.Table, _ Options) error {
	out := csv.NewWriter(w)
	records := [][]string{append(dims(t), reports.MetricDim, "mean", "lo", "hi", "n", "best", "published")}
	for i, row := range t.Rows {
		for j, column := range t.Columns {
			c := &t.Cells[i][j]
			values := place(t, row, column)
			var fields []string
			for _, dim := range dims(t) {
				fields = append(fields, values[dim])
			}
			mean, lo, hi, published := "", "", "", ""
			if !c.Missing() {
				mean = exact(c.Mean)
			}
			if c.Interval != nil {
				lo, hi = exact(c.Interval.Lo), exact(c.Interval.Hi)
			}
			if c.Published != nil {
				published = exact(*c.Published)
			}
			records = append(records, append(fields, c.Metric, mean, lo, hi, strconv.Itoa(c.N), strconv.FormatBool(c.Best), published))
		}
	}
	return out.WriteAll(records)
}

// dims returns the dimensions of rows and columns without the metric, which
// every line has of its own.
func dims(t *reports.Table) []string {
	var names []string
	for _, list := range [][]string{t.RowDims, t.ColumnDims} {
		for _, dim := range list {
			if dim != reports.MetricDim {
				names = append(names, dim)
			}
		}
	}
	return names
}

// place returns the value of each dimension of a cell, without the metric.
func place(t *reports.Table, row, column reports.Key) map[string]string {
	values := map[string]string{}
	for i, dim := range t.RowDims {
		values[dim] = row[i]
	}
	for i, dim := range t.ColumnDims {
		values[dim] = column[i]
	}
	delete(values, reports.MetricDim)
	return values
}

type jsonTable struct {
	Name    string     `json:"name"`
	Title   string     `json:"title,omitempty"`
	Caption string     `json:"caption,omitempty"`
	Rows    []string   `json:"rows"`    // dimensions
	Columns []string   `json:"columns"` // dimensions
	Over    string     `json:"over,omitempty"`
	Digits  int        `json:"digits"`
	Cells   []jsonCell `json:"cells"` // row by row
	Notes   []string   `json:"notes"`
}

type jsonCell struct {
	Dims      map[string]string `json:"dims"`
	Metric    string            `json:"metric"`
	Mean      *float64          `json:"mean"` // null if missing
	Lo        *float64          `json:"lo,omitempty"`
	Hi        *float64          `json:"hi,omitempty"`
	N         int               `json:"n"`
	Partial   bool              `json:"partial,omitempty"`
	Best      bool              `json:"best,omitempty"`
	Published *float64          `json:"published,omitempty"`
}

// JSON writes the table as one object with a list of tidy cells, row by row.
func JSON(w io.Writer, t *reports.Table, _ Options) error {
	out := jsonTable{
		Name: t.Name, Title: t.Title, Caption: t.Caption, Rows: t.RowDims, Columns: t.ColumnDims,
		Over: t.Over, Digits: t.Digits, Cells: []jsonCell{}, Notes: append([]string{}, t.Notes...),
	}
	for i, row := range t.Rows {
		for j, column := range t.Columns {
			c := &t.Cells[i][j]
			cell := jsonCell{
				Dims: place(t, row, column), Metric: c.Metric,
				N: c.N, Partial: c.Partial, Best: c.Best, Published: c.Published,
			}
			if !c.Missing() {
				cell.Mean = &c.Mean
			}
			if c.Interval != nil {
				cell.Lo, cell.Hi = &c.Interval.Lo, &c.Interval.Hi
			}
			out.Cells = append(out.Cells, cell)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
