package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/internal/testkit"
)

// allowed says which of our folders each top folder may import, besides
// itself. CONTRIBUTING.md shows the same table. An entry is a package or, with
// a slash at its end, all below it.
var allowed = map[string][]string{
	"cache":             {},
	"stages":            {},
	"engine":            {"stages", "cache", "cache/runs", "internal/dag", "internal/git"},
	"reports":           {"cache", "cache/runs"},
	"paper":             {"reports", "reports/", "cache/runs"},
	"internal/dag":      {},
	"internal/git":      {},
	"internal/gotchfit": {},
	"internal/testkit":  {"cache", "cache/", "engine", "engine/", "stages", "stages/"},
	"internal/archtest": {"internal/testkit"},
	"internal/cli":      {"cache", "cache/", "engine", "engine/", "stages", "stages/", "reports", "reports/", "paper", "internal/git", "internal/gotchfit"},
	"workflows":         {"stages", "stages/"}, // plugins
	".":                 {"internal/cli"},
}

type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
	Standard   bool
	CgoFiles   []string
	Module     *struct{ Path string }
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Dir,Doc,GoFiles,CgoFiles,Imports,Standard,Module"}, args...)...)
	cmd.Dir = testkit.Root()
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// handwritten returns our packages but those that a generator writes whole.
func handwritten(t *testing.T) []pkg {
	t.Helper()
	return slices.DeleteFunc(list(t, "./..."), func(p pkg) bool { return p.ImportPath == "repro/stages/plugin/v1" })
}

// folder returns the top folder of a package of ours, as in allowed.
func folder(importPath string) string {
	rel := strings.TrimPrefix(strings.TrimPrefix(importPath, "repro"), "/")
	if rel == "" {
		return "."
	}
	parts := strings.Split(rel, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func TestImportsFollowTheTable(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		from := folder(p.ImportPath)
		rules, known := allowed[from]
		if !known {
			t.Errorf("%s: the folder %s has no line in the table of imports", p.ImportPath, from)
			continue
		}
		for _, imported := range p.Imports {
			if imported != "repro" && !strings.HasPrefix(imported, "repro/") {
				continue
			}
			if folder(imported) == from {
				continue
			}
			rel := strings.TrimPrefix(imported, "repro/")
			ok := slices.ContainsFunc(rules, func(rule string) bool {
				return rel == rule || (strings.HasSuffix(rule, "/") && strings.HasPrefix(rel, rule))
			})
			if !ok {
				t.Errorf("%s imports %s: %s may import only %v", p.ImportPath, imported, from, rules)
			}
		}
	}
}

func TestRootsHoldNounsAndNeverImportTheirChildren(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./cache", "./stages", "./engine", "./reports") {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, p.ImportPath+"/") {
				t.Errorf("%s imports its child %s", p.ImportPath, imported)
			}
			if p.ImportPath == "repro/stages" && strings.Contains(strings.Split(imported, "/")[0], ".") {
				t.Errorf("repro/stages imports %s: the standard library only", imported)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range handwritten(t) {
		if len(p.GoFiles) > 0 && len(strings.Fields(p.Doc)) < 4 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func TestTheMainBinaryIsPureGo(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", ".") {
		if len(p.CgoFiles) > 0 {
			t.Errorf("the main binary reaches %s, which has cgo files", p.ImportPath)
		}
		if p.Module != nil && strings.Contains(p.Module.Path, "gotch") {
			t.Errorf("the main binary reaches %s", p.ImportPath)
		}
	}
}

func TestFilesStaySmall(t *testing.T) {
	t.Parallel()
	const most = 400 // lines
	for _, p := range handwritten(t) {
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			if n := countLines(t, file); n > most {
				t.Errorf("%s has %d lines, the most is %d: give it a second file named for its second type", file, n, most)
			}
		}
	}
}
