package scaffold

import (
	"context"
	"fmt"
	"os/exec"
)

// interpreters are the Pythons that are looked for, in this order: the user's
// own, and the system's, which Debian's packages are for.
func interpreters() []string { return []string{"python3", "/usr/bin/python3"} }

// installPython says how to get what the SDK needs.
const installPython = "this Python plugin needs the packages grpcio and protobuf: apt-get install python3-grpcio python3-protobuf, " +
	"or python3 -m pip install grpcio protobuf. Then name the Python that has them in plugin.hcl, as interpreter"

// findPython returns the first interpreter that can run a plugin, or the name
// of any and how to make one.
func findPython(ctx context.Context) (interpreter, advice string) {
	for _, candidate := range interpreters() {
		if exec.CommandContext(ctx, candidate, "-I", "-c", "import grpc, google.protobuf").Run() == nil {
			return candidate, ""
		}
	}
	return interpreters()[0], installPython
}

// checkModule refuses a name that would hide another module, or that no module
// can have. It says nothing if there is no Python to ask.
func checkModule(ctx context.Context, interpreter, module string) error {
	const script = `
import keyword, sys
taken = {*sys.stdlib_module_names, "grpc", "google", "repro_plugin"}
sys.exit(3 if keyword.iskeyword(sys.argv[1]) or sys.argv[1] in taken else 0)
`
	cmd := exec.CommandContext(ctx, interpreter, "-I", "-c", script, module)
	const taken = 3
	if _ = cmd.Run(); cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == taken {
		return fmt.Errorf("%s is a word or a module of Python itself, which %s.py would hide: choose another name", module, module)
	}
	return nil
}
