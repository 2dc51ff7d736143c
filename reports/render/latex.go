package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"repro/reports"
)

// LaTeX writes a table environment for the package booktabs: one header line
// for each column dimension, equal neighbours under one \multicolumn, the best
// of each column bold, and the notes as comments. It is UTF-8 text.
func LaTeX(w io.Writer, t *reports.Table, _ Options) error {
	var b bytes.Buffer
	b.WriteString("\\begin{table}\n\\centering\n")
	fmt.Fprintf(&b, "\\begin{tabular}{%s%s}\n\\toprule\n", strings.Repeat("l", len(t.RowDims)), strings.Repeat("r", len(t.Columns)))
	for level := range t.ColumnDims {
		latexHeader(&b, t, level)
	}
	b.WriteString("\\midrule\n")
	for i := range t.Rows {
		latexRow(&b, t, i)
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n")
	caption := latexText(heading(t))
	if t.Caption != "" {
		caption += ". " + latexText(t.Caption)
	}
	fmt.Fprintf(&b, "\\caption{%s}\n", caption)
	for _, note := range t.Notes {
		b.WriteString("% " + strings.ReplaceAll(note, "\n", " ") + "\n")
	}
	b.WriteString("\\end{table}\n")
	_, err := w.Write(b.Bytes())
	return err
}

// latexHeader writes the header line of one column dimension, with rules under
// its groups. The last line names the row dimensions.
func latexHeader(b *bytes.Buffer, t *reports.Table, level int) {
	last := level == len(t.ColumnDims)-1
	fields := make([]string, len(t.RowDims))
	if last {
		for i, dim := range t.RowDims {
			fields[i] = latexText(dim)
		}
	}
	var rules []string
	for from := 0; from < len(t.Columns); {
		to := from + 1
		for !last && to < len(t.Columns) && slices.Equal(t.Columns[from][:level+1], t.Columns[to][:level+1]) {
			to++
		}
		fields = append(fields, fmt.Sprintf("\\multicolumn{%d}{c}{%s}", to-from, latexText(t.Columns[from][level])))
		rules = append(rules, fmt.Sprintf("\\cmidrule(lr){%d-%d}", len(t.RowDims)+from+1, len(t.RowDims)+to))
		from = to
	}
	b.WriteString(strings.Join(fields, " & ") + " \\\\\n")
	if !last {
		b.WriteString(strings.Join(rules, " ") + "\n")
	}
}

// latexRow writes one row. Values of outer dimensions that the row above has
// too are left out, and a new outermost value opens some space.
func latexRow(b *bytes.Buffer, t *reports.Table, i int) {
	row := t.Rows[i]
	same := 0
	if i > 0 {
		for same < len(row)-1 && row[same] == t.Rows[i-1][same] {
			same++
		}
		if same == 0 && len(row) > 1 {
			b.WriteString("\\addlinespace\n")
		}
	}
	fields := make([]string, same)
	for _, value := range row[same:] {
		fields = append(fields, latexText(value))
	}
	for j := range t.Columns {
		c := &t.Cells[i][j]
		p := split(t, c)
		if c.Best {
			p.mean = "\\textbf{" + p.mean + "}"
		}
		fields = append(fields, strings.NewReplacer("±", "$\\pm$", missing, "---").Replace(p.join()))
	}
	b.WriteString(strings.Join(fields, " & ") + " \\\\\n")
}

// latexText escapes the characters that LaTeX gives a meaning, be it only at
// the start of a row, where \\[ and \\* are commands.
func latexText(s string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
		"[", "{[}", "*", "{*}",
		"\n", " ",
	).Replace(s)
}
