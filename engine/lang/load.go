package lang

import (
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"repro/stages"
)

// Options says what a workflow is loaded with.
type Options struct {
	Kinds    *stages.Registry  // the kinds of stages that it may use
	Version  string            // of repro, for the workflow block's requires
	VarFiles []string          // files of NAME = VALUE lines; later ones win
	Vars     map[string]string // values as written on the command line; they win over files

	// Copied is set if the file is in a copy of a folder.
	Copied *Copy

	// Open returns the kinds that there are once the plugin is open: all that
	// were before and what it adds. It is called once for each plugin that a
	// stage uses; the workflow it is given has no stages yet.
	Open func(w *Workflow, p *Plugin) (*stages.Registry, error)
}

// Copy says that a workflow's file is in a copy of a folder, such as that of a
// commit: paths that leave the folder go on from where the original is.
type Copy struct {
	Root string // the copy
	Dir  string // the original of the workflow's own folder
}

// Load reads and evaluates a workflow file. The returned Workflow always has
// its Sources, so that diagnostics can be shown with their lines; the rest of
// it is valid only if there are no errors.
func Load(file string, o Options) (*Workflow, hcl.Diagnostics) {
	parser := hclparse.NewParser()
	w := &Workflow{File: file, Dir: filepath.Dir(file), Sources: parser.Files(), copied: o.Copied}
	src, err := os.ReadFile(file)
	if err != nil {
		return w, hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Cannot read the workflow",
			Detail:   err.Error(),
		}}
	}
	parsed, diags := parser.ParseHCL(src, file)
	if diags.HasErrors() {
		return w, diags
	}
	e := &evaluator{workflow: w, options: o, values: newValues(), reports: map[string]*Report{}, unbound: map[hcl.Range]*hcl.Diagnostic{}}
	diags = append(diags, e.declare(parsed.Body.(*hclsyntax.Body))...)
	if diags.HasErrors() {
		return w, diags
	}
	given, more := loadVars(parser, o, e.variables)
	diags = append(diags, more...)
	if diags.HasErrors() {
		return w, diags
	}
	e.given = given
	w.variables, w.values = e.variables, e.values
	diags = append(diags, e.evaluate()...)
	return w, diags
}
