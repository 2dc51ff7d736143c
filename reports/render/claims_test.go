package render_test

import (
	"bytes"
	"testing"

	"repro/cache/runs"
	"repro/internal/testkit"
	"repro/reports/claims"
	"repro/reports/render"
)

func judged() []claims.Result {
	compared := func(verdict claims.Verdict, place string, p float64, note string) claims.Evidence {
		return claims.Evidence{
			Kind: runs.Compare, Report: "map", Place: place, Verdict: verdict, Note: note,
			Subject: "hybrid", Against: "x-y", Value: num(0.5927), Other: num(0.5934), Digits: 4,
			Difference: num(-0.0007), Lo: num(-0.006), Hi: num(0.0047), P: num(p), Adjusted: num(min(1, 2*p)), Level: 0.05,
			Test: "Student's t over query_lang", Units: 11, Unit: "query_lang",
		}
	}
	return []claims.Result{
		{
			Claim: runs.Claim{Name: "hybrid-best", Text: "Hybrid_batches are best & robust.", Source: "arXiv 2408.10536"},
			Ours: claims.Judgement{
				Verdict: claims.NotSignificant, Reason: "0 of 2 hold; hybrid − x-y = -0.0007 (p = 0.80)",
				Evidence: []claims.Evidence{compared(claims.NotSignificant, "dataset=A", 0.4, "points the other way"), compared(claims.NotSignificant, "dataset=B", 0.03, "")},
				Notes:    []string{"Languages are not independent."},
			},
			Published: claims.Judgement{Verdict: claims.NoData, Reason: "there are no published numbers"},
		},
		{
			Claim: runs.Claim{Name: "settings", Text: "There are 11 settings."},
			Ours: claims.Judgement{Verdict: claims.Fails, Reason: "query_lang: 10, claimed 11", Evidence: []claims.Evidence{{
				Kind: runs.Count, Subject: "query_lang", Verdict: claims.Fails, Value: num(10), AtLeast: num(11), AtMost: num(11),
			}}},
			Published: claims.Judgement{Verdict: claims.Holds, Reason: "query_lang: 11, claimed 11", Evidence: []claims.Evidence{{
				Kind: runs.Count, Subject: "query_lang", Verdict: claims.Holds, Value: num(11), AtLeast: num(11), AtMost: num(11),
			}}, Notes: []string{"Languages are not independent."}},
		},
	}
}

func TestClaimsGolden(t *testing.T) {
	t.Parallel()
	for _, format := range render.ClaimFormats() {
		f, err := render.ClaimsByName(format)
		if err != nil {
			t.Fatal(err)
		}
		for name, verbose := range map[string]bool{"claims.": false, "claims_all.": true} {
			var b bytes.Buffer
			if err := f(&b, judged(), render.ClaimOptions{Verbose: verbose}); err != nil {
				t.Fatal(err)
			}
			if verbose && format == "latex" {
				continue // is the same
			}
			testkit.Golden(t, name+extensions[format], b.String())
		}
	}
}
