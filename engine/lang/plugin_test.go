package lang_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"repro/engine/lang"
	"repro/internal/testkit"
	"repro/stages"
)

// drawing is a kind whose samplers have parameters and inputs of their own.
func drawing(more ...stages.Variant) kind {
	return kind{stages.Spec{
		Kind: "draw", Version: "1",
		Params: []stages.Param{{Name: "sampler", Type: "string", Doc: "how to draw."}},
		Inputs: []stages.Port{{Name: "input", Arity: stages.List, Doc: "training pairs."}},
		Choice: &stages.Choice{Param: "sampler", Variants: append([]stages.Variant{
			{Name: "x-y", Doc: "Two languages."},
			{Name: "hybrid", Doc: "Both.", Params: []stages.Param{{Name: "alpha", Type: "number", Default: "0.5", Doc: "a probability."}}},
		}, more...)},
		Outputs: []stages.Port{{Name: "batches", Dir: true}},
	}}
}

// opener stands for the plugins "code" (a sampler "code-switch"), "mine" (a
// kind) and "broken". It notes what was opened.
func opener(opened *[]string) func(*lang.Workflow, *lang.Plugin) (*stages.Registry, error) {
	code := stages.Variant{
		Name: "code-switch", Doc: "Replaces words.",
		Params: []stages.Param{{Name: "p", Type: "number", Doc: "a probability."}},
		Inputs: []stages.Port{{Name: "lexicon", Arity: stages.Optional, Doc: "pairs of words."}},
	}
	return func(_ *lang.Workflow, p *lang.Plugin) (*stages.Registry, error) {
		*opened = append(*opened, p.Name)
		var variants []stages.Variant
		list := []stages.Stage{}
		for _, name := range *opened {
			switch name {
			case "code":
				variants = append(variants, code)
			case "mine":
				list = append(list, kind{stages.Spec{Kind: "mine", Version: "1", Outputs: []stages.Port{{Name: "negatives"}}}})
			default:
				return nil, errors.New("it does not build: syntax error")
			}
		}
		return stages.NewRegistry(append(list, drawing(variants...))...), nil
	}
}

func loadDrawing(t *testing.T, src string) (w *lang.Workflow, opened []string, message string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.hcl")
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	w, diags := lang.Load(file, lang.Options{Kinds: stages.NewRegistry(drawing()), Open: opener(&opened)})
	var b strings.Builder
	w.Sources["main.hcl"] = w.Sources[file]
	for _, d := range diags {
		d.Subject.Filename = "main.hcl"
	}
	if err := hcl.NewDiagnosticTextWriter(&b, w.Sources, 100, false).WriteDiagnostics(diags); err != nil {
		t.Fatal(err)
	}
	return w, opened, strings.ReplaceAll(b.String(), filepath.Dir(file)+"/", "")
}

func TestOnlyWhatTheVariantReadsIsGiven(t *testing.T) {
	t.Parallel()
	w, opened, message := loadDrawing(t, `
plugin "code" { source = "./plugins/code" }
plugin "mine" {
  source = "https://example.org/mine.git"
  commit = "0123456789012345678901234567890123456789"
}
stage "draw" "b" {
  matrix  = { sampler = ["x-y", "hybrid", "code-switch"] }
  sampler = each.sampler
  input   = ["pairs.jsonl"]
  hybrid {
    alpha = 0.25
  }
  code-switch {
    p       = each.sampler == "code-switch" ? 0.3 : 7
    lexicon = "lexicon.tsv"
  }
}
`)
	if message != "" {
		t.Fatal(message)
	}
	if diff := cmp.Diff([]string{"code"}, opened); diff != "" {
		t.Errorf("opened plugins (-want +got):\n%s", diff)
	}
	var got []string
	for _, s := range w.Stages {
		line := s.Addr.String() + " " + string(lang.ParamsJSON(s.Params))
		for _, in := range s.Inputs {
			line += " " + in.Port
		}
		got = append(got, line)
	}
	want := []string{
		`draw.b[sampler=x-y] {"sampler":"x-y"} input`,
		`draw.b[sampler=hybrid] {"hybrid.alpha":0.25,"sampler":"hybrid"} input`,
		`draw.b[sampler=code-switch] {"code-switch.p":0.3,"sampler":"code-switch"} input code-switch.lexicon`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPluginThatNothingUsesIsNotOpened(t *testing.T) {
	t.Parallel()
	_, opened, message := loadDrawing(t, `
variable "extra" { default = [] }
plugin "broken" { source = "./plugins/broken" }
plugin "code" { source = "./plugins/code" }
stage "broken" "off" {
  matrix = { on = var.extra }
  what   = "ever"
}
stage "draw" "b" {
  matrix  = { sampler = concat(["x-y"], var.extra) }
  sampler = each.sampler
  broken { anything = 1 }
  code-switch { p = 1 }
}
`)
	if message != "" || len(opened) > 0 {
		t.Errorf("opened %v, said:\n%s", opened, message)
	}
}

func TestPluginsAddKinds(t *testing.T) {
	t.Parallel()
	w, opened, message := loadDrawing(t, `
plugin "mine" { source = "./plugins/mine" }
stage "draw" "b" {
  sampler = "x-y"
  input   = [stage.mine.negatives.negatives]
}
stage "mine" "negatives" {}
`)
	if message != "" || !slices.Equal(opened, []string{"mine"}) || len(w.Stages) != 2 || w.Stages[1].Inputs[0].From != w.Stages[0] {
		t.Errorf("opened %v, said:\n%s", opened, message)
	}
}

func TestDiagnosticsOfPlugins(t *testing.T) {
	t.Parallel()
	const draw = "stage \"draw\" \"b\" {\n  sampler = %q\n  %s\n}\n"
	stage := func(sampler, body string) string {
		return strings.Replace(strings.Replace(draw, "%q", `"`+sampler+`"`, 1), "%s", body, 1)
	}
	code := "plugin \"code\" { source = \"./plugins/code\" }\n"
	var b strings.Builder
	for _, c := range []struct{ name, src string }{
		{"does not build, used twice", "plugin \"broken\" { source = \"./x\" }\n" + stage("broken", "") + "stage \"broken\" \"c\" {}\n"},
		{"no such sampler in the plugin", code + stage("code-dance", "")},
		{"bad type", code + stage("code-switch", `code-switch { p = "often" }`)},
		{"missing", code + stage("code-switch", `code-switch {}`)},
		{"unknown parameter", code + stage("code-switch", `code-switch { q = 1 }`)},
		{"parameter outside of its block", stage("hybrid", `alpha = 0.3`)},
		{"unknown block", code + stage("x-y", `hibrid { alpha = 1 }`)},
		{"block twice", stage("hybrid", "hybrid { alpha = 1 }\n  hybrid { alpha = 2 }")},
		{"branch", "plugin \"code\" {\n  source = \"https://example.org/x.git\"\n  commit = \"main\"\n}\n"},
		{"repository without commit", "plugin \"code\" { source = \"https://example.org/x.git\" }\n"},
		{"repository that something makes", "plugin \"code\" {\n  source = \"https://example.org/x.git\"\n  commit = \"0123456789012345678901234567890123456789\"\n  build  = \"make\"\n}\n"},
		{"variable", "plugin \"code\" { source = var.x }\n"},
		{"twice", code + code},
	} {
		_, _, message := loadDrawing(t, c.src)
		if message == "" {
			t.Errorf("%s: no error", c.name)
		}
		b.WriteString("# " + c.name + "\n\n" + message)
	}
	testkit.Golden(t, "plugins.txt", b.String())
}
