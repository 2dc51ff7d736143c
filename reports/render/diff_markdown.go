package render

import (
	"io"
	"strings"

	"repro/reports/compare"
)

// DiffMarkdown writes a diff for a pull request: the verdict, a table for each
// report of which something is not equal, and the causes.
func DiffMarkdown(w io.Writer, d *compare.Diff, _ Options) error {
	p := &printer{w: w}
	p.line("## %s → %s\n", markdownText(d.Old.Label), markdownText(d.New.Label))
	p.line("**%s**%s\n", markdownText(DiffVerdict(d)), markdownText(DiffMethod(d)))
	for _, v := range DiffVars(d) {
		p.line("- variable %s", markdownText(v))
	}
	var equal []string
	for i := range d.Tables {
		t := &d.Tables[i]
		header, shown := diffHeader(t)
		list, notes := changes(t, shown), DiffNotes(t)
		if len(list) == 0 && len(notes) == 0 && t.State == compare.Both {
			equal = append(equal, markdownText(orName(t.Title, t.Name)))
			continue
		}
		p.line("\n### %s\n\n%s\n", markdownText(orName(t.Title, t.Name)), markdownText(DiffSummary(t)))
		if len(list) > 0 {
			p.line("| %s |", strings.Join(escaped(header), " | "))
			p.line("|%s%s", strings.Repeat(" --- |", len(shown)), strings.Repeat(" ---: |", len(header)-len(shown)))
		}
		list, more := first(list, shownChanges)
		for _, c := range list {
			verdict := string(c.verdict)
			if c.verdict.Beyond() {
				verdict = "**" + verdict + "**"
			}
			fields := append(escaped(c.place), escaped([]string{c.old, c.now, c.diff, c.interval, c.p})...)
			p.line("| %s | %s |", strings.Join(fields, " | "), verdict)
		}
		if more != "" {
			p.line("\n%s", more)
		}
		if len(notes) > 0 {
			p.line("")
		}
		for _, note := range notes {
			p.line("- %s", markdownText(note))
		}
	}
	if len(equal) > 0 {
		p.line("\nAll cells are equal: %s.", strings.Join(equal, "; "))
	}
	if len(d.Causes) > 0 {
		p.line("\n### Causes\n")
	}
	causes, more := first(d.Causes, shownCauses)
	for i := range causes {
		line, way := causes[i].Text()
		if way != "" {
			line += ", " + way
		}
		p.line("- %s", markdownText(line))
	}
	if more != "" {
		p.line("- %s", more)
	}
	for _, note := range d.Notes {
		p.line("\n%s", markdownText(note))
	}
	return p.err
}

func escaped(fields []string) []string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = markdownText(f)
	}
	return list
}
