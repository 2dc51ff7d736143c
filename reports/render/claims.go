package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"repro/reports/claims"
)

// ClaimOptions says how judged claims look.
type ClaimOptions struct {
	Options
	Verbose bool // all evidence, not only what decides; LaTeX has no room for it
}

// ClaimsFunc writes judged claims in one format.
type ClaimsFunc func(w io.Writer, results []claims.Result, o ClaimOptions) error

// ClaimFormats returns the names that ClaimsByName knows.
func ClaimFormats() []string { return []string{"text", "markdown", "latex"} }

// ClaimsByName returns the renderer of a format.
func ClaimsByName(format string) (ClaimsFunc, error) {
	switch format {
	case "text":
		return claimsText, nil
	case "markdown":
		return claimsMarkdown, nil
	case "latex":
		return claimsLaTeX, nil
	default:
		return nil, fmt.Errorf("unknown format %q: the formats of claims are %s", format, strings.Join(ClaimFormats(), ", "))
	}
}

// side is one of a claim's judgements with its name.
type side struct {
	name string
	*claims.Judgement
}

// verdict is the verdict, or a dash where nothing was judged.
func (s side) verdict() string {
	if len(s.Evidence) == 0 {
		return missing
	}
	return string(s.Verdict)
}

func sides(r *claims.Result) []side {
	return []side{{"ours", &r.Ours}, {"published", &r.Published}}
}

// claimsText writes a table of the verdicts, then each claim with the evidence
// that decides.
func claimsText(w io.Writer, results []claims.Result, o ClaimOptions) error {
	columns := []textColumn{{header: "claim"}, {header: "ours"}, {header: "published"}}
	var b bytes.Buffer
	for i := range results {
		r := &results[i]
		columns[0].cells = append(columns[0].cells, r.Claim.Name)
		fmt.Fprintf(&b, "\n%s: %s%s\n", r.Claim.Name, r.Claim.Text, source(r))
		for n, s := range sides(r) {
			columns[n+1].cells = append(columns[n+1].cells, s.verdict())
			if len(s.Evidence) == 0 {
				continue
			}
			fmt.Fprintf(&b, "  %-9s  %s: %s\n", s.name, s.Verdict, s.Reason)
			if o.Verbose {
				for j := range s.Evidence {
					fmt.Fprintf(&b, "    %s: %s\n", s.Evidence[j].Verdict, &s.Evidence[j])
				}
			}
		}
	}
	if err := drawText(w, columns, len(columns)); err != nil {
		return err
	}
	for i, note := range ClaimNotes(results) {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(note + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func claimsMarkdown(w io.Writer, results []claims.Result, o ClaimOptions) error {
	var b bytes.Buffer
	b.WriteString("| claim | ours | published |\n| --- | --- | --- |\n")
	for i := range results {
		r := &results[i]
		fmt.Fprintf(&b, "| %s |", markdownText(r.Claim.Text+source(r)))
		for _, s := range sides(r) {
			fmt.Fprintf(&b, " **%s** %s |", s.verdict(), markdownText(s.Reason))
		}
		b.WriteString("\n")
	}
	for i := range results {
		if !o.Verbose {
			break
		}
		for _, s := range sides(&results[i]) {
			if len(s.Evidence) == 0 {
				continue
			}
			fmt.Fprintf(&b, "\n%s, %s:\n\n", markdownText(results[i].Claim.Name), s.name)
			for j := range s.Evidence {
				fmt.Fprintf(&b, "- %s: %s\n", s.Evidence[j].Verdict, markdownText(s.Evidence[j].String()))
			}
		}
	}
	for i, note := range ClaimNotes(results) {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- " + markdownText(note) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// claimsLaTeX writes a tabular for the package booktabs that is as wide as the
// text, with the notes below.
func claimsLaTeX(w io.Writer, results []claims.Result, _ ClaimOptions) error {
	var b bytes.Buffer
	b.WriteString("\\begin{tabular}{p{0.34\\linewidth}p{0.28\\linewidth}p{0.28\\linewidth}}\n\\toprule\nclaim & ours & published \\\\\n\\midrule\n")
	for i := range results {
		r := &results[i]
		b.WriteString(latexText(r.Claim.Text + source(r)))
		for _, s := range sides(r) {
			fmt.Fprintf(&b, " & \\textbf{%s} {\\footnotesize %s}", latexText(s.verdict()), latexText(s.Reason))
		}
		b.WriteString(" \\\\\n")
	}
	b.WriteString("\\bottomrule\n\\end{tabular}\n")
	for _, note := range ClaimNotes(results) {
		b.WriteString("\\par{\\footnotesize " + latexText(note) + "}\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func source(r *claims.Result) string {
	if r.Claim.Source == "" {
		return ""
	}
	return " (" + r.Claim.Source + ")"
}

// ClaimNotes returns what a reader has to know, each once.
func ClaimNotes(results []claims.Result) []string {
	var notes []string
	for i := range results {
		for _, s := range sides(&results[i]) {
			for _, note := range s.Notes {
				if !slices.Contains(notes, note) {
					notes = append(notes, note)
				}
			}
		}
	}
	return notes
}
