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

func TestVariablesAllowWhatTheirValidationDoes(t *testing.T) {
	t.Parallel()
	w := mustLoad(t, `
variable "most" { default = "large" }
variable "scale" {
  default = "small"
  validation {
    condition     = contains(["small", var.most], var.scale)
    error_message = "It is small or large."
  }
}
variable "steps" { default = 3 }
variable "seeds" { default = [0, 1] }
`, lang.Options{})
	for _, c := range []struct{ name, text, want string }{
		{"scale", "small", ""},
		{"scale", "large", ""},
		{"scale", "smal", "It is small or large."},
		{"steps", "5", ""},
		{"steps", "many", "a number is required"},
		{"seeds", "0, 1", ""},
		{"most", "anything", ""},
		{"other", "anything", ""},
	} {
		got := ""
		if err := w.Allows(c.name, c.text); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s = %s: %q, want %q", c.name, c.text, got, c.want)
		}
	}
}
