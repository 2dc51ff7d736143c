package paper

import (
	"errors"
	"fmt"
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
// unless short, the evidence that decides.
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
	width, short := "0.42", c.options != ""
	if short {
		width = "0.6"
	}
	lines := []string{
		`\begingroup\small\begin{longtable}{@{}p{` + width + `\linewidth}` + strings.Repeat(`p{`+columnWidth(short)+`\linewidth}`, 2) + `@{}}`,
		`\caption{Claims, judged by our results and by the published numbers.}\label{tab:claims}\\`,
		`\toprule Claim & Our results & Published numbers \\ \midrule \endfirsthead \toprule Claim & Our results & Published numbers \\ \midrule \endhead \bottomrule \endlastfoot`,
	}
	for i := range judged {
		r := &judged[i]
		if err := f.claimCurrent(&r.Claim); err != nil {
			return "", err
		}
		text := r.Claim.Text
		if r.Claim.Source != "" && !short {
			text += " (" + r.Claim.Source + ")"
		}
		if i > 0 {
			lines = append(lines, `\addlinespace[3pt]`)
		}
		lines = append(lines, fmt.Sprintf(`\raggedright %s & \raggedright %s & \raggedright\arraybackslash %s \\`, render.EscapeLaTeX(text), verdict(&r.Ours, short), verdict(&r.Published, short)))
	}
	lines = append(lines, `\end{longtable}\endgroup`)
	return strings.Join(lines, " "), nil
}

func columnWidth(short bool) string {
	if short {
		return "0.15"
	}
	return "0.24"
}

// verdict shows a judgement, bold if it is one way or the other.
func verdict(j *claims.Judgement, short bool) string {
	text := render.EscapeLaTeX(string(j.Verdict))
	if j.Verdict == claims.Holds || j.Verdict == claims.Fails {
		text = `\textbf{` + text + `}`
	}
	if !short && j.Reason != "" {
		text += `: {\footnotesize ` + render.EscapeLaTeX(j.Reason) + "}"
	}
	return text
}

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
		check := &c.Checks[i]
		values := map[string]string{}
		for dim, list := range check.Where {
			if len(list) == 1 {
				values[dim] = list[0]
			}
		}
		if err := f.current(check.Report, values); err != nil {
			return fmt.Errorf("claim %s: %w", c.Name, err)
		}
	}
	return nil
}
