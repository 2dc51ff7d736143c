package lang

import (
	"encoding/json"
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

	"repro/stages"
)

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

// value evaluates an attribute, once for all instances if it is the same for all.
func (b *stageBlock) value(name string, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	attr := b.attrs[name]
	if b.varies[name] {
		return b.eval(attr.Expr, ctx)
	}
	if v, ok := b.constant[name]; ok {
		return v, nil
	}
	v, diags := b.eval(attr.Expr, b.shared)
	b.constant[name] = v
	return v, diags
}

// param returns a parameter's value as canonical JSON.
func (b *stageBlock) param(p stages.Param, ctx *hcl.EvalContext) (string, hcl.Diagnostics) {
	attr, given := b.attrs[p.Name]
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
	value, diags := b.value(p.Name, ctx)
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
