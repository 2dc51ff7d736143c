package lang

import (
	"fmt"
	"path"
	"reflect"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"repro/stages"
)

// output is what an expression such as stage.convert.english.pairs stands for
// until the stage has run. Only input ports and reports take it.
type output struct {
	stage *Stage
	port  string
}

var outputType = cty.Capsule("output of a stage", reflect.TypeFor[output]())

// stageValue is what stage.KIND.NAME (or one element of it) is in expressions:
// an object of its outputs, and its coordinates as each.
func stageValue(s *Stage, at coordinate) cty.Value {
	attrs := make(map[string]cty.Value, len(s.Outputs)+1)
	for _, port := range s.Outputs {
		attrs[port.Name] = cty.CapsuleVal(outputType, &output{stage: s, port: port.Name})
	}
	if at.values != nil {
		attrs["each"] = cty.ObjectVal(at.values)
	}
	return cty.ObjectVal(attrs)
}

// listOf makes a list where all values are of one type, which keeps types
// small for a large matrix, and a tuple otherwise.
func listOf(values []cty.Value) cty.Value {
	for _, v := range values {
		if !v.Type().Equals(values[0].Type()) {
			return cty.TupleVal(values)
		}
	}
	if len(values) == 0 {
		return cty.EmptyTupleVal
	}
	return cty.ListVal(values)
}

func containsOutput(v cty.Value) bool {
	found := false
	_ = cty.Walk(v, func(_ cty.Path, element cty.Value) (bool, error) {
		found = found || element.Type() == outputType
		return !found, nil
	})
	return found
}

// input evaluates what is given to an input port.
func (b *stageBlock) input(port stages.Port, ctx *hcl.EvalContext) ([]Input, hcl.Diagnostics) {
	attr, given := b.attrs[port.Name]
	if !given {
		if port.Arity == stages.One {
			return nil, hcl.Diagnostics{b.problem(b.Range, "Missing input", fmt.Sprintf("A %s stage needs %q: %s", b.Kind, port.Name, port.Doc))}
		}
		return nil, nil
	}
	value, diags := b.value(port.Name, ctx)
	if diags.HasErrors() {
		return nil, diags
	}
	inputs, problem := b.readInput(port, value)
	if problem != "" {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Bad input",
			Detail:  fmt.Sprintf("%s %s.", port.Name, problem),
			Subject: attr.Expr.Range().Ptr(), Expression: attr.Expr, EvalContext: ctx,
		})
	}
	return inputs, diags
}

func (b *stageBlock) readInput(port stages.Port, value cty.Value) ([]Input, string) {
	if port.Arity == stages.Map {
		return readMap(port, value)
	}
	var elements []cty.Value
	switch {
	case value.IsNull():
	case isList(value):
		for it := value.ElementIterator(); it.Next(); {
			_, element := it.Element()
			elements = append(elements, element)
		}
	default:
		elements = []cty.Value{value}
	}
	switch {
	case port.Arity == stages.One && len(elements) != 1:
		return nil, fmt.Sprintf("takes exactly one file or folder, not %d", len(elements))
	case port.Arity == stages.Optional && len(elements) > 1:
		return nil, fmt.Sprintf("takes at most one file or folder, not %d", len(elements))
	}
	inputs := make([]Input, 0, len(elements))
	for i, element := range elements {
		in, problem := readOne(port, element)
		if problem != "" {
			return nil, problem
		}
		if port.Arity == stages.List {
			in.Name = strconv.Itoa(i)
		}
		inputs = append(inputs, in)
	}
	return inputs, ""
}

func readMap(port stages.Port, value cty.Value) ([]Input, string) {
	if value.IsNull() {
		return nil, ""
	}
	if !value.Type().IsObjectType() && !value.Type().IsMapType() {
		return nil, "takes an object: { name = file, … }"
	}
	var inputs []Input
	for it := value.ElementIterator(); it.Next(); {
		key, element := it.Element()
		name := key.AsString()
		if name == "" || name == "." || name == ".." || path.Base(name) != name {
			return nil, fmt.Sprintf("has the name %q, which is not a plain file name", name)
		}
		in, problem := readOne(port, element)
		if problem != "" {
			return nil, problem
		}
		in.Name = name
		inputs = append(inputs, in)
	}
	return inputs, ""
}

func readOne(port stages.Port, v cty.Value) (Input, string) {
	in := Input{Port: port.Name, Arity: port.Arity}
	switch {
	case v.IsNull():
		return in, "has an element that is null"
	case v.Type() == outputType:
		out := v.EncapsulatedValue().(*output)
		in.From, in.Out = out.stage, out.port
		return in, ""
	case v.Type() == cty.String && v.AsString() != "":
		in.Path = v.AsString()
		return in, ""
	case v.Type().IsObjectType():
		return in, "is given a whole stage: name one of its outputs, stage.KIND.NAME.OUTPUT"
	default:
		return in, fmt.Sprintf("takes outputs of stages and paths of files, not %s", v.Type().FriendlyName())
	}
}

func isList(v cty.Value) bool {
	t := v.Type()
	return t.IsListType() || t.IsTupleType() || t.IsSetType()
}
