package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"repro/reports"
)

// LaTeX writes a table environment for the packages booktabs and, with links,
// hyperref: the caption above, one header line for each column dimension, equal
// neighbours under one \multicolumn, the best of each column bold, intervals in
// columns of their own so that means stand under means, and the notes below. It
// is UTF-8 text without empty lines or comments: it may stand on one line.
func LaTeX(w io.Writer, t *reports.Table, o Options) error {
	l := &latex{table: t, options: o, split: make([]bool, len(t.Columns))}
	for j := range t.Columns {
		l.split[j] = slices.ContainsFunc(t.Cells, func(row []reports.Cell) bool { return split(t, &row[j]).rest() != "" })
	}
	l.write()
	_, err := w.Write(l.text.Bytes())
	return err
}

// latex is the text of a table in the making.
type latex struct {
	text    bytes.Buffer
	table   *reports.Table
	options Options
	split   []bool // whether a column of the table is two of LaTeX's: means and what follows them
}

func (l *latex) write() {
	t := l.table
	l.text.WriteString("\\begin{table}\n\\centering\n")
	caption := latexText(heading(t))
	if t.Caption != "" {
		caption += ". " + latexText(t.Caption)
	}
	l.text.WriteString("\\caption{" + caption + "}\n")
	if l.options.Label != "" {
		l.text.WriteString("\\label{" + l.options.Label + "}\n")
	}
	if l.options.Size != "" && !l.options.Pandoc {
		l.text.WriteString("\\" + l.options.Size + "\\setlength{\\tabcolsep}{4pt}\n")
	}
	columns := strings.Repeat("l", len(t.RowDims))
	for _, split := range l.split {
		columns += "r"
		if split {
			columns += `@{\,}l`
		}
	}
	fmt.Fprintf(&l.text, "\\begin{tabular}{%s}\n\\toprule\n", columns)
	for level := range t.ColumnDims {
		l.header(level)
	}
	l.text.WriteString("\\midrule\n")
	for i := range t.Rows {
		l.row(i)
	}
	l.text.WriteString("\\bottomrule\n\\end{tabular}\n")
	notes := latexText(strings.Join(l.notes(), " "))
	switch {
	case notes == "":
	case l.options.Pandoc: // makes a class of it
		fmt.Fprintf(&l.text, "\\begin{tablenotes}\n%s\n\\end{tablenotes}\n", notes)
	default:
		fmt.Fprintf(&l.text, "\\par\\smallskip\n\\begin{minipage}{0.95\\linewidth}\n\\footnotesize %s\n\\end{minipage}\n", notes)
	}
	l.text.WriteString("\\end{table}\n")
}

// notes returns what stands under the table: first what bold means.
func (l *latex) notes() []string {
	best := func(c reports.Cell) bool { return c.Best }
	if l.options.NoNotes {
		return nil
	}
	if slices.ContainsFunc(l.table.Cells, func(row []reports.Cell) bool { return slices.ContainsFunc(row, best) }) {
		return append([]string{"Bold is the best of its column."}, l.table.Notes...)
	}
	return l.table.Notes
}

// header writes the header line of one column dimension, with rules under its
// groups. The last line names the row dimensions.
func (l *latex) header(level int) {
	t := l.table
	last := level == len(t.ColumnDims)-1
	fields := make([]string, len(t.RowDims))
	if last {
		for i, dim := range t.RowDims {
			fields[i] = latexText(strings.ReplaceAll(dim, "_", " "))
		}
	}
	if l.options.Pandoc {
		fields[0] = HeaderMark + fields[0]
	}
	var rules []string
	at := len(t.RowDims) + 1 // the column of LaTeX's that a group begins with
	for from := 0; from < len(t.Columns); {
		to, width := from, 0
		for to < len(t.Columns) && (to == from || !last && slices.Equal(t.Columns[from][:level+1], t.Columns[to][:level+1])) {
			width += 1 + count(l.split[to])
			to++
		}
		fields = append(fields, fmt.Sprintf("\\multicolumn{%d}{c}{%s}", width, latexText(t.Columns[from][level])))
		rules = append(rules, fmt.Sprintf("\\cmidrule(lr){%d-%d}", at, at+width-1))
		from, at = to, at+width
	}
	l.text.WriteString(strings.Join(fields, " & ") + " \\\\\n")
	if !last && !l.options.Pandoc {
		l.text.WriteString(strings.Join(rules, " ") + "\n")
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// row writes one row. Values of outer dimensions that the row above has too are
// left out, and a new outermost value opens some space.
func (l *latex) row(i int) {
	t := l.table
	row := t.Rows[i]
	same := 0
	if i > 0 {
		for same < len(row)-1 && row[same] == t.Rows[i-1][same] {
			same++
		}
		if same == 0 && len(row) > 1 {
			l.text.WriteString("\\addlinespace\n")
		}
	}
	fields := make([]string, same)
	for _, value := range row[same:] {
		fields = append(fields, latexText(value))
	}
	for j := range t.Columns {
		fields = append(fields, l.cell(i, j)...)
	}
	l.text.WriteString(strings.Join(fields, " & ") + " \\\\\n")
}

// cell returns the fields of one cell: one, or two in a split column.
func (l *latex) cell(i, j int) []string {
	c := &l.table.Cells[i][j]
	p := split(l.table, c)
	mean, rest := latexText(strings.Replace(p.mean, "-", "−", 1)), latexText(p.rest())
	if c.Best {
		mean = "\\textbf{" + mean + "}"
	}
	if l.options.Link != nil && !c.Missing() {
		mean = "\\hyperlink{" + l.options.Link(i, j) + "}{" + mean + "}"
	}
	if rest != "" {
		rest = "{\\" + l.smaller() + " " + rest + "}"
	}
	switch {
	case l.split[j]:
		return []string{mean, rest}
	case rest != "":
		return []string{mean + " " + rest}
	default:
		return []string{mean}
	}
}

// smaller returns the size of what follows a mean.
func (l *latex) smaller() string {
	switch l.options.Size {
	case "":
		return "footnotesize"
	case "small":
		return "scriptsize"
	default:
		return "tiny"
	}
}

// HeaderMark begins the header lines of a table for pandoc, which takes only a
// single one for a header: a target without text.
const HeaderMark = `\hypertarget{table-header}{}`
