package build

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"

	"repro/stages/command"
	"repro/stages/plugin/host"
)

// ErrNoTests says that a plugin has no tests of its own.
var ErrNoTests = errors.New("the plugin has no tests")

// SelfTest runs the tests that the plugin's author wrote, in the new folder dir
// below an existing one, and writes what they say to out: `go test` with the
// same SDK that the plugin was built with, or Python's unittest. Tests may
// write beside themselves without changing what runs as the plugin.
func (p *Plugin) SelfTest(ctx context.Context, dir string, out io.Writer) error {
	files, err := list(os.DirFS(p.Copied), ".")
	if err != nil {
		return err
	}
	source := filepath.Join(dir, sourceDir)
	if err := copyFiles(source, os.DirFS(p.Copied), files); err != nil {
		return err
	}
	cmd := command.Cmd{Dir: source, Stdout: out, Stderr: out}
	switch {
	case p.Manifest.Language == Go && hasFile(files, "*_test.go"):
		workspace, err := os.ReadFile(filepath.Join(filepath.Dir(p.Copied), "go.work"))
		if err != nil {
			return err
		}
		file := filepath.Join(dir, "go.work")
		if err := writeFile(file, workspace); err != nil {
			return err
		}
		cmd.Argv = []string{"go", "test", "-trimpath", "./..."}
		if cmd.Env, err = goEnv(ctx, "GOWORK="+file); err != nil {
			return err
		}
	case p.Manifest.Language == Python && hasFile(files, "test*.py"):
		cmd.Argv, cmd.Env = []string{p.Argv[0], "-m", "unittest", "discover"}, append(host.Environment(dir), p.Env...)
	default:
		return ErrNoTests
	}
	return command.Run(ctx, cmd)
}

// hasFile reports whether the base name of one of files matches a pattern.
func hasFile(files []string, pattern string) bool {
	for _, file := range files {
		if ok, _ := path.Match(pattern, path.Base(file)); ok {
			return true
		}
	}
	return false
}
