package scaffold_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages/plugin/build"
	"repro/stages/plugin/conformance"
	"repro/stages/plugin/scaffold"
)

// TestANewPluginPassesTheSuite really builds and tries what is written.
func TestANewPluginPassesTheSuite(t *testing.T) {
	t.Parallel()
	built := t.TempDir()
	for _, language := range []string{build.Go, build.Python} {
		for _, what := range []string{scaffold.Sampler, scaffold.Stage} {
			t.Run(language+" "+what, func(t *testing.T) {
				t.Parallel()
				const name = "long-tail"
				dir := filepath.Join(t.TempDir(), name)
				written, err := scaffold.Write(t.Context(), dir, scaffold.Plugin{Name: name, Language: language, What: what})
				if err != nil {
					t.Fatal(err)
				}
				if written.Advice != "" {
					t.Skip(written.Advice)
				}
				plugin, err := build.Build(t.Context(), name, dir, build.Options{Root: built, SDK: os.DirFS(testkit.Root())})
				if err != nil {
					t.Fatal(err)
				}
				results, err := conformance.Run(t.Context(), plugin, conformance.Options{Dir: t.TempDir(), Large: 20_000})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					if r.Status != conformance.Passed {
						t.Errorf("%s: %s: %s: %s", r.Of, r.Check, r.Status, r.Detail)
					}
				}
				var out bytes.Buffer
				if err := plugin.SelfTest(t.Context(), filepath.Join(t.TempDir(), "own"), &out); err != nil {
					t.Errorf("%v\n%s", err, &out)
				}
			})
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"long-tail": "", "x2": "", "sort": "", "repro": "",
		"Long": "is no name", "long_tail": "is no name", "": "is no name", "-x": "is no name", "x-": "is no name", "x--y": "is no name",
		"../x": "is no name", "2x": "is no name",
		"hybrid": "is a sampler of repro itself", "x-y": "is a sampler of repro itself",
		"train": "is a kind of stage of repro itself",
	} {
		err := scaffold.CheckName(name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
}

// TestFilesThatToolsWouldMisread: names that mean something to the go command
// and to Python.
func TestFilesThatToolsWouldMisread(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"long-tail":    {"plugin.hcl", "long_tail.go", "long_tail_test.go", "go.mod"},
		"lexicon-test": {"plugin.hcl", "main.go", "main_test.go", "go.mod"},
		"for-linux":    {"plugin.hcl", "main.go", "main_test.go", "go.mod"},
		"is-arm64":     {"plugin.hcl", "main.go", "main_test.go", "go.mod"},
	} {
		written, err := scaffold.Write(t.Context(), t.TempDir(), scaffold.Plugin{Name: name, Language: build.Go, What: scaffold.Sampler})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range written.Files {
			got = append(got, f.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"random", "import", "grpc"} {
		dir := t.TempDir()
		written, err := scaffold.Write(t.Context(), dir, scaffold.Plugin{Name: name, Language: build.Python, What: scaffold.Sampler})
		if err == nil && written.Advice != "" {
			t.Skip(written.Advice)
		}
		if err == nil || !strings.Contains(err.Error(), "of Python itself") {
			t.Errorf("%s: got %v", name, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s: files were written all the same", name)
		}
	}
}

func TestAFolderWithFilesIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := scaffold.Write(t.Context(), dir, scaffold.Plugin{Name: "long-tail", Language: build.Go, What: scaffold.Stage})
	if err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder has %d files, want 1", len(entries))
	}
}
