package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"

	"repro/cache"
	"repro/engine/lang"
	"repro/stages"
)

// planner makes a plan, one stage after another.
type planner struct {
	plan     *Plan
	options  Options
	at       map[*lang.Stage]int
	files    map[string]found   // paths of the workflow that were looked up
	tools    map[string]toolset // by kind and parameters
	previous map[string][]cache.Digest
}

// toolset is what a kind said of its programs.
type toolset struct {
	versions map[string]string
	err      error
}

func (p *planner) add(ctx context.Context, stage *lang.Stage) hcl.Diagnostics {
	n := &Node{Stage: stage}
	p.at[stage] = len(p.plan.Nodes)
	p.plan.Nodes = append(p.plan.Nodes, n)
	if diags := p.inputs(ctx, n); diags.HasErrors() {
		return diags
	}
	tools := p.toolset(ctx, stage)
	var missing *stages.MissingToolError
	if tools.err != nil && !errors.As(tools.err, &missing) {
		return hcl.Diagnostics{problem(stage.Block.Range, "Cannot plan the stage", stage.Addr.String()+": "+tools.err.Error()+".")}
	}
	block := func() { n.Status, n.Reason = Blocked, Reason{Kind: MissingTool, Details: []string{missing.Error()}} }
	if missing != nil && tools.versions == nil {
		block() // the key cannot be known
		return nil
	}
	n.tools = tools.versions
	if waits := p.waits(n); len(waits) > 0 {
		n.Status, n.Reason = Unknown, Reason{Kind: Upstream, Details: waits}
		return nil
	}
	diags := p.lookup(ctx, n)
	if missing != nil && n.Status == Run {
		block()
	}
	return diags
}

// lookup finds out whether the node's action has a usable result.
func (p *planner) lookup(ctx context.Context, n *Node) hcl.Diagnostics {
	i := p.at[n.Stage]
	n.Task = p.plan.Resolve(i, func(node int) *cache.Result { return p.plan.Nodes[node].Result })
	n.Key = n.Task.Action.Key()
	result, err := p.options.Store.Lookup(ctx, n.Key)
	switch {
	case errors.Is(err, cache.ErrMiss):
		n.Status = Run
		if n.Reason, err = p.why(ctx, n); err != nil {
			return hcl.Diagnostics{problem(n.Stage.Block.Range, "Cannot read the cache", err.Error())}
		}
		return nil
	case err != nil:
		return hcl.Diagnostics{problem(n.Stage.Block.Range, "Cannot read the cache", err.Error())}
	}
	complete, err := cache.Complete(ctx, p.options.Store, result)
	if err != nil {
		return hcl.Diagnostics{problem(n.Stage.Block.Range, "Cannot read the cache", err.Error())}
	}
	if !complete {
		n.Status, n.Reason = Run, Reason{Kind: OutputGone}
		return nil
	}
	n.Status, n.Result, n.Reason = Hit, result, Reason{Kind: Cached}
	return nil
}

// waits returns the addresses of the stages that have to run before the inputs
// of n are known.
func (p *planner) waits(n *Node) []string {
	var waits []string
	for _, need := range n.Needs {
		if p.plan.Nodes[need].Status != Hit {
			waits = append(waits, p.plan.Nodes[need].Stage.Addr.String())
		}
	}
	return waits
}

// inputs expands patterns, names files by their digests and notes what n needs.
func (p *planner) inputs(ctx context.Context, n *Node) hcl.Diagnostics {
	var diags hcl.Diagnostics
	position := map[string]int{} // in list ports, where patterns may add elements
	next := func(port string) string {
		position[port]++
		return strconv.Itoa(position[port] - 1)
	}
	for _, in := range n.Stage.Inputs {
		if in.From != nil {
			from := p.at[in.From]
			if !slices.Contains(n.Needs, from) {
				n.Needs = append(n.Needs, from)
			}
			name := in.Name
			if in.Arity == stages.List {
				name = next(in.Port)
			}
			n.inputs = append(n.inputs, input{port: in.Port, name: name, from: from, out: in.Out})
			continue
		}
		at := n.Stage.Block.At(in.Port)
		matches, err := p.find(ctx, in.Path)
		if err != nil {
			diags = append(diags, problem(at, "Cannot read an input", fmt.Sprintf("%s of %s: %s.", in.Port, n.Stage.Addr, err)))
			continue
		}
		if in.Arity != stages.List && len(matches) != 1 {
			diags = append(diags, problem(at, "Bad input", fmt.Sprintf("%s of %s takes one file or folder; %q matches %d.", in.Port, n.Stage.Addr, in.Path, len(matches))))
			continue
		}
		for _, match := range matches {
			name := in.Name
			if in.Arity == stages.List {
				name = next(in.Port)
			}
			n.inputs = append(n.inputs, input{port: in.Port, name: name, path: match.Name, artifact: match.Artifact})
			n.sources = append(n.sources, match)
		}
	}
	return diags
}

func (p *planner) toolset(ctx context.Context, s *lang.Stage) toolset {
	tooled, ok := s.Block.Stage.(stages.Tooled)
	if !ok {
		return toolset{}
	}
	params := lang.ParamsJSON(s.Params)
	key := s.Block.Kind + string(params)
	known, ok := p.tools[key]
	if !ok {
		known.versions, known.err = tooled.Tools(ctx, params)
		p.tools[key] = known
	}
	return known
}

func problem(at hcl.Range, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
}
