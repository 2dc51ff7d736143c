package builtin_test

import (
	"fmt"
	"strings"
	"testing"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/builtin"
	"repro/stages/stagetest"
)

func each(do func(stages.Stage)) {
	registry := builtin.New(builtin.Options{})
	for _, kind := range registry.Kinds() {
		stage, _ := registry.Lookup(kind)
		do(stage)
	}
}

func TestSpecsAreSound(t *testing.T) {
	t.Parallel()
	each(func(s stages.Stage) {
		t.Run(s.Spec().Kind, func(t *testing.T) {
			t.Parallel()
			if err := stagetest.CheckSpec(s.Spec()); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestDocsAreCurrent keeps docs/stages.md equal to what the specs say.
func TestDocsAreCurrent(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# The kinds of stages\n\n")
	b.WriteString("Written from the specs of the built-in stages by `just golden`; a test fails if it is out of date. The files that\n")
	b.WriteString("ports carry are described in [formats.md](formats.md).\n")
	each(func(s stages.Stage) { describe(&b, s.Spec()) })
	testkit.Golden(t, "../../../docs/stages.md", b.String())
}

func describe(b *strings.Builder, s stages.Spec) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", s.Kind, s.Doc)
	describeParams(b, s.Params)
	if len(s.Inputs)+len(s.Outputs) > 0 {
		b.WriteString("\n| port | | carries |\n|---|---|---|\n")
	}
	for _, port := range s.Inputs {
		fmt.Fprintf(b, "| `%s` | input, %s | %s |\n", port.Name, arity(port.Arity), cell(port.Doc))
	}
	for _, port := range s.Outputs {
		what := "file"
		if port.Dir {
			what = "folder"
		}
		fmt.Fprintf(b, "| `%s` | output, %s | %s |\n", port.Name, what, cell(port.Doc))
	}
	if s.Choice == nil {
		return
	}
	fmt.Fprintf(b, "\nWhat one `%s` alone reads stands in a block with its name.\n", s.Choice.Param)
	for _, v := range s.Choice.Variants {
		fmt.Fprintf(b, "\n### %s %s\n\n%s\n", s.Choice.Param, v.Name, v.Doc)
		describeParams(b, v.Params)
	}
}

func describeParams(b *strings.Builder, params []stages.Param) {
	if len(params) > 0 {
		b.WriteString("\n| parameter | type | default | meaning |\n|---|---|---|---|\n")
	}
	for _, p := range params {
		value := "must be given"
		if p.Default != "" {
			value = "`" + p.Default + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p.Name, p.Type, value, cell(p.Doc))
	}
}

func arity(a stages.Arity) string {
	return [...]string{stages.One: "one", stages.Optional: "one or none", stages.List: "list", stages.Map: "by name"}[a]
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
