package lang

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

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
	attrs  map[string]*hclsyntax.Attribute // by name; those of a variant's block as VariantName has them
	params map[string]cty.Type
	varies map[string]bool // attributes that refer to each
	// constant holds the values of the others: they are the same for all instances.
	constant map[string]cty.Value
	shared   *hcl.EvalContext
}

func (e *evaluator) evalStage(n *node) hcl.Diagnostics {
	b := &stageBlock{
		Block:     &Block{Kind: n.ref.kind, Name: n.ref.name, Range: n.at, Attrs: map[string]hcl.Range{}},
		evaluator: e, body: n.block.Body,
		attrs:    map[string]*hclsyntax.Attribute{},
		params:   map[string]cty.Type{},
		varies:   map[string]bool{},
		constant: map[string]cty.Value{},
		shared:   e.values.context(),
	}
	axes, coordinates, diags := b.evalMatrix()
	if diags.HasErrors() {
		return diags
	}
	found := &instances{axes: axes}
	outputs := make([]cty.Value, 0, len(coordinates))
	// A block without instances uses nothing: its plugin need not be there.
	if len(coordinates) > 0 || e.builtin(b.Kind) {
		diags = append(diags, b.open()...)
		if diags.HasErrors() {
			return diags
		}
	}
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

// open checks the block against the spec of its kind.
func (b *stageBlock) open() hcl.Diagnostics {
	impl, diags := b.kind(b.Kind, b.Range)
	if diags.HasErrors() {
		return diags
	}
	diags = append(diags, b.use(impl)...)
	known := []string{attrMatrix}
	for _, p := range b.Spec.Params {
		known = append(known, p.Name)
	}
	for _, port := range b.Spec.Inputs {
		known = append(known, port.Name)
	}
	for _, attr := range sortedAttrs(b.body.Attributes) {
		if !slices.Contains(known, attr.Name) {
			diags = append(diags, b.problem(attr.NameRange, "Unknown attribute",
				fmt.Sprintf("A %s stage has no %q; it has %s.%s%s", b.Kind, attr.Name, joinNames(known), engine.DidYouMean(attr.Name, known), b.variantHint(attr.Name))))
		}
		b.attribute(attr.Name, attr)
	}
	return append(diags, b.openBlocks()...)
}

// use takes the spec of the kind, which may have got more variants since.
func (b *stageBlock) use(impl stages.Stage) hcl.Diagnostics {
	b.Stage, b.Spec = impl, impl.Spec()
	var diags hcl.Diagnostics
	add := func(params []stages.Param) {
		for _, p := range params {
			t, err := paramType(p.Type)
			if err != nil {
				diags = append(diags, b.problem(b.Range, "Bad stage", fmt.Sprintf("The parameter %s of the kind %s has the type %q: %s", p.Name, b.Kind, p.Type, sentence(err))))
				continue
			}
			b.params[p.Name] = t
		}
	}
	add(b.Spec.Params)
	if b.Spec.Choice != nil {
		for _, v := range b.Spec.Choice.Variants {
			add(b.Spec.With(v.Name).Params[len(b.Spec.Params):])
		}
	}
	return diags
}

func (b *stageBlock) attribute(name string, attr *hclsyntax.Attribute) {
	b.attrs[name] = attr
	b.Attrs[name] = attr.Expr.Range()
	b.varies[name] = refersToEach(attr.Expr)
	b.bindInstances(attr.Expr)
}

// openBlocks takes the blocks within: resources, and one for each variant that
// has something to say.
func (b *stageBlock) openBlocks() hcl.Diagnostics {
	var diags hcl.Diagnostics
	known := []string{blockResources}
	if b.Spec.Choice != nil {
		for _, v := range b.Spec.Choice.Variants {
			known = append(known, v.Name)
		}
	}
	seen := map[string]bool{}
	for _, block := range b.body.Blocks {
		switch variant, ok := b.Spec.Variant(block.Type); {
		case block.Type == blockResources:
			for _, attr := range block.Body.Attributes {
				b.bindInstances(attr.Expr)
			}
		case seen[block.Type]:
			diags = append(diags, b.problem(block.TypeRange, "Declared twice", fmt.Sprintf("There is already a block %s in this stage.", block.Type)))
		case ok:
			diags = append(diags, b.openVariant(block, variant)...)
		case b.Spec.Choice != nil && b.pluginOf(block.Type) != nil && !b.pluginOf(block.Type).opened:
			// What a plugin adds is known once something uses it.
		default:
			diags = append(diags, b.problem(block.TypeRange, "Unknown block",
				fmt.Sprintf("A %s stage has no block %q; it may have %s.%s", b.Kind, block.Type, joinNames(known), engine.DidYouMean(block.Type, known))))
		}
		seen[block.Type] = true
	}
	return diags
}

// instance evaluates the block at one point of its matrix.
func (b *stageBlock) instance(each coordinate) (*Stage, hcl.Diagnostics) {
	ctx := b.shared
	if each.values != nil {
		ctx = b.shared.NewChild()
		ctx.Variables = map[string]cty.Value{"each": cty.ObjectVal(each.values)}
	}
	spec, diags := b.chosen(ctx)
	if diags.HasErrors() {
		return nil, diags
	}
	s := &Stage{
		Addr:    engine.Addr{Kind: b.Kind, Name: b.Name, Each: each.axes},
		Block:   b.Block,
		Params:  make(map[string]string, len(spec.Params)),
		Outputs: spec.Outputs,
	}
	for _, p := range spec.Params {
		text, more := b.param(p, ctx)
		diags = append(diags, more...)
		s.Params[p.Name] = text
	}
	for _, port := range spec.Inputs {
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
