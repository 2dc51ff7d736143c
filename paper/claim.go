package paper

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/reports/claims"
	"repro/reports/render"
)

// claim expands \claim[published]{NAME}: the verdict on our results, or on the
// published numbers.
func (f *filler) claim(c *command) (string, error) {
	judged, err := f.judge()
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(c.args[0])
	i := slices.IndexFunc(judged, func(r claims.Result) bool { return r.Claim.Name == name })
	if i < 0 {
		var known []string
		for _, r := range judged {
			known = append(known, r.Claim.Name)
		}
		return "", fmt.Errorf("the workflow has no claim %q; it has %s", name, strings.Join(known, ", "))
	}
	if err := f.claimCurrent(&judged[i].Claim); err != nil {
		return "", err
	}
	f.sources.claim(f, &judged[i])
	switch strings.TrimSpace(c.options) {
	case "":
		return render.EscapeLaTeX(string(judged[i].Ours.Verdict)), nil
	case "published":
		return render.EscapeLaTeX(string(judged[i].Published.Verdict)), nil
	default:
		return "", fmt.Errorf("there is no option %q; there is published", c.options)
	}
}

// claimTable expands \claimtable[short]: each claim with its two verdicts and,
// unless short, the evidence that decides. What a reader has to know of the tests
// stands below.
func (f *filler) claimTable(c *command) (string, error) {
	if o := strings.TrimSpace(c.options); o != "" && o != "short" {
		return "", fmt.Errorf("there is no option %q; there is short", c.options)
	}
	judged, err := f.judge()
	if err != nil {
		return "", err
	}
	if len(judged) == 0 {
		return "", errors.New("the workflow has no claims")
	}
	short := c.options != ""
	// The second column would say of each claim that there is nothing.
	both := slices.ContainsFunc(judged, func(r claims.Result) bool { return r.Published.Verdict != claims.NoData })
	head, by := `\toprule Claim & Our results \\ \midrule `, "our results"
	if both {
		head, by = `\toprule Claim & Our results & Published \\ \midrule `, "our results and by the published numbers"
	}
	lines := []string{
		`\begingroup\small\begin{longtable}{` + f.claimColumns(short, both) + `}`,
		`\caption{Claims, judged by ` + by + `.}\label{tab:claims}\\`,
	}
	if !f.pandoc { // takes it for a row
		lines = append(lines, head+`\endfirsthead`)
	}
	lines = append(lines, head+`\endhead`)
	for i := range judged {
		r := &judged[i]
		if err := f.claimCurrent(&r.Claim); err != nil {
			return "", err
		}
		f.sources.claim(f, r)
		text := r.Claim.Text
		if r.Claim.Source != "" && !short {
			text += " (" + r.Claim.Source + ")"
		}
		if i > 0 {
			lines = append(lines, `\addlinespace`)
		}
		row := `\raggedright ` + render.EscapeLaTeX(text) + ` & \raggedright ` + f.verdict(&r.Ours, short)
		if both {
			row += ` & \raggedright ` + f.verdict(&r.Published, short)
		}
		lines = append(lines, row+` \tabularnewline`)
	}
	lines = append(lines, `\bottomrule \end{longtable}\endgroup`)
	if text := render.EscapeLaTeX(strings.Join(render.ClaimNotes(judged), " ")); text != "" {
		if f.pandoc { // makes a class of it
			lines = append(lines, `\begin{tablenotes}`+text+`\end{tablenotes}`)
		} else {
			lines = append(lines, `{\footnotesize\noindent `+text+`\par}`)
		}
	}
	return strings.Join(lines, " "), nil
}

// claimColumns returns LaTeX's columns: wide ones for sentences.
func (f *filler) claimColumns(short, both bool) string {
	switch {
	case f.pandoc && both:
		return "lll"
	case f.pandoc:
		return "ll"
	case short && !both:
		return `@{}p{0.78\linewidth}p{0.16\linewidth}@{}`
	case !both:
		return `@{}p{0.5\linewidth}p{0.44\linewidth}@{}`
	case short:
		return `@{}p{0.62\linewidth}p{0.14\linewidth}p{0.14\linewidth}@{}`
	default:
		return `@{}p{0.4\linewidth}p{0.25\linewidth}p{0.25\linewidth}@{}`
	}
}

// verdict shows a judgement, bold if it is one way or the other.
func (f *filler) verdict(j *claims.Judgement, short bool) string {
	text := render.EscapeLaTeX(string(j.Verdict))
	if j.Verdict == claims.Holds || j.Verdict == claims.Fails {
		text = `\textbf{` + text + `}`
	}
	if !short && j.Reason != "" {
		reason := strings.NewReplacer("_", " ", "|", " or ").Replace(place.ReplaceAllString(j.Reason, "$1$2"))
		reason = render.EscapeLaTeX(minus.ReplaceAllString(reason, "${1}−$2"))
		if f.pandoc { // a line breaks after a formula, not after the sign
			reason = strings.ReplaceAll(reason, "$-$", "−")
		}
		text += `: {\footnotesize ` + exponent.ReplaceAllString(reason, `$1\ensuremath{{}\cdot 10^{-$2}}`) + "}"
	}
	return text
}

var (
	// minus finds the hyphen before a number that is a minus, not a dash as in x-2.
	minus = regexp.MustCompile(`(^|[\s(\[=])-(\.?\d)`)
	// exponent finds 1.1e-05.
	exponent = regexp.MustCompile(`(\d)e-0*(\d+)`)
	// place finds the name of a dimension in "at dataset=facts, setting=easy": the
	// value is enough for readers.
	place = regexp.MustCompile(`(at |, )[\w-]+=(\S)`)
)

// judge returns all claims with their verdicts.
func (f *filler) judge() ([]claims.Result, error) {
	if !f.judgedAll {
		f.judged, f.judgeErr = claims.Judge(f.ctx, f.options.Snapshot, claims.Options{})
		f.judgedAll = true
	}
	return f.judged, f.judgeErr
}

// claimCurrent demands all results that a claim is judged by.
func (f *filler) claimCurrent(c *runs.Claim) error {
	for i := range c.Checks {
		if err := f.current(c.Checks[i].Report, fixed(&c.Checks[i])); err != nil {
			return fmt.Errorf("claim %s: %w", c.Name, err)
		}
	}
	return nil
}

// fixed returns the dimensions that a check admits one value of.
func fixed(c *runs.Check) map[string]string {
	values := map[string]string{}
	for dim, list := range c.Where {
		if len(list) == 1 {
			values[dim] = list[0]
		}
	}
	return values
}
