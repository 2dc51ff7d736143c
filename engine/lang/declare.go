package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"repro/engine"
)

// The blocks of a workflow file.
const (
	blockWorkflow = "workflow"
	blockVariable = "variable"
	blockLocals   = "locals"
	blockPlugin   = "plugin"
	blockStage    = "stage"
	blockReport   = "report"
	blockClaim    = "claim"
	blockPaper    = "paper"
)

// blockLabels says how many labels each block has, and what they are.
var blockLabels = map[string][]string{
	blockWorkflow: {"NAME"},
	blockVariable: {"NAME"},
	blockLocals:   {},
	blockPlugin:   {"NAME"},
	blockStage:    {"KIND", "NAME"},
	blockReport:   {"NAME"},
	blockClaim:    {"NAME"},
	blockPaper:    {"NAME"},
}

// node is one thing that can be referred to or that refers to others.
type node struct {
	ref   ref
	block *hclsyntax.Block     // nil for a local
	expr  hclsyntax.Expression // of a local
	at    hcl.Range
}

// ref names a node: {var scale}, {local langs}, {stage train encoder}.
type ref struct{ root, kind, name string }

func (r ref) String() string {
	if r.kind != "" {
		return r.root + "." + r.kind + "." + r.name
	}
	return r.root + "." + r.name
}

// declare notes every block of the file without evaluating anything.
func (e *evaluator) declare(body *hclsyntax.Body) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, attr := range sortedAttrs(body.Attributes) {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Unexpected attribute",
			Detail:   fmt.Sprintf("%q stands outside of any block. Constants belong into a locals block.", attr.Name),
			Subject:  attr.NameRange.Ptr(),
		})
	}
	seenWorkflow := false
	for _, block := range body.Blocks {
		labels, known := blockLabels[block.Type]
		if !known {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Unknown block",
				Detail:   fmt.Sprintf("There is no block %q.%s", block.Type, engine.DidYouMean(block.Type, slices.Sorted(maps.Keys(blockLabels)))),
				Subject:  block.TypeRange.Ptr(),
			})
			continue
		}
		if more := checkLabels(block, labels); more.HasErrors() {
			diags = append(diags, more...)
			continue
		}
		switch block.Type {
		case blockWorkflow:
			if seenWorkflow {
				diags = append(diags, &hcl.Diagnostic{
					Severity: hcl.DiagError,
					Summary:  "Declared twice",
					Detail:   "There is already a workflow block.",
					Subject:  block.DefRange().Ptr(),
				})
				continue
			}
			seenWorkflow = true
			diags = append(diags, e.declareWorkflow(block)...)
		case blockLocals:
			for _, attr := range sortedAttrs(block.Body.Attributes) {
				n := &node{ref: ref{root: "local", name: attr.Name}, expr: attr.Expr, at: attr.NameRange}
				diags = append(diags, e.add(n)...)
			}
			diags = append(diags, refuseBlocks(block.Body)...)
		case blockVariable:
			n := &node{ref: ref{root: "var", name: block.Labels[0]}, block: block, at: block.DefRange()}
			diags = append(diags, e.add(n)...)
			v, more := declareVariable(block)
			diags = append(diags, more...)
			e.variables = append(e.variables, v)
		case blockStage:
			n := &node{ref: ref{root: "stage", kind: block.Labels[0], name: block.Labels[1]}, block: block, at: block.DefRange()}
			diags = append(diags, e.add(n)...)
		case blockPlugin:
			diags = append(diags, e.declarePlugin(block)...)
		case blockReport, blockClaim, blockPaper:
			n := &node{ref: ref{root: block.Type, name: block.Labels[0]}, block: block, at: block.DefRange()}
			diags = append(diags, e.add(n)...)
		}
	}
	return append(diags, e.checkKinds(body)...)
}

// checkKinds refuses kinds that are neither known nor a plugin's, before
// references to their stages are looked at: those would look wrong.
func (e *evaluator) checkKinds(body *hclsyntax.Body) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, block := range body.Blocks {
		if block.Type != blockStage || len(block.Labels) == 0 {
			continue
		}
		if kind := block.Labels[0]; !e.builtin(kind) && e.pluginOf(kind) == nil {
			diags = append(diags, e.unknownKind(kind, block.LabelRanges[0]))
		}
	}
	return diags
}

func (e *evaluator) declareWorkflow(block *hclsyntax.Block) hcl.Diagnostics {
	var body struct {
		Requires    string `hcl:"requires,optional"`
		Description string `hcl:"description,optional"`
	}
	diags := gohcl.DecodeBody(block.Body, nil, &body)
	if diags.HasErrors() {
		return diags
	}
	e.workflow.Name, e.workflow.Description = block.Labels[0], body.Description
	if body.Requires == "" {
		return diags
	}
	at := block.Body.Attributes["requires"].Expr.Range()
	constraint, err := version.NewConstraint(body.Requires)
	if err != nil {
		return append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Bad version constraint",
			Detail:   fmt.Sprintf("%q is not a version constraint such as \">= 0.1.0\".", body.Requires),
			Subject:  &at,
		})
	}
	// A development build has no version to compare with.
	have, err := version.NewVersion(e.options.Version)
	if err == nil && !constraint.Check(have.Core()) {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Other version required",
			Detail:   fmt.Sprintf("The workflow requires repro %s; this is %s.", body.Requires, e.options.Version),
			Subject:  &at,
		})
	}
	return diags
}

// add notes a node and refuses a second one of the same name.
func (e *evaluator) add(n *node) hcl.Diagnostics {
	if i, dup := e.index[n.ref]; dup {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Declared twice",
			Detail:   fmt.Sprintf("%s was already declared at %s.", n.ref, e.nodes[i].at),
			Subject:  n.at.Ptr(),
		}}
	}
	if e.index == nil {
		e.index = map[ref]int{}
	}
	e.index[n.ref] = len(e.nodes)
	e.nodes = append(e.nodes, n)
	return nil
}

func checkLabels(block *hclsyntax.Block, labels []string) hcl.Diagnostics {
	if len(block.Labels) == len(labels) {
		for i, label := range block.Labels {
			// The workflow's own name is for people and may be anything.
			if block.Type != blockWorkflow && !hclsyntax.ValidIdentifier(label) {
				return hcl.Diagnostics{{
					Severity: hcl.DiagError,
					Summary:  "Bad name",
					Detail:   fmt.Sprintf("%q is not a name: letters, digits, _ and -, starting with a letter.", label),
					Subject:  block.LabelRanges[i].Ptr(),
				}}
			}
		}
		return nil
	}
	form := block.Type
	for _, l := range labels {
		form += fmt.Sprintf(" %q", l)
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "Wrong number of labels",
		Detail:   fmt.Sprintf("Write %s { … }.", form),
		Subject:  block.DefRange().Ptr(),
	}}
}

func refuseBlocks(body *hclsyntax.Body) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, b := range body.Blocks {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Unexpected block",
			Detail:   fmt.Sprintf("There is no block %q here.", b.Type),
			Subject:  b.TypeRange.Ptr(),
		})
	}
	return diags
}

// sortedAttrs returns attributes in the order of the source.
func sortedAttrs(attrs hclsyntax.Attributes) []*hclsyntax.Attribute {
	list := make([]*hclsyntax.Attribute, 0, len(attrs))
	for _, a := range attrs {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *hclsyntax.Attribute) int { return a.NameRange.Start.Byte - b.NameRange.Start.Byte })
	return list
}

// joinNames lists names in a message.
func joinNames(names []string) string { return strings.Join(names, ", ") }
