package lang_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache/runs"
	"repro/engine/lang"
)

func TestClaimReadsItsChecks(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
claim "best" {
  text      = "Hybrid is ${local.how}."
  source    = "arXiv"
  published = null
  compare {
    report = report.map
    where  = { setting = "multilingual" }
    dim    = "sampler"
    better = "hybrid"
    than   = "x-y"
  }
  trend {
    report     = report.map
    along      = "steps"
    order      = [10, 100]
    direction  = "rising"
    unit       = "query_lang"
    correction = "none"
    level      = 0.01
  }
}
claim "settings" {
  text      = "110 settings"
  published = "numbers.csv"
  count {
    report  = report.map
    of      = ["query_lang", "doc_lang"]
    exactly = 110
  }
  threshold {
    report  = report.map
    at_most = 1
  }
}
locals { how = "best" }
report "map" {
  from    = stage.train.encoder.metrics
  rows    = ["sampler", "steps"]
  columns = ["setting"]
  average = ["query_lang"]
  best    = "max"
}
stage "train" "encoder" { batches = "b" }
`, lang.Options{})
	settings, one := 110.0, 1.0
	want := []runs.Claim{
		{
			Name: "best", Text: "Hybrid is best.", Source: "arXiv", At: "main.hcl:2",
			Checks: []runs.Check{{
				Kind: runs.Compare, At: "main.hcl:6", Report: "map", Where: map[string][]string{"setting": {"multilingual"}},
				Dim: "sampler", Better: "hybrid", Than: []string{"x-y"},
				Test: "randomisation", Unit: "question", Correction: "holm", Level: 0.05,
			}, {
				Kind: runs.Trend, At: "main.hcl:13", Report: "map", Along: "steps", Order: []string{"10", "100"}, Direction: "rising",
				Unit: "query_lang", Correction: "none", Level: 0.01,
			}},
		},
		{
			Name: "settings", Text: "110 settings", At: "main.hcl:23", PublishedFile: "numbers.csv",
			Checks: []runs.Check{
				{Kind: runs.Count, At: "main.hcl:26", Report: "map", Of: []string{"query_lang", "doc_lang"}, AtLeast: &settings, AtMost: &settings},
				{Kind: runs.Threshold, At: "main.hcl:31", Report: "map", AtMost: &one},
			},
		},
	}
	var got []runs.Claim
	for _, c := range w.Claims {
		got = append(got, c.Claim)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
