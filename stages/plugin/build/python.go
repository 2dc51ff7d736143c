package build

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"repro/stages"
)

// versions is run by a plugin's interpreter: its own version, then that of each
// distribution that the manifest names. -I keeps the current folder and the
// user's variables from having a say.
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
	out, err := exec.CommandContext(b.ctx, b.python, append([]string{"-I", "-c", versions}, b.manifest.Requires...)...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if name, missing := strings.CutPrefix(strings.TrimSpace(string(exit.Stderr)), "missing "); missing {
			return &stages.MissingToolError{
				Tool:    fmt.Sprintf("the Python package %s, which the plugin %s requires,", name, b.name),
				Install: fmt.Sprintf("%s -m pip install %s", b.manifest.Interpreter, name),
			}
		}
		return fmt.Errorf("%s: %w: %s", b.manifest.Interpreter, err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return err
	}
	b.program.Identity[partToolchain] = strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", ", ")
	if b.sdk, err = newPythonSDK(b.Root, b.SDK); err != nil {
		return err
	}
	b.program.Identity[partSDK] = b.sdk.digest
	return nil
}

// pythonEnv lets the plugin find the SDK, and makes two runs of it alike.
func (b *builder) pythonEnv() []string {
	return []string{"PYTHONPATH=" + b.sdk.dir, "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"}
}
