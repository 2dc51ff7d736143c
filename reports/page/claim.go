package page

import (
	"fmt"
	"strings"

	"repro/reports/claims"
)

// Claim is a sentence about results with its verdicts.
type Claim struct {
	Name, Text, Source string
	Sides              []Side
}

// Side is what one set of numbers says of a claim.
type Side struct {
	Name, Verdict, Tone, Reason string
	Evidence                    []Evidence
	Notes                       []string
}

// Evidence is one comparison with the report that it looks at.
type Evidence struct{ Verdict, Text, Report, Link string }

// verdicts are the verdicts in the order of a summary, with their tones.
var verdicts = []struct {
	verdict claims.Verdict
	tone    string
}{{claims.Holds, "good"}, {claims.NotSignificant, "warn"}, {claims.NoData, "m"}, {claims.Fails, "bad"}}

func (p *Page) claims(results []claims.Result) {
	tones, counts := map[claims.Verdict]string{}, map[claims.Verdict]int{}
	for _, v := range verdicts {
		tones[v.verdict] = v.tone
	}
	tables := map[string]bool{}
	for _, r := range p.Reports {
		tables[r.Table.Name] = true
	}
	for i := range results {
		r := &results[i]
		counts[r.Ours.Verdict]++
		view := Claim{Name: r.Claim.Name, Text: r.Claim.Text, Source: r.Claim.Source}
		for _, side := range []struct {
			name string
			of   *claims.Judgement
		}{{"ours", &r.Ours}, {"published", &r.Published}} {
			one := Side{Name: side.name, Verdict: string(side.of.Verdict), Tone: tones[side.of.Verdict], Reason: side.of.Reason, Notes: side.of.Notes}
			for j := range side.of.Evidence {
				e := &side.of.Evidence[j]
				line := Evidence{Verdict: string(e.Verdict), Text: e.String(), Report: e.Report}
				if tables[e.Report] {
					line.Link = "#r-" + e.Report
				}
				one.Evidence = append(one.Evidence, line)
			}
			view.Sides = append(view.Sides, one)
		}
		p.Claims = append(p.Claims, view)
	}
	var parts []string
	for _, v := range verdicts {
		if n := counts[v.verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, plural(n, v.verdict)))
		}
	}
	if len(parts) > 0 {
		p.Facts = append([]Fact{{"Claims", strings.Join(parts, ", "), ""}}, p.Facts...)
	}
}

// plural lets a verdict speak of several claims.
func plural(n int, verdict claims.Verdict) string {
	switch {
	case n > 1 && verdict == claims.Holds:
		return "hold"
	case n > 1 && verdict == claims.Fails:
		return "fail"
	default:
		return string(verdict)
	}
}
