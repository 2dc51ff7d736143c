package plan

import (
	"context"

	"github.com/hashicorp/hcl/v2"

	"repro/cache"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/lang"
)

// Status says what is to become of a stage.
type Status string

// The statuses of a node.
const (
	Hit     Status = "hit"     // its result is at hand
	Run     Status = "run"     // its action is known and has no result
	Unknown Status = "unknown" // its inputs are made by stages that run first; it may yet be a hit
	Blocked Status = "blocked" // a program that it needs is missing
)

// Plan is what a run of a workflow would do.
type Plan struct {
	Workflow *lang.Workflow
	Nodes    []*Node // each after those that it needs
}

// Node is one stage of a plan.
type Node struct {
	Stage  *lang.Stage
	Needs  []int // positions in Plan.Nodes
	Status Status
	Reason Reason
	Task   *engine.Task  // nil if Unknown or Blocked
	Key    cache.Digest  // of Task.Action
	Result *cache.Result // of a Hit

	inputs  []input           // in the order of Stage.Inputs, patterns expanded
	sources []Source          // the files and folders of the user's that it reads
	tools   map[string]string // what its kind says of the programs that it runs
}

// Source is a file or folder outside the store that a stage reads.
type Source struct {
	Name     string // as the workflow would name it, with slashes
	Path     string // as it can be opened
	Artifact cache.Artifact
}

// input is one artifact at a port: of a file, known, or of another node.
type input struct {
	port, name string
	artifact   cache.Artifact // of a path
	path       string         // as the workflow names it, "" for another node
	from       int            // else a position in Plan.Nodes
	out        string
}

// Count returns how many nodes have the status.
func (p *Plan) Count(s Status) int {
	n := 0
	for _, node := range p.Nodes {
		if node.Status == s {
			n++
		}
	}
	return n
}

// Sources returns the files and folders outside of the store that the stage
// reads.
func (n *Node) Sources() []Source { return n.sources }

// Tools returns the programs that the stage runs, with their versions or
// digests, and the parts of the plugin that does its work.
func (n *Node) Tools() map[string]string { return n.tools }

// Inputs returns what the input ports of node i are given, for its record.
func (p *Plan) Inputs(i int) []runs.Input {
	n := p.Nodes[i]
	list := make([]runs.Input, 0, len(n.inputs))
	for _, in := range n.inputs {
		given := runs.Input{Port: in.port, Name: in.name, Path: in.path}
		if in.path == "" {
			given.Stage, given.Output = p.Nodes[in.from].Stage.Addr.String(), in.out
		}
		list = append(list, given)
	}
	return list
}

// Resolve returns the task of node i once the results of all that it needs are
// known; result returns that of another node.
func (p *Plan) Resolve(i int, result func(node int) *cache.Result) *engine.Task {
	return &engine.Task{Addr: p.Nodes[i].Stage.Addr, Action: p.action(i, result), Resources: p.Nodes[i].Stage.Resources}
}

// Action returns the action of node i as far as it is known: inputs that other
// stages have yet to make have no digest.
func (p *Plan) Action(i int) *cache.Action {
	return p.action(i, func(node int) *cache.Result {
		if r := p.Nodes[node].Result; r != nil {
			return r
		}
		return &cache.Result{}
	})
}

func (p *Plan) action(i int, result func(node int) *cache.Result) *cache.Action {
	n := p.Nodes[i]
	action := &cache.Action{
		Kind:    n.Stage.Block.Kind,
		Version: n.Stage.Block.Spec.Version,
		Params:  n.Stage.Params,
		Inputs:  make([]cache.Input, 0, len(n.inputs)),
		Outputs: make([]cache.Output, 0, len(n.Stage.Outputs)),
		Tools:   n.tools,
	}
	for _, in := range n.inputs {
		artifact := in.artifact
		if in.path == "" {
			artifact = result(in.from).Outputs[in.out]
		}
		action.Inputs = append(action.Inputs, cache.Input{Port: in.port, Name: in.name, Artifact: artifact})
	}
	for _, port := range n.Stage.Outputs {
		action.Outputs = append(action.Outputs, cache.Output{Port: port.Name, Tree: port.Dir})
	}
	return action
}

// Options says what a plan is made with.
type Options struct {
	Store    cache.Store
	Files    cache.Files
	Targets  []engine.Pattern                 // stages wanted, with all that they need; empty means all
	Previous func() map[string][]cache.Digest // address → action keys of earlier runs, newest first, for reasons; may be nil
}

// New makes a plan. Files that are missing, and patterns that match nothing,
// are errors at their place in the workflow.
func New(ctx context.Context, w *lang.Workflow, o Options) (*Plan, hcl.Diagnostics) {
	p := &planner{
		plan:    &Plan{Workflow: w},
		options: o,
		at:      map[*lang.Stage]int{},
		files:   map[string]found{},
		tools:   map[string]toolset{},
	}
	wanted, diags := selectStages(w, o.Targets)
	if diags.HasErrors() {
		return nil, diags
	}
	for _, stage := range w.Stages {
		if !wanted[stage] {
			continue
		}
		diags = append(diags, p.add(ctx, stage)...)
		if ctx.Err() != nil {
			return nil, append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Interrupted", Detail: context.Cause(ctx).Error()})
		}
	}
	return p.plan, diags
}

// selectStages returns the stages that the targets mean, and all that those need.
func selectStages(w *lang.Workflow, targets []engine.Pattern) (map[*lang.Stage]bool, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	wanted := make(map[*lang.Stage]bool, len(w.Stages))
	for _, target := range targets {
		any := false
		known := make([]engine.Addr, 0, len(w.Stages))
		for _, s := range w.Stages {
			known = append(known, s.Addr)
			if target.Match(s.Addr) {
				wanted[s], any = true, true
			}
		}
		if !any {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "No such stage",
				Detail:   "The workflow has no stage " + target.String() + "." + target.Hint(known) + " List them with: repro plan " + w.File,
			})
		}
	}
	// Stages stand behind what they need, so one walk backwards finds it all.
	for i := len(w.Stages) - 1; i >= 0; i-- {
		s := w.Stages[i]
		if len(targets) == 0 {
			wanted[s] = true
		}
		if wanted[s] {
			for _, in := range s.Inputs {
				if in.From != nil {
					wanted[in.From] = true
				}
			}
		}
	}
	return wanted, diags
}
