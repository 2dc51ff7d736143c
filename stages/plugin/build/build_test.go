package build_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/dirhash"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/plugin/build"
	"repro/stages/plugin/host"
)

const goPlugin = `package main

import (
	"encoding/json"

	"repro/stages/plugin"
	"repro/stages/sample"
)

func main() {
	plugin.Serve(plugin.Plugin{Samplers: []sample.Method{{
		Name: "mine", Doc: "Draws as x-y does.",
		New:  func(json.RawMessage) (sample.Sampler, error) { return sample.XY{}, nil },
	}}})
}
`

const pythonPlugin = `from repro_plugin import Sampler, serve, x_y


class Mine(Sampler):
    """Draws as x-y does."""

    name = "mine"

    def batch(self, pool, step, rng):
        return x_y(pool, step, rng)


if __name__ == "__main__":
    serve(Mine)
`

const pythonManifest = "protocol = 1\nlanguage = \"python\"\ninterpreter = \"/usr/bin/python3\"\nfile = \"mine.py\"\n"

// folder writes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func options(t *testing.T) build.Options {
	t.Helper()
	return build.Options{Root: t.TempDir(), SDK: os.DirFS(testkit.Root())}
}

func samplers(t *testing.T, program *host.Program) []string {
	t.Helper()
	p, err := host.Open(t.Context(), program, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // it only described itself
	var names []string
	for _, s := range p.Samplers() {
		names = append(names, s.Name)
	}
	return names
}

func needGRPC(t *testing.T) {
	t.Helper()
	if err := exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf").Run(); err != nil {
		t.Skip("Debian's Python has no gRPC: apt-get install python3-grpcio python3-protobuf")
	}
}

// TestGoPluginsAreBuiltWithoutTheNetwork: this module is published nowhere, and
// the modules that it needs are here already.
func TestGoPluginsAreBuiltWithoutTheNetwork(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=vendor") // what the user has set must not matter
	dir := folder(t, map[string]string{"plugin.hcl": "protocol = 1\nlanguage = \"go\"\n", "mine.go": goPlugin})
	o := options(t)
	var said []string
	o.Say = func(message string) { said = append(said, message) }
	first, err := build.Build(t.Context(), "mine", dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if names := samplers(t, first.Program); !slices.Equal(names, []string{"mine"}) {
		t.Errorf("samplers %v", names)
	}
	again, err := build.Build(t.Context(), "mine", dir, o)
	if err != nil || again.Argv[0] != first.Argv[0] || len(said) != 1 {
		t.Errorf("built again: %v, %v", err, said)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("the author's folder has %d files, %v", len(files), err)
	}
}

func TestPythonPluginsRunWithTheSDK(t *testing.T) {
	t.Parallel()
	needGRPC(t)
	dir := folder(t, map[string]string{"plugin.hcl": pythonManifest, "mine.py": pythonPlugin})
	p, err := build.Build(t.Context(), "mine", dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	if names := samplers(t, p.Program); !slices.Equal(names, []string{"mine"}) {
		t.Errorf("samplers %v", names)
	}
	if !strings.HasPrefix(p.Identity["toolchain"], "CPython 3.") {
		t.Errorf("identity %v", p.Identity)
	}
}

func TestIdentityIsTheWholeFolder(t *testing.T) {
	t.Parallel()
	needGRPC(t)
	files := map[string]string{"plugin.hcl": pythonManifest, "mine.py": pythonPlugin, "words/list.txt": "a\n"}
	o := options(t)
	identity := func() map[string]string {
		t.Helper()
		p, err := build.Build(t.Context(), "mine", folder(t, files), o)
		if err != nil {
			t.Fatal(err)
		}
		return p.Identity
	}
	first := identity()
	for name, text := range map[string]string{
		".git/index": "x", "__pycache__/mine.pyc": "x", "go.work": "x", ".venv/bin/python": "x",
	} {
		files[name] = text
		if identity()["files"] != first["files"] {
			t.Errorf("%s is part of the plugin", name)
		}
	}
	for name, text := range map[string]string{
		"mine.py": pythonPlugin + "\n", "words/list.txt": "b\n", "words/more.txt": "", "plugin.hcl": pythonManifest + "# more\n",
	} {
		old, had := files[name]
		files[name] = text
		if identity()["files"] == first["files"] {
			t.Errorf("%s is not part of the plugin", name)
		}
		files[name] = old
		if !had {
			delete(files, name)
		}
	}
}

// TestFilesAreSummedAsGoDoes: an identity can be checked with other tools.
func TestFilesAreSummedAsGoDoes(t *testing.T) {
	t.Parallel()
	files := map[string]string{"plugin.hcl": "protocol = 1\nlanguage = \"binary\"\nfile = \"run\"\n", "run": "#!/bin/sh\n", "words/list.txt": "a\n", "words.txt": "b\n"}
	dir := folder(t, files)
	p, err := build.Build(t.Context(), "mine", dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for name, text := range files {
		want[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	if diff := cmp.Diff(want, p.Files); diff != "" {
		t.Error(diff)
	}
	sum, err := dirhash.Hash1(slices.Collect(maps.Keys(files)), func(name string) (io.ReadCloser, error) {
		return os.Open(filepath.Join(dir, name))
	})
	if err != nil || p.Identity["files"] != sum {
		t.Errorf("the files' digest is %s, Go's %s, %v", p.Identity["files"], sum, err)
	}
}

func TestBadPlugins(t *testing.T) {
	t.Parallel()
	const python = "protocol = 1\nlanguage = \"python\"\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no manifest":      {map[string]string{"mine.py": ""}, "has no plugin.hcl"},
		"syntax":           {map[string]string{"plugin.hcl": "protocol = \n"}, "plugin.hcl:1"},
		"unknown field":    {map[string]string{"plugin.hcl": python + "speed = 3\n"}, "plugin.hcl:3"},
		"other protocol":   {map[string]string{"plugin.hcl": "protocol = 2\nlanguage = \"go\"\n"}, "protocol = 2; this repro speaks version 1"},
		"other language":   {map[string]string{"plugin.hcl": "protocol = 1\nlanguage = \"cobol\"\n"}, `language = "cobol"; there are go, python and binary`},
		"no file":          {map[string]string{"plugin.hcl": python + "interpreter = \"python3\"\n"}, "file is missing"},
		"no interpreter":   {map[string]string{"plugin.hcl": python + "file = \"x.py\"\n"}, "interpreter is missing"},
		"file leaves":      {map[string]string{"plugin.hcl": python + "interpreter = \"python3\"\nfile = \"../x.py\"\n"}, "leaves the plugin's folder"},
		"no such file":     {map[string]string{"plugin.hcl": python + "interpreter = \"/usr/bin/python3\"\nfile = \"x.py\"\n"}, "there is no such file"},
		"no such python":   {map[string]string{"plugin.hcl": python + "interpreter = \"python9\"\nfile = \"x.py\"\n"}, "python9, the interpreter of the plugin mine, is not installed"},
		"no such package":  {map[string]string{"plugin.hcl": pythonManifest + "requires = [\"no-such-distribution\"]\n"}, "no-such-distribution, which the plugin mine requires, is not installed"},
		"does not compile": {map[string]string{"plugin.hcl": "protocol = 1\nlanguage = \"go\"\n", "mine.go": "package main\n\nfunc main() { nothing() }\n"}, "mine.go:3:15: undefined: nothing"},
		"their order too":  {map[string]string{"plugin.hcl": pythonManifest + "env = [\"CUDA_DEVICE_ORDER\"]\n"}, "resources { gpus = 1 }"},
		"GPUs in the key":  {map[string]string{"plugin.hcl": pythonManifest + "env = [\"CUDA_VISIBLE_DEVICES\"]\n"}, "resources { gpus = 1 }"},
		"no program":       {map[string]string{"plugin.hcl": "protocol = 1\nlanguage = \"binary\"\nfile = \"run\"\n"}, "there is no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, c.files)
			_, err := build.Build(t.Context(), "mine", dir, options(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			if name == "does not compile" && !strings.Contains(err.Error(), filepath.Join(dir, "mine.go:3:15")) {
				t.Errorf("the place is not in the author's folder: %v", err)
			}
		})
	}
}

func TestLinksAreRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"plugin.hcl": pythonManifest, "mine.py": pythonPlugin})
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if _, err := build.Build(t.Context(), "mine", dir, options(t)); err == nil || !strings.Contains(err.Error(), "links cannot be part of a plugin") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingToolIsNamedWithTheWayToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := folder(t, map[string]string{"plugin.hcl": "protocol = 1\nlanguage = \"go\"\n", "mine.go": goPlugin})
	_, err := build.Build(context.Background(), "mine", dir, options(t))
	var missing *stages.MissingToolError
	if !errors.As(err, &missing) || missing.Install == "" {
		t.Errorf("got %v", err)
	}
}

// TestNothingOfTheUsersDecidesWhatIsBuilt: settings that would give another
// program under the same key.
func TestNothingOfTheUsersDecidesWhatIsBuilt(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(settings, []byte("GOFLAGS=-tags=other\nGOARCH=arm64\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOENV", settings)
	t.Setenv("GOOS", "windows")
	t.Setenv("GOEXPERIMENT", "nosuchexperiment")
	dir := folder(t, map[string]string{
		"plugin.hcl": "protocol = 1\nlanguage = \"go\"\n", "mine.go": goPlugin,
		"other.go": "//go:build other\n\npackage main\n\nfunc init() { panic(\"another program\") }\n",
	})
	p, err := build.Build(t.Context(), "mine", dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	if names := samplers(t, p.Program); !slices.Equal(names, []string{"mine"}) {
		t.Errorf("samplers %v", names)
	}
}

// TestUsersOwnPackagesAreNotLookedAt: one of the same name as a required one,
// which only this user has.
func TestUsersOwnPackagesAreNotLookedAt(t *testing.T) {
	needGRPC(t)
	home := t.TempDir()
	version, err := exec.Command("/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(home, ".local", "lib", "python"+strings.TrimSpace(string(version)), "site-packages")
	for name, text := range map[string]string{
		"onlymine-9.dist-info/METADATA": "Metadata-Version: 2.1\nName: onlymine\nVersion: 9\n", "onlymine.py": "",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(site, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(site, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	dir := folder(t, map[string]string{"plugin.hcl": pythonManifest + "requires = [\"onlymine\"]\n", "mine.py": pythonPlugin})
	_, err = build.Build(t.Context(), "mine", dir, options(t))
	var missing *stages.MissingToolError
	if !errors.As(err, &missing) {
		t.Errorf("got %v, want that the package is missing", err)
	}
	dir = folder(t, map[string]string{"plugin.hcl": pythonManifest, "mine.py": "import onlymine\n" + pythonPlugin})
	p, err := build.Build(t.Context(), "mine", dir, options(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := host.Open(t.Context(), p.Program, host.Options{}); err == nil || !strings.Contains(err.Error(), "No module named 'onlymine'") {
		t.Errorf("the plugin sees packages of the user: %v", err)
	}
}

func TestVariablesOfTheManifestAreInTheIdentity(t *testing.T) {
	needGRPC(t)
	dir := folder(t, map[string]string{
		"plugin.hcl": pythonManifest + "env = [\"MINE_MODE\"]\nmachine_env = [\"MINE_DEVICE\"]\n", "mine.py": pythonPlugin,
	})
	o := options(t)
	identity := func(mode, device string) string {
		t.Helper()
		t.Setenv("MINE_MODE", mode)
		t.Setenv("MINE_DEVICE", device)
		p, err := build.Build(t.Context(), "mine", dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(p.Env, "MINE_MODE="+mode) || !slices.Contains(p.Env, "MINE_DEVICE="+device) {
			t.Errorf("environment %v", p.Env)
		}
		return p.Identity["environment"]
	}
	first := identity("a", "0")
	if identity("a", "1") != first {
		t.Error("what only says where things are is in the identity")
	}
	if identity("b", "0") == first {
		t.Error("the value of a variable is not in the identity")
	}
}

// TestWhatRunsIsWhatTheDigestSays: a copy that somebody wrote into is made anew.
func TestWhatRunsIsWhatTheDigestSays(t *testing.T) {
	t.Parallel()
	needGRPC(t)
	dir := folder(t, map[string]string{"plugin.hcl": pythonManifest, "mine.py": pythonPlugin})
	o := options(t)
	p, err := build.Build(t.Context(), "mine", dir, o)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.Copied, "mine.py")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o222 != 0 {
		t.Errorf("the copy can be written to: %v", err)
	}
	for name, spoil := range map[string]func() error{
		"changed": func() error { return os.WriteFile(file, []byte("raise SystemExit('spoilt')\n"), 0o644) },
		"more":    func() error { return os.WriteFile(filepath.Join(p.Copied, "cache.json"), []byte("{}"), 0o644) },
		"gone":    func() error { return os.Remove(file) },
		"cut":     func() error { return os.Truncate(file, 0) },
	} {
		for _, name := range []string{p.Copied, file} {
			if err := os.Chmod(name, 0o755); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		again, err := build.Build(t.Context(), "mine", dir, o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(again.Copied, "mine.py"))
		files, _ := os.ReadDir(again.Copied)
		if err != nil || string(text) != pythonPlugin || len(files) != 2 {
			t.Errorf("%s: the spoilt copy is used: %v", name, err)
		}
	}
}

// TestTheExamplesOfTheDocsWork: the first one of each language, as it stands.
func TestTheExamplesOfTheDocsWork(t *testing.T) {
	t.Parallel()
	needGRPC(t)
	raw, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "plugins.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := func(language string) string {
		_, rest, _ := strings.Cut(string(raw), "```"+language+"\n")
		code, _, ok := strings.Cut(rest, "```")
		if !ok {
			t.Fatalf("there is no example in %s", language)
		}
		return code
	}
	for _, files := range []map[string]string{
		{"plugin.hcl": "protocol = 1\nlanguage = \"go\"\n", "main.go": example("go")},
		{"plugin.hcl": pythonManifest, "mine.py": example("python")},
	} {
		p, err := build.Build(t.Context(), "mostly-mono", folder(t, files), options(t))
		if err != nil {
			t.Fatal(err)
		}
		if names := samplers(t, p.Program); !slices.Equal(names, []string{"mostly-mono"}) {
			t.Errorf("samplers %v", names)
		}
	}
}
