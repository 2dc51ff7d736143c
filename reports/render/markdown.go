package render

import (
	"bytes"
	"io"
	"strings"

	"repro/reports"
)

// Markdown writes a GitHub-flavoured pipe table, the best of each column bold,
// with the notes as a list.
func Markdown(w io.Writer, t *reports.Table, _ Options) error {
	var b bytes.Buffer
	b.WriteString("### " + markdownText(heading(t)) + "\n\n")
	if t.Caption != "" {
		b.WriteString(markdownText(t.Caption) + "\n\n")
	}
	var header, rule []string
	for _, dim := range t.RowDims {
		header, rule = append(header, markdownText(dim)), append(rule, "---")
	}
	for _, key := range t.Columns {
		header, rule = append(header, markdownText(strings.Join(key, " / "))), append(rule, "---:")
	}
	line := func(fields []string) { b.WriteString("| " + strings.Join(fields, " | ") + " |\n") }
	line(header)
	line(rule)
	for i, row := range t.Rows {
		var fields []string
		for _, value := range row {
			fields = append(fields, markdownText(value))
		}
		for j := range t.Columns {
			c := &t.Cells[i][j]
			p := split(t, c)
			if c.Best {
				p.mean = "**" + p.mean + "**"
			}
			fields = append(fields, p.join())
		}
		line(fields)
	}
	if len(t.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range t.Notes {
		b.WriteString("- " + markdownText(note) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// markdownText escapes what Markdown would take for markup, and keeps a value
// on its line.
func markdownText(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "\n", " ",
	).Replace(s)
}
