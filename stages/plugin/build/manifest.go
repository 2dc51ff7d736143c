package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsimple"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"repro/stages/command"
	"repro/stages/plugin"
)

// ManifestFile is what makes a folder a plugin.
const ManifestFile = "plugin.hcl"

// The languages of plugins.
const (
	Go     = "go"
	Python = "python"
	Binary = "binary" // a program that is in the folder ready to run
)

// Manifest is the content of plugin.hcl: what must be known of a plugin before
// it can be started.
type Manifest struct {
	Protocol    int      `hcl:"protocol"`
	Language    string   `hcl:"language"`
	Interpreter string   `hcl:"interpreter,optional"` // python: a program in PATH, or a path, relative to the plugin's folder
	File        string   `hcl:"file,optional"`        // python: the file to run; binary: the program
	Requires    []string `hcl:"requires,optional"`    // python: distributions whose versions matter, such as "numpy"
	Env         []string `hcl:"env,optional"`         // names of environment variables that are passed on, and whose values are in the key
	MachineEnv  []string `hcl:"machine_env,optional"` // names of those that only say where things are on this machine
	Cases       []Case   `hcl:"case,block"`
}

// Case is a job that the conformance suite runs, besides its own.
type Case struct {
	Name    string              `hcl:"name,label"`
	Sampler string              `hcl:"sampler,optional"` // either a sampler
	Kind    string              `hcl:"kind,optional"`    // or a kind
	RawVals *cty.Value          `hcl:"params,optional"`
	Inputs  map[string][]string `hcl:"inputs,optional"` // port → files or folders of the plugin's folder
}

// Params returns the parameters as a JSON object.
func (c *Case) Params() (json.RawMessage, error) {
	if c.RawVals == nil || c.RawVals.IsNull() {
		return json.RawMessage("{}"), nil
	}
	return ctyjson.Marshal(*c.RawVals, c.RawVals.Type())
}

// LoadManifest reads the manifest in the folder dir.
func LoadManifest(dir string) (*Manifest, error) {
	name := filepath.Join(dir, ManifestFile)
	src, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, dirErr := os.Stat(dir); dirErr != nil {
			return nil, fmt.Errorf("there is no folder %s", dir)
		}
		return nil, fmt.Errorf("the folder %s has no %s, which says how the plugin is started. A new plugin is made with: repro plugin new sampler NAME --lang go|python", dir, ManifestFile)
	}
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := hclsimple.Decode(name, src, nil, m); err != nil {
		var diags hcl.Diagnostics
		if errors.As(err, &diags) { // the first says it; the rest often follows from it
			return nil, diags[0]
		}
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func (m *Manifest) check() error {
	if m.Protocol != plugin.Version {
		return fmt.Errorf("protocol = %d; this repro speaks version %d", m.Protocol, plugin.Version)
	}
	switch {
	case m.Language == Go && (m.File != "" || m.Interpreter != "" || len(m.Requires) > 0):
		return errors.New("file, interpreter and requires are not for Go plugins: the package in the folder is built, its modules are in go.mod")
	case m.Language == Python && m.File == "":
		return errors.New(`file is missing: name the Python file to run, file = "NAME.py"`)
	case m.Language == Python && m.Interpreter == "":
		return errors.New(`interpreter is missing: name the Python to run it with, interpreter = "python3"`)
	case m.Language == Binary && m.File == "":
		return errors.New("file is missing: name the program in the folder")
	case !slices.Contains([]string{Go, Python, Binary}, m.Language):
		return fmt.Errorf("language = %q; there are %s, %s and %s", m.Language, Go, Python, Binary)
	}
	if m.File != "" && !filepath.IsLocal(m.File) {
		return fmt.Errorf("file = %q leaves the plugin's folder", m.File)
	}
	for _, c := range m.Cases {
		if (c.Sampler == "") == (c.Kind == "") {
			return fmt.Errorf("case %q: name either a sampler or a kind", c.Name)
		}
		for port, files := range c.Inputs {
			for _, file := range files {
				if !filepath.IsLocal(file) {
					return fmt.Errorf("case %q: input %s: %q leaves the plugin's folder", c.Name, port, file)
				}
			}
		}
	}
	for _, name := range slices.Concat(m.Env, m.MachineEnv) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return fmt.Errorf("env: %q is not the name of a variable", name)
		}
	}
	if i := slices.IndexFunc(m.Env, command.ChoosesGPUs); i >= 0 {
		return fmt.Errorf("env: a stage is told by %s which GPUs are its own, and results do not depend on that: leave it away, and ask for GPUs in the workflow, resources { gpus = 1 }", m.Env[i])
	}
	return nil
}
