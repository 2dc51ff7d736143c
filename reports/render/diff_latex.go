package render

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"repro/reports/compare"
)

// latexWidth is how many characters in footnote size an article has room for on
// a line, with those that the space between two columns takes.
const (
	latexWidth = 80
	latexSpace = 2
)

// DiffLaTeX writes a table for the packages booktabs and longtable, as it may
// take pages, for each report of which a cell is not equal: old → new, what
// moved beyond noise in bold.
func DiffLaTeX(w io.Writer, d *compare.Diff, _ Options) error {
	p := &printer{w: w}
	for i := range d.Tables {
		t := &d.Tables[i]
		header, shown := diffHeader(t)
		list := changes(t, shown)
		if len(list) == 0 {
			continue
		}
		var names []string
		for _, name := range header[:len(shown)] {
			names = append(names, EscapeLaTeX(name))
		}
		places := strings.Join(names, " & ") + " & "
		columns := strings.Repeat("l", len(shown)) + "rrl"
		row := func(c *change) string { return latexPlace(c, " & ") + " & " + latexValues(c) + ` \\` }
		if tooWide(list) { // each place has a line of its own, above its values
			places, columns = "", `@{}r@{\quad}r@{\quad}l@{}`
			row = func(c *change) string {
				return `\multicolumn{3}{@{}p{\linewidth}@{}}{` + latexPlace(c, ", ") + `} \\*` + "\n" + latexValues(c) + ` \\`
			}
		}
		p.line("\\begingroup\\footnotesize\\setlength{\\tabcolsep}{4pt}\n\\begin{longtable}{%s}", columns)
		p.line("\\caption{%s: %s $\\rightarrow$ %s. %s.}\\\\\n\\toprule", EscapeLaTeX(orName(t.Title, t.Name)),
			EscapeLaTeX(d.Old.Label), EscapeLaTeX(d.New.Label), EscapeLaTeX(DiffSummary(t)))
		p.line("%sold $\\rightarrow$ new & difference (95\\,\\%%) & $p$ \\\\\n\\midrule\n\\endhead", places)
		for i := range list {
			p.line("%s", row(&list[i]))
		}
		p.line("\\bottomrule\n\\end{longtable}\n\\endgroup")
	}
	p.line("%% %s", DiffVerdict(d))
	for _, note := range d.Notes {
		p.line("%% %s", note)
	}
	return p.err
}

// tooWide reports whether places do not fit on a line with their values.
func tooWide(list []change) bool {
	widest := make([]int, len(list[0].place)+3)
	for i := range list {
		c := &list[i]
		for j, text := range append(slices.Clone(c.place), c.old+" → "+c.now, c.diff+" ("+c.interval+")", c.p) {
			widest[j] = max(widest[j], utf8.RuneCountInString(text))
		}
	}
	width := 0
	for _, w := range widest {
		width += w + latexSpace
	}
	return width > latexWidth
}

func latexPlace(c *change, between string) string {
	var fields []string
	for _, value := range c.place {
		fields = append(fields, EscapeLaTeX(value))
	}
	return strings.Join(fields, between)
}

func latexValues(c *change) string {
	number := strings.NewReplacer("−", "$-$", "+", "$+$", "<", "$<$", missing, "---", "…", "\\ldots{}")
	values := number.Replace(c.old) + " $\\rightarrow$ " + number.Replace(c.now)
	if c.verdict.Beyond() {
		values = "\\textbf{" + values + "}"
	}
	diff := number.Replace(c.diff)
	if c.interval != "" {
		diff += " (" + number.Replace(c.interval) + ")"
	}
	return strings.Join([]string{values, diff, number.Replace(c.p)}, " & ")
}
