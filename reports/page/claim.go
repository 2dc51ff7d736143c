package page

import (
	"fmt"
	"regexp"
	"slices"
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
}{{claims.Holds, good}, {claims.NotSignificant, "warn"}, {claims.NoData, "m"}, {claims.Fails, bad}}

func (p *Page) claims(results []claims.Result) {
	tones, counts := map[claims.Verdict]string{}, map[claims.Verdict]int{}
	for _, v := range verdicts {
		tones[v.verdict] = v.tone
	}
	for i := range results {
		r := &results[i]
		counts[r.Ours.Verdict]++
		view := Claim{Name: r.Claim.Name, Text: r.Claim.Text, Source: r.Claim.Source}
		ours, published := newSide("ours", &r.Ours, tones), newSide("published", &r.Published, tones)
		for j := range ours.Evidence { // the tables have our numbers, not all of those published
			p.linkTable(&ours.Evidence[j])
		}
		view.Sides = []Side{ours, published}
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

// newSide shows one judgement: a dash where there was nothing to judge.
func newSide(name string, j *claims.Judgement, tones map[claims.Verdict]string) Side {
	side := Side{Name: name, Verdict: string(j.Verdict), Tone: tones[j.Verdict], Reason: withMinus(j.Reason), Notes: j.Notes}
	if len(j.Evidence) == 0 {
		side.Verdict = "—"
	}
	for i := range j.Evidence {
		e := &j.Evidence[i]
		side.Evidence = append(side.Evidence, Evidence{Verdict: string(e.Verdict), Text: withMinus(e.String()), Report: e.Report})
	}
	return side
}

// linkTable lets evidence lead to the table that it looks at, if that is there.
func (p *Page) linkTable(e *Evidence) {
	if slices.ContainsFunc(p.Reports, func(r Report) bool { return r.Table.Name == e.Report }) {
		e.Link = "#r-" + e.Report
	}
}

// negative is a number below zero with a hyphen: the one of a name ("x-1") or of
// a coordinate ("layer=-1") is not.
var negative = regexp.MustCompile(`(^|[ \[(])-(\d)`)

// withMinus gives negative numbers in a text the sign that tables have.
func withMinus(text string) string { return negative.ReplaceAllString(text, "$1−$2") }

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
