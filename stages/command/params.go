package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"repro/stages"
)

// params is what a workflow says of an exec stage.
type params struct {
	Command []string          `json:"command"`
	Outputs map[string]string `json:"outputs"`
	Env     map[string]string `json:"env"`
	Stdout  string            `json:"stdout"`

	ports []output // Outputs, sorted by name
}

// output is a port with what the program writes for it.
type output struct {
	name string
	path string // slash-separated, relative to out/, clean
	dir  bool
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)
	envName    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func parse(raw json.RawMessage) (*params, error) {
	p := &params{}
	if err := stages.DecodeParams(raw, p); err != nil {
		return nil, err
	}
	if len(p.Command) == 0 || p.Command[0] == "" {
		return nil, &stages.ParamError{Param: "command", Problem: "names no program"}
	}
	for _, arg := range p.Command {
		if strings.ContainsRune(arg, 0) {
			return nil, &stages.ParamError{Param: "command", Problem: fmt.Sprintf("the argument %q contains a NUL", arg)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Env)) {
		if !envName.MatchString(name) || strings.ContainsRune(p.Env[name], 0) {
			return nil, &stages.ParamError{Param: "env", Problem: fmt.Sprintf("%q is no environment variable", name)}
		}
		if ChoosesGPUs(name) {
			return nil, &stages.ParamError{
				Param: "env", Problem: name + " is set by the engine, as it knows which GPUs are free",
				Hint: "Leave it away, and say how many the stage needs: resources { gpus = 1 }",
			}
		}
	}
	if err := p.parseOutputs(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *params) parseOutputs() error {
	problem := func(param, format string, args ...any) error {
		return &stages.ParamError{Param: param, Problem: fmt.Sprintf(format, args...)}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Outputs)) {
		text := p.Outputs[name]
		clean := path.Clean(text)
		switch {
		case !identifier.MatchString(name):
			return problem("outputs", "the port %q is not an identifier of at most 100 characters", name)
		case !filepath.IsLocal(text) || clean == "." || strings.ContainsRune(text, 0):
			return problem("outputs", "the path %q of port %q is not one below out/", text, name)
		}
		p.ports = append(p.ports, output{name: name, path: clean, dir: strings.HasSuffix(text, "/")})
	}
	for _, a := range p.ports {
		for _, b := range p.ports {
			if a.name != b.name && (a.path == b.path || strings.HasPrefix(b.path, a.path+"/")) {
				return problem("outputs", "the path of port %q is in that of port %q", b.name, a.name)
			}
		}
	}
	if p.Stdout != "" {
		if !identifier.MatchString(p.Stdout) {
			return problem("stdout", "the port %q is not an identifier of at most 100 characters", p.Stdout)
		}
		if _, taken := p.Outputs[p.Stdout]; taken {
			return problem("stdout", "the port %q is also in outputs", p.Stdout)
		}
	}
	if len(p.ports) == 0 && p.Stdout == "" {
		return &stages.ParamError{
			Param:   "outputs",
			Problem: "the stage has no output",
			Hint:    `Declare what the program writes: outputs = { result = "result.txt" } for out/result.txt, or stdout = "result".`,
		}
	}
	return nil
}

// parents returns the folders, relative to the job's, that a program may
// expect. The folder of an output is not among them: making it is its work.
func (p *params) parents() []string {
	var dirs []string
	for _, port := range p.ports {
		if dir := path.Dir(port.path); dir != "." {
			dirs = append(dirs, path.Join("out", dir))
		}
	}
	return dirs
}

// verify returns an error for each output that is not below made, or not of
// the declared type, and for a file that is where standard output belongs.
func (p *params) verify(made string) error {
	var errs []error
	for _, port := range p.ports {
		info, err := os.Lstat(filepath.Join(made, port.path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, p.forgotten(port, made))
		case err != nil:
			errs = append(errs, err)
		case port.dir && !info.IsDir():
			errs = append(errs, fmt.Errorf("output %s: out/%s is not a folder; declare a file without the slash at the end", port.name, port.path))
		case !port.dir && info.IsDir():
			errs = append(errs, fmt.Errorf("output %s: out/%s is a folder; declare it with a slash at the end: %q", port.name, port.path, port.path+"/"))
		case !port.dir && !info.Mode().IsRegular():
			errs = append(errs, fmt.Errorf("output %s: out/%s is not a regular file; copy what it points to", port.name, port.path))
		}
	}
	if p.Stdout != "" && !p.declares(p.Stdout) {
		if _, err := os.Lstat(filepath.Join(made, p.Stdout)); err == nil {
			errs = append(errs, fmt.Errorf("the program wrote out/%[1]s, which is the place of its standard output; give the port stdout = %[1]q another name, or declare out/%[1]s in outputs", p.Stdout))
		} else if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// declares says whether a file or folder right below out/ is, or holds, an
// output.
func (p *params) declares(name string) bool {
	return slices.ContainsFunc(p.ports, func(port output) bool {
		return port.path == name || strings.HasPrefix(port.path, name+"/")
	})
}

// forgotten names what is there instead of an output.
func (p *params) forgotten(port output, made string) error {
	const most = 20
	var there []string
	best, bestDistance := "", 4 // three slips of the finger, not more
	err := filepath.WalkDir(made, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && !port.dir || file == made {
			return err
		}
		rel, err := filepath.Rel(made, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if len(there) < most {
			there = append(there, rel)
		} else if len(there) == most {
			there = append(there, "…")
		}
		declared := slices.ContainsFunc(p.ports, func(o output) bool { return o.path == rel })
		if d := levenshtein.Distance(port.path, rel, nil); !declared && d < bestDistance {
			best, bestDistance = rel, d
		}
		return nil
	})
	if err != nil {
		return err
	}
	message := fmt.Sprintf("the program did not write output %s (out/%s); out/ holds: %s", port.name, port.path, strings.Join(there, ", "))
	if len(there) == 0 {
		message = fmt.Sprintf("the program did not write output %s (out/%s); out/ is empty", port.name, port.path)
	}
	if best != "" {
		message += fmt.Sprintf("; did you mean %q?", best)
	}
	return errors.New(message)
}
