package lang_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/engine/lang"
)

func TestPapersHaveATemplateAndValues(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
locals { sets = ["facts", "MLQA-R"] }
variable "seeds" { default = [0, 1] }
paper "long" {
  template = "../paper/long.tex"
  values   = { set = local.sets[0], sets = local.sets, seeds = length(var.seeds), rate = 0.05, quick = true }
}
paper "short" { template = "short.tex" }
`, lang.Options{})
	var got []lang.Paper
	for _, p := range w.Papers {
		got = append(got, lang.Paper{Name: p.Name, Template: p.Template, Values: p.Values})
	}
	want := []lang.Paper{
		{Name: "long", Template: "../paper/long.tex", Values: map[string]string{
			"set": "facts", "sets": "facts, MLQA-R", "seeds": "2", "rate": "0.05", "quick": "true",
		}},
		{Name: "short", Template: "short.tex"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
