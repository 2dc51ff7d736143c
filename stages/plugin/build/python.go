package build

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"repro/stages"
	"repro/stages/plugin/host"
)

// versions is run by a plugin's interpreter, in the environment that the plugin
// gets: its own version, then that of each distribution that the manifest names.
const versions = `
import platform, sys
from importlib import metadata
print(platform.python_implementation(), platform.python_version())
for name in sys.argv[1:]:
    try:
        print(name, metadata.version(name))
    except metadata.PackageNotFoundError:
        sys.exit(f"missing {name}")
`

func (b *builder) preparePython() error {
	interpreter := b.manifest.Interpreter
	if strings.Contains(interpreter, "/") && !filepath.IsAbs(interpreter) {
		interpreter = filepath.Join(b.dir, interpreter) // a virtual environment beside the sources
	}
	path, err := exec.LookPath(interpreter)
	if err != nil {
		return &stages.MissingToolError{
			Tool:    fmt.Sprintf("%s, the interpreter of the plugin %s,", b.manifest.Interpreter, b.name),
			Install: "apt-get install python3 python3-grpcio python3-protobuf",
		}
	}
	if b.python, err = filepath.Abs(path); err != nil {
		return err
	}
	if b.sdk, err = newPythonSDK(b.Root, b.SDK); err != nil {
		return err
	}
	if strings.Contains(b.sdk.dir, ":") {
		return fmt.Errorf("%s: a path with a colon cannot be on Python's path. Keep results elsewhere: --cache DIR", b.sdk.dir)
	}
	b.program.Identity[partSDK] = b.sdk.digest
	cmd := exec.CommandContext(b.ctx, b.python, append([]string{"-c", versions}, b.manifest.Requires...)...)
	cmd.Dir = b.sdk.dir // -c puts the current folder on the path
	cmd.Env = slices.Concat(host.Environment(os.TempDir()), b.program.Env, b.pythonEnv())
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if name, missing := strings.CutPrefix(strings.TrimSpace(string(exit.Stderr)), "missing "); missing {
			return &stages.MissingToolError{
				Tool:    fmt.Sprintf("the Python package %s, which the plugin %s requires,", name, b.name),
				Install: fmt.Sprintf("%s -m pip install %s (in a virtual environment; packages of the user alone are not looked at)", b.manifest.Interpreter, name),
			}
		}
		return fmt.Errorf("%s: %w: %s", b.manifest.Interpreter, err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return because(b.ctx, err)
	}
	b.program.Identity[partToolchain] = strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", ", ")
	return nil
}

// pythonEnv lets the plugin find the SDK, and makes two runs of it alike, for
// every user.
func (b *builder) pythonEnv() []string {
	return []string{"PYTHONPATH=" + b.sdk.dir, "PYTHONNOUSERSITE=1", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"}
}
