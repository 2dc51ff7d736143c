package lang

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"repro/engine"
	"repro/stages"
)

// attrMatrix is the one attribute of a stage block that is not the kind's own.
const attrMatrix = "matrix"

// stageBlock is a stage block while it is being evaluated.
type stageBlock struct {
	*Block
	*evaluator
	body   *hclsyntax.Body
	params map[string]cty.Type
	varies map[string]bool // attributes that refer to each
	// constant holds the values of the others: they are the same for all instances.
	constant map[string]cty.Value
	shared   *hcl.EvalContext
}

func (e *evaluator) evalStage(n *node) hcl.Diagnostics {
	b, diags := e.openStage(n)
	if diags.HasErrors() {
		return diags
	}
	axes, coordinates, diags := b.evalMatrix()
	if diags.HasErrors() {
		return diags
	}
	found := &instances{axes: axes}
	outputs := make([]cty.Value, 0, len(coordinates))
	for _, each := range coordinates {
		stage, more := b.instance(each)
		diags = append(diags, more...)
		if more.HasErrors() {
			return diags // the same mistake in every instance is said once
		}
		found.add(stage)
		outputs = append(outputs, stageValue(stage, each))
		e.workflow.Stages = append(e.workflow.Stages, stage)
	}
	e.values.blocks[n.ref] = found
	if e.values.stages[b.Kind] == nil {
		e.values.stages[b.Kind] = map[string]cty.Value{}
	}
	if axes == nil {
		e.values.stages[b.Kind][b.Name] = outputs[0]
	} else {
		e.values.stages[b.Kind][b.Name] = listOf(outputs)
	}
	return diags
}

func (e *evaluator) checkKind(block *hclsyntax.Block) hcl.Diagnostics {
	kind, kinds := block.Labels[0], e.options.Kinds.Kinds()
	if slices.Contains(kinds, kind) {
		return nil
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "Unknown kind of stage",
		Detail:   fmt.Sprintf("There is no kind %q; the kinds are %s.%s", kind, joinNames(kinds), didYouMean(kind, kinds)),
		Subject:  block.LabelRanges[0].Ptr(),
	}}
}

// openStage checks the block against the spec of its kind.
func (e *evaluator) openStage(n *node) (*stageBlock, hcl.Diagnostics) {
	kind := n.ref.kind
	impl, _ := e.options.Kinds.Lookup(kind) // checkKind has seen to it
	b := &stageBlock{
		Block:     &Block{Kind: kind, Name: n.ref.name, Stage: impl, Spec: impl.Spec(), Range: n.at, Attrs: map[string]hcl.Range{}},
		evaluator: e, body: n.block.Body,
		params:   map[string]cty.Type{},
		varies:   map[string]bool{},
		constant: map[string]cty.Value{},
	}
	known := []string{attrMatrix}
	var diags hcl.Diagnostics
	for _, p := range b.Spec.Params {
		t, err := paramType(p.Type)
		if err != nil {
			diags = append(diags, b.problem(b.Range, "Bad stage", fmt.Sprintf("The parameter %s of the kind %s has the type %q: %s", p.Name, kind, p.Type, sentence(err))))
			continue
		}
		b.params[p.Name] = t
		known = append(known, p.Name)
	}
	for _, port := range b.Spec.Inputs {
		known = append(known, port.Name)
	}
	for _, attr := range sortedAttrs(b.body.Attributes) {
		if !slices.Contains(known, attr.Name) {
			diags = append(diags, b.problem(attr.NameRange, "Unknown attribute",
				fmt.Sprintf("A %s stage has no %q; it has %s.%s", kind, attr.Name, joinNames(known), didYouMean(attr.Name, known))))
		}
		b.Attrs[attr.Name] = attr.Expr.Range()
		b.varies[attr.Name] = refersToEach(attr.Expr)
		e.bindInstances(attr.Expr)
	}
	diags = append(diags, b.checkBlocks()...)
	b.shared = e.values.context()
	return b, diags
}

func (b *stageBlock) checkBlocks() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, block := range b.body.Blocks {
		if block.Type != blockResources {
			diags = append(diags, b.problem(block.TypeRange, "Unknown block",
				fmt.Sprintf("A stage has no block %q; it may have %s.%s", block.Type, blockResources, didYouMean(block.Type, []string{blockResources}))))
			continue
		}
		for _, attr := range block.Body.Attributes {
			b.bindInstances(attr.Expr)
		}
	}
	return diags
}

func refersToEach(expr hclsyntax.Expression) bool {
	return slices.ContainsFunc(hclsyntax.Variables(expr), func(t hcl.Traversal) bool { return t.RootName() == "each" })
}

// paramType reads a type in HCL syntax.
func paramType(text string) (cty.Type, error) {
	expr, diags := hclsyntax.ParseExpression([]byte(text), "type", hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilType, diags
	}
	t, diags := typeexpr.TypeConstraint(expr)
	if diags.HasErrors() {
		return cty.NilType, diags
	}
	return t, nil
}

// instance evaluates the block at one point of its matrix.
func (b *stageBlock) instance(each coordinate) (*Stage, hcl.Diagnostics) {
	ctx := b.shared
	if each.values != nil {
		ctx = b.shared.NewChild()
		ctx.Variables = map[string]cty.Value{"each": cty.ObjectVal(each.values)}
	}
	s := &Stage{
		Addr:    engine.Addr{Kind: b.Kind, Name: b.Name, Each: each.axes},
		Block:   b.Block,
		Params:  make(map[string]string, len(b.Spec.Params)),
		Outputs: b.Spec.Outputs,
	}
	var diags hcl.Diagnostics
	for _, p := range b.Spec.Params {
		text, more := b.param(p, ctx)
		diags = append(diags, more...)
		s.Params[p.Name] = text
	}
	for _, port := range b.Spec.Inputs {
		inputs, more := b.input(port, ctx)
		diags = append(diags, more...)
		s.Inputs = append(s.Inputs, inputs...)
	}
	resources, more := b.resources(ctx)
	diags = append(diags, more...)
	s.Resources = resources
	if diags.HasErrors() {
		return nil, diags
	}
	return s, append(diags, b.check(s)...)
}

// value evaluates an attribute, once for all instances if it is the same for all.
func (b *stageBlock) value(attr *hclsyntax.Attribute, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if b.varies[attr.Name] {
		return b.eval(attr.Expr, ctx)
	}
	if v, ok := b.constant[attr.Name]; ok {
		return v, nil
	}
	v, diags := b.eval(attr.Expr, b.shared)
	b.constant[attr.Name] = v
	return v, diags
}

// param returns a parameter's value as canonical JSON.
func (b *stageBlock) param(p stages.Param, ctx *hcl.EvalContext) (string, hcl.Diagnostics) {
	attr, given := b.body.Attributes[p.Name]
	if !given {
		if p.Default == "" {
			return "", hcl.Diagnostics{b.problem(b.Range, "Missing attribute", fmt.Sprintf("A %s stage needs %q: %s", b.Kind, p.Name, p.Doc))}
		}
		value, err := ctyjson.Unmarshal([]byte(p.Default), b.defaultType(p))
		if err != nil {
			return "", hcl.Diagnostics{b.problem(b.Range, "Bad stage", fmt.Sprintf("The default of %s of the kind %s: %s", p.Name, b.Kind, sentence(err)))}
		}
		return ctyJSON(value), nil
	}
	value, diags := b.value(attr, ctx)
	if diags.HasErrors() {
		return "", diags
	}
	if containsOutput(value) {
		return "", append(diags, b.problem(attr.Expr.Range(), "Output as a parameter",
			fmt.Sprintf("%s is a parameter; an output of a stage can only be given to an input%s.", p.Name, b.inputNames())))
	}
	value, err := convert.Convert(value, b.params[p.Name])
	if err != nil {
		return "", append(diags, wrongType(p.Name, err, attr.Expr, ctx))
	}
	if value.IsNull() && p.Default != "null" {
		if p.Default != "" {
			value, err = ctyjson.Unmarshal([]byte(p.Default), b.defaultType(p))
			if err == nil {
				return ctyJSON(value), diags
			}
		}
		return "", append(diags, b.problem(attr.Expr.Range(), "Missing value", fmt.Sprintf("%s is null.", p.Name)))
	}
	return ctyJSON(value), diags
}

// defaultType is the type that a parameter's default is read as: its own, or
// what the JSON says where it may be anything.
func (b *stageBlock) defaultType(p stages.Param) cty.Type {
	t := b.params[p.Name]
	if t.HasDynamicTypes() {
		if implied, err := ctyjson.ImpliedType([]byte(p.Default)); err == nil {
			return implied
		}
	}
	return t
}

func (b *stageBlock) inputNames() string {
	var names []string
	for _, port := range b.Spec.Inputs {
		names = append(names, port.Name)
	}
	if len(names) == 0 {
		return ", and this kind of stage has none"
	}
	return ": " + joinNames(names)
}

// check lets the kind look at the parameters and say which outputs they mean.
func (b *stageBlock) check(s *Stage) hcl.Diagnostics {
	checker, checks := b.Stage.(stages.Checker)
	outputter, dynamic := b.Stage.(stages.Outputter)
	if !checks && !dynamic {
		return nil
	}
	params := ParamsJSON(s.Params)
	if checks {
		if err := checker.Check(params); err != nil {
			return hcl.Diagnostics{b.paramProblem(err)}
		}
	}
	if dynamic {
		outputs, err := outputter.Outputs(params)
		if err != nil {
			return hcl.Diagnostics{b.paramProblem(err)}
		}
		s.Outputs = outputs
	}
	return nil
}

func (b *stageBlock) paramProblem(err error) *hcl.Diagnostic {
	var bad *stages.ParamError
	if errors.As(err, &bad) {
		detail := fmt.Sprintf("%s: %s.", bad.Param, bad.Problem)
		if bad.Hint != "" {
			detail += " " + bad.Hint
		}
		return b.problem(b.At(bad.Param), "Bad parameter", detail)
	}
	return b.problem(b.Range, "Bad parameter", sentence(err))
}

func (b *stageBlock) problem(at hcl.Range, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
}

// ParamsJSON returns all parameters as one JSON object, in the order of their names.
func ParamsJSON(params map[string]string) json.RawMessage {
	out := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(params)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, name) // names are identifiers: quoting is JSON's
		out = append(out, ':')
		out = append(out, params[name]...)
	}
	return append(out, '}')
}
