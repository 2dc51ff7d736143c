package build_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"repro/internal/testkit"
)

// TestTheModuleOfTheSDKIsCurrent keeps sdk.mod equal to what the packages of
// the SDK need: just golden writes it anew.
func TestTheModuleOfTheSDKIsCurrent(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./stages/plugin")
	cmd.Dir = testkit.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(modules)
	var b strings.Builder
	b.WriteString("// The modules that the Go SDK needs: written anew by just golden.\nmodule repro\n\ngo 1.26.0\n\nrequire (\n")
	for _, m := range slices.Compact(modules) {
		if m = strings.TrimSpace(m); m != "repro" && m != "" {
			b.WriteString("\t" + m + "\n")
		}
	}
	b.WriteString(")\n")
	testkit.Golden(t, "../sdk.mod", b.String())
}
