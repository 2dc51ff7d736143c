package render

import (
	"io"
	"strings"

	"repro/reports/compare"
)

// DiffLaTeX writes a table for the package booktabs for each report of which a
// cell is not equal: old → new, what moved beyond noise in bold.
func DiffLaTeX(w io.Writer, d *compare.Diff, _ Options) error {
	p := &printer{w: w}
	for i := range d.Tables {
		t := &d.Tables[i]
		header, shown := diffHeader(t)
		list := changes(t, shown)
		if len(list) == 0 {
			continue
		}
		p.line("\\begin{table}\n\\centering\n\\begin{tabular}{%srrl}\n\\toprule", strings.Repeat("l", len(shown)))
		var names []string
		for _, name := range header[:len(shown)] {
			names = append(names, EscapeLaTeX(name))
		}
		p.line("%s & old $\\rightarrow$ new & difference (95\\,\\%%) & $p$ \\\\\n\\midrule", strings.Join(names, " & "))
		for _, c := range list {
			p.line("%s \\\\", strings.Join(latexChange(&c), " & "))
		}
		p.line("\\bottomrule\n\\end{tabular}")
		p.line("\\caption{%s: %s $\\rightarrow$ %s. %s.}\n\\end{table}", EscapeLaTeX(orName(t.Title, t.Name)),
			EscapeLaTeX(d.Old.Label), EscapeLaTeX(d.New.Label), EscapeLaTeX(DiffSummary(t)))
	}
	p.line("%% %s", DiffVerdict(d))
	for _, note := range d.Notes {
		p.line("%% %s", note)
	}
	return p.err
}

func latexChange(c *change) []string {
	number := strings.NewReplacer("−", "$-$", "+", "$+$", "<", "$<$", missing, "---", "…", "\\ldots{}")
	var fields []string
	for _, value := range c.place {
		fields = append(fields, EscapeLaTeX(value))
	}
	values := number.Replace(c.old) + " $\\rightarrow$ " + number.Replace(c.now)
	if c.verdict.Beyond() {
		values = "\\textbf{" + values + "}"
	}
	diff := number.Replace(c.diff)
	if c.interval != "" {
		diff += " (" + number.Replace(c.interval) + ")"
	}
	return append(fields, values, diff, number.Replace(c.p))
}
