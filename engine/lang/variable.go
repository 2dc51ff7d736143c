package lang

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"repro/engine"
)

// variable is a declared variable.
type variable struct {
	name       string
	typ        cty.Type  // of the type attribute, else of the default, else any
	fallback   cty.Value // the default; NilVal if a value must be given
	validation *validation
	at         hcl.Range
}

// validation is a condition that the value must meet.
type validation struct {
	condition hcl.Expression
	message   string
}

func declareVariable(block *hclsyntax.Block) (*variable, hcl.Diagnostics) {
	var body struct {
		Type        hcl.Expression `hcl:"type,optional"`
		Default     hcl.Expression `hcl:"default,optional"`
		Description string         `hcl:"description,optional"`
		Validation  *struct {
			Condition hcl.Expression `hcl:"condition"`
			Message   string         `hcl:"error_message"`
		} `hcl:"validation,block"`
	}
	v := &variable{name: block.Labels[0], typ: cty.DynamicPseudoType, fallback: cty.NilVal, at: block.DefRange()}
	diags := gohcl.DecodeBody(block.Body, nil, &body)
	if diags.HasErrors() {
		return v, diags
	}
	if attr, ok := block.Body.Attributes["type"]; ok {
		t, more := typeexpr.TypeConstraint(attr.Expr)
		diags = append(diags, more...)
		v.typ = t
	}
	if attr, ok := block.Body.Attributes["default"]; ok {
		value, more := attr.Expr.Value(&hcl.EvalContext{Functions: functions()})
		diags = append(diags, more...)
		if diags.HasErrors() {
			return v, diags
		}
		value, err := convert.Convert(value, v.typ)
		if err != nil {
			return v, append(diags, wrongType("default", err, attr.Expr, nil))
		}
		v.fallback = value
		if _, typed := block.Body.Attributes["type"]; !typed {
			v.typ = looseType(value.Type())
		}
	}
	if body.Validation != nil {
		v.validation = &validation{condition: body.Validation.Condition, message: body.Validation.Message}
	}
	return v, diags
}

// looseType is the type that values for a variable without a declared type are
// converted to: that of its default where this is a string, number or bool. A
// default such as [0, 1] says too little about other lists.
func looseType(t cty.Type) cty.Type {
	if t.IsPrimitiveType() {
		return t
	}
	return cty.DynamicPseudoType
}

// loadVars collects the values given for variables in files and on the command line.
func loadVars(parser *hclparse.Parser, o Options, declared []*variable) (map[string]cty.Value, hcl.Diagnostics) {
	byName := make(map[string]*variable, len(declared))
	for _, v := range declared {
		byName[v.name] = v
	}
	given := map[string]cty.Value{}
	var diags hcl.Diagnostics
	unknown := func(name string, at *hcl.Range) {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Unknown variable",
			Detail:   fmt.Sprintf("The workflow declares no variable %q.%s", name, engine.DidYouMean(name, slices.Sorted(maps.Keys(byName)))),
			Subject:  at,
		})
	}
	for _, file := range o.VarFiles {
		src, err := os.ReadFile(file)
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot read the variables", Detail: err.Error()})
			continue
		}
		parsed, more := parser.ParseHCL(src, file)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		attrs, more := parsed.Body.JustAttributes()
		diags = append(diags, more...)
		for name, attr := range attrs {
			if byName[name] == nil {
				unknown(name, attr.NameRange.Ptr())
				continue
			}
			value, more := attr.Expr.Value(nil)
			diags = append(diags, more...)
			value, err := convert.Convert(value, byName[name].typ)
			if err != nil {
				diags = append(diags, wrongType(name, err, attr.Expr, nil))
				continue
			}
			given[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Vars)) {
		v := byName[name]
		if v == nil {
			unknown(name, nil)
			continue
		}
		value, more := parseVar(v, o.Vars[name])
		diags = append(diags, more...)
		given[name] = value
	}
	return given, diags
}

// parseVar reads a value from the command line: text for a string variable,
// else an HCL expression.
func parseVar(v *variable, text string) (cty.Value, hcl.Diagnostics) {
	if v.typ == cty.String {
		return cty.StringVal(text), nil
	}
	bad := func(detail string) hcl.Diagnostics {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Bad value for a variable",
			Detail:   fmt.Sprintf("--var %s=%s: %s", v.name, text, detail),
			Subject:  v.at.Ptr(),
		}}
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "--var "+v.name, hcl.InitialPos)
	if diags.HasErrors() {
		return cty.DynamicVal, bad(diags[0].Detail)
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() {
		return cty.DynamicVal, bad(diags[0].Detail)
	}
	value, err := convert.Convert(value, v.typ)
	if err != nil {
		return cty.DynamicVal, bad(err.Error() + ".")
	}
	return value, nil
}

// Allows returns an error if a variable cannot have the value that a text shows,
// by its type or, with all others as they are, by its validation. Of names that
// no variable has, and of variables that have no text, nothing is known.
func (w *Workflow) Allows(name, text string) error {
	i := slices.IndexFunc(w.variables, func(v *variable) bool { return v.name == name })
	if i < 0 || !w.variables[i].typ.IsPrimitiveType() {
		return nil
	}
	v := w.variables[i]
	value, err := convert.Convert(cty.StringVal(text), v.typ)
	if err != nil {
		return err
	}
	if v.validation == nil {
		return nil
	}
	other := *w.values
	other.vars = maps.Clone(other.vars)
	other.vars[name] = value
	if met, diags := v.validation.met(other.context()); !diags.HasErrors() && !met {
		return errors.New(v.validation.message)
	}
	return nil
}

// met reports whether the condition is true.
func (v *validation) met(ctx *hcl.EvalContext) (bool, hcl.Diagnostics) {
	met, diags := v.condition.Value(ctx)
	return !diags.HasErrors() && met.Type() == cty.Bool && met.IsKnown() && !met.IsNull() && met.True(), diags
}

func (e *evaluator) evalVariable(n *node) hcl.Diagnostics {
	v := e.variables[slices.IndexFunc(e.variables, func(v *variable) bool { return v.name == n.ref.name })]
	value, ok := e.given[v.name]
	if !ok {
		value = v.fallback
	}
	if value == cty.NilVal {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Variable without a value",
			Detail:   fmt.Sprintf("The variable %q has no default: give it a value with --var %s=… or in a --var-file.", v.name, v.name),
			Subject:  v.at.Ptr(),
		}}
	}
	e.values.vars[v.name] = value
	e.workflow.Vars[v.name] = ctyJSON(value)
	if v.fallback == cty.NilVal || !value.RawEquals(v.fallback) {
		at, _ := slices.BinarySearch(e.workflow.Changed, v.name)
		e.workflow.Changed = slices.Insert(e.workflow.Changed, at, v.name)
	}
	if v.validation == nil {
		return nil
	}
	met, diags := v.validation.met(e.values.context())
	if diags.HasErrors() {
		return diags
	}
	if !met {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Bad value for a variable",
			Detail:   fmt.Sprintf("%s = %s: %s", v.name, ctyJSON(value), v.validation.message),
			Subject:  v.at.Ptr(),
		})
	}
	return diags
}
