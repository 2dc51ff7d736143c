package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"repro/stages"
)

// Options changes how programs are run, never what they make.
type Options struct {
	Grace time.Duration // between SIGTERM and SIGKILL of a cancelled program; 0 means 5 s
}

// Stage is the `exec` stage.
type Stage struct{ options Options }

// New returns the `exec` stage.
func New(options Options) *Stage { return &Stage{options: options} }

// Spec implements stages.Stage.
func (*Stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "exec",
		Version: "1",
		Doc:     "Runs a program with declared inputs, outputs and environment.",
		Class:   "unknown",
		Params: []stages.Param{
			{Name: "command", Type: "list(string)", Doc: "The program and its arguments, run directly and not by a shell; inputs are at in/NAME, outputs go below out/."},
			{Name: "outputs", Type: "map(string)", Default: "{}", Doc: "Output port → the path below out/ that the program writes; a slash at the end means a folder."},
			{Name: "env", Type: "map(string)", Default: "{}", Doc: "Environment variables; the host's own are not passed on, except PATH."},
			{Name: "stdout", Type: "string", Default: `""`, Doc: "The name of an output port that gets the program's standard output; if empty, it goes to the log."},
		},
		Inputs: []stages.Port{
			{Name: "inputs", Arity: stages.Map, Doc: "Files and folders by name; the program finds NAME at in/NAME."},
		},
	}
}

// Check implements stages.Checker.
func (*Stage) Check(raw json.RawMessage) error {
	_, err := parse(raw)
	return err
}

// Outputs implements stages.Outputter.
func (*Stage) Outputs(raw json.RawMessage) ([]stages.Port, error) {
	p, err := parse(raw)
	if err != nil {
		return nil, err
	}
	ports := make([]stages.Port, len(p.ports))
	for i, port := range p.ports {
		ports[i] = stages.Port{Name: port.name, Dir: port.dir, Doc: "What the program writes to out/" + port.path + "."}
	}
	if p.Stdout != "" {
		ports = append(ports, stages.Port{Name: p.Stdout, Doc: "The program's standard output."})
	}
	return ports, nil
}

// Tools implements stages.Tooled. It reports a program that is missing, but no
// version: those of sh, cp or python would make every laptop miss the results
// of every other. A program whose version matters is an input of the stage.
//
// As the key is known without the program, the map is never nil, not even with
// a *MissingToolError: a result that is there can be used where it is missing.
func (*Stage) Tools(_ context.Context, raw json.RawMessage) (map[string]string, error) {
	p, err := parse(raw)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	program := p.Command[0]
	if strings.Contains(program, "/") {
		return versions, nil
	}
	if _, err := exec.LookPath(program); err != nil {
		return versions, &stages.MissingToolError{Tool: fmt.Sprintf("the program %q", program)}
	}
	return versions, nil
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) (err error) {
	p, err := parse(job.Params)
	if err != nil {
		return err
	}
	out := filepath.Join(job.Dir, "out")
	for _, dir := range p.parents() {
		if err := os.MkdirAll(filepath.Join(job.Dir, dir), 0o755); err != nil {
			return err
		}
	}
	cmd := Cmd{Argv: p.Command, Dir: job.Dir, Env: append(Environ(job.Dir, p.Env), GPUEnviron(job.GPUs)...), Grace: s.options.Grace}
	if job.Log != nil {
		cmd.Stdout, cmd.Stderr = job.Log, job.Log
	}
	var stdout *os.File
	if p.Stdout != "" {
		// Not yet below out/, where it could meet a path of the program's.
		stdout, err = os.CreateTemp(job.Dir, "stdout-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stdout.Close()) }()
		cmd.Stdout = stdout
	}
	if err := Run(ctx, cmd); err != nil {
		return explain(err, job.Dir, p.Command)
	}
	if err := p.place(job, out); err != nil {
		return err
	}
	if stdout != nil {
		return os.Rename(stdout.Name(), job.Out[p.Stdout])
	}
	return nil
}

// place checks what the program made and moves each output to where its port
// is expected.
func (p *params) place(job *stages.Job, out string) error {
	if !slices.ContainsFunc(p.ports, func(port output) bool { return port.path != port.name }) {
		return p.verify(out)
	}
	// Ports and paths may cross: what was made moves aside as a whole, and each
	// output from there to its place. The program may have a folder of any name.
	aside, err := os.MkdirTemp(job.Dir, "made-")
	if err != nil {
		return err
	}
	made := filepath.Join(aside, "out")
	if err := os.Rename(out, made); err != nil {
		return err
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	if err := p.verify(made); err != nil {
		return err
	}
	for _, port := range p.ports {
		if err := os.Rename(filepath.Join(made, port.path), job.Out[port.name]); err != nil {
			return err
		}
	}
	return nil
}

// Environ is all that a program sees of the world: the declared variables over
// a fixed environment, the same everywhere but for the host's PATH, and for
// HOME and TMPDIR, which are dir.
func Environ(dir string, declared map[string]string) []string {
	env := map[string]string{
		"PATH":              os.Getenv("PATH"),
		"HOME":              dir,
		"TMPDIR":            dir,
		"LANG":              "C.UTF-8",
		"LC_ALL":            "C.UTF-8",
		"TZ":                "UTC",
		"SOURCE_DATE_EPOCH": "0",
		"PYTHONHASHSEED":    "0",
	}
	maps.Copy(env, declared)
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// Variables by which CUDA's libraries choose devices.
const (
	visibleDevices = "CUDA_VISIBLE_DEVICES"
	deviceOrder    = "CUDA_DEVICE_ORDER"
)

// ChoosesGPUs reports whether CUDA's libraries choose devices by the environment
// variable name, which is thus for the engine to set.
func ChoosesGPUs(name string) bool { return name == visibleDevices || name == deviceOrder }

// GPUEnviron lets a process see the given GPUs and no others: not those that
// another stage works on, nor, if gpus is empty, any on which a program that
// takes what it finds would make other results than elsewhere.
//
// Indices that the host's environment chose count as they do there. Those that
// the engine gave out itself are in the order of nvidia-smi, where CUDA's own
// may be another in each process.
func GPUEnviron(gpus []string) []string {
	env := []string{visibleDevices + "=" + strings.Join(gpus, ",")}
	order, ok := os.LookupEnv(deviceOrder)
	if _, chosen := os.LookupEnv(visibleDevices); !ok && !chosen {
		order, ok = "PCI_BUS_ID", true
	}
	if ok && len(gpus) > 0 {
		env = append(env, deviceOrder+"="+order)
	}
	return env
}

// explain says what to do about a program that could not be started.
func explain(err error, dir string, argv []string) error {
	program := argv[0]
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return &stages.MissingToolError{Tool: fmt.Sprintf("the program %q", program)}
	case errors.Is(err, fs.ErrPermission) && strings.HasPrefix(program, "in/"):
		return fmt.Errorf("%w: an input file is not executable; run it by its interpreter, for example command = [\"sh\", %q]", err, program)
	case errors.Is(err, fs.ErrNotExist) && strings.Contains(program, "/"):
		if _, statErr := os.Stat(resolve(program, dir)); statErr == nil {
			return fmt.Errorf("%w: the file is there, but the interpreter that it names is not", err)
		}
		return fmt.Errorf("%w: a program with a slash is relative to the job's folder, where inputs are at in/NAME", err)
	}
	return err
}
