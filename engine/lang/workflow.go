package lang

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2"

	"repro/cache/runs"
	"repro/engine"
	"repro/stages"
)

// Workflow is an evaluated workflow file.
type Workflow struct {
	Name        string
	Description string
	File        string            // the file as it was named by the caller
	Dir         string            // the folder that relative paths start from
	Vars        map[string]string // the value of every variable, as JSON
	Changed     []string          // the variables whose value is not their default, sorted
	Plugins     []*Plugin         // in the order of the file
	Stages      []*Stage          // each after all those that it refers to
	Reports     []*Report         // in the order of the file
	Claims      []*Claim          // in the order of the file
	Papers      []*Paper          // in the order of the file
	Sources     map[string]*hcl.File

	copied    *Copy
	variables []*variable
	values    *values // what its expressions could refer to
}

// Path returns where a path of the workflow is on this machine.
func (w *Workflow) Path(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	path := filepath.Join(w.Dir, name)
	if w.copied != nil {
		if rel, err := filepath.Rel(w.copied.Root, path); err != nil || !filepath.IsLocal(rel) {
			return filepath.Join(w.copied.Dir, name)
		}
	}
	return path
}

// Block is a stage block: what its instances have in common.
type Block struct {
	Kind, Name string
	Stage      stages.Stage
	Spec       stages.Spec
	Range      hcl.Range            // of the block's header
	Attrs      map[string]hcl.Range // of each attribute's expression
}

// At returns the place of the named attribute, or of the block's header if it
// has none.
func (b *Block) At(attr string) hcl.Range {
	if r, ok := b.Attrs[attr]; ok {
		return r
	}
	return b.Range
}

// Stage is one instance of a stage block.
type Stage struct {
	Addr      engine.Addr
	Block     *Block
	Params    map[string]string // every parameter of the kind, as canonical JSON
	Inputs    []Input           // by port in the kind's order, then by position or name
	Outputs   []stages.Port
	Resources engine.Resources
}

// Input is one thing given to an input port: either an output of another
// instance or a path.
type Input struct {
	Port  string
	Name  string // in a port of arity Map
	Arity stages.Arity
	From  *Stage // nil for a path
	Out   string // the output port of From
	Path  string // a file, a folder or a pattern, relative to Workflow.Dir
}

// Report is a report block: what records of runs keep of it, and its place.
type Report struct {
	runs.Report
	Range hcl.Range
}

// Claim is a claim block: what records of runs keep of it, and its place.
type Claim struct {
	runs.Claim
	Range hcl.Range
}

// Paper is a paper block: a template and what it is filled with.
type Paper struct {
	Name     string
	Template string            // a LaTeX file, relative to Workflow.Dir
	Values   map[string]string // texts that the template can show
	Range    hcl.Range
}
