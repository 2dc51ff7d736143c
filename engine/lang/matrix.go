package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"repro/engine"
)

// coordinate is one point of the matrix: the text for people and keys of
// instances, and the values that each.AXIS has.
type coordinate struct {
	axes   []engine.Axis
	values map[string]cty.Value
}

// evalMatrix returns the names of the axes (nil without a matrix) and all
// points, the last axis turning fastest.
func (b *stageBlock) evalMatrix() ([]string, []coordinate, hcl.Diagnostics) {
	attr, ok := b.body.Attributes[attrMatrix]
	if !ok {
		return nil, []coordinate{{}}, nil
	}
	if refersToEach(attr.Expr) {
		return nil, nil, hcl.Diagnostics{b.problem(attr.Expr.Range(), "No each here", "The matrix says what each is, so it cannot refer to it.")}
	}
	b.bindInstances(attr.Expr)
	value, diags := b.eval(attr.Expr, b.shared)
	if diags.HasErrors() {
		return nil, nil, diags
	}
	if value.IsNull() || !value.Type().IsObjectType() && !value.Type().IsMapType() {
		return nil, nil, append(diags, b.problem(attr.Expr.Range(), "Wrong type", "matrix: an object of axes is needed: { seed = [0, 1, 2] }."))
	}
	axes := axisOrder(attr.Expr, value)
	points := []coordinate{{values: map[string]cty.Value{}}}
	for _, axis := range axes {
		list := value.GetAttr
		if value.Type().IsMapType() {
			list = func(name string) cty.Value { return value.Index(cty.StringVal(name)) }
		}
		along, problem := axisValues(list(axis))
		if problem != "" {
			return nil, nil, append(diags, b.problem(attr.Expr.Range(), "Bad axis", fmt.Sprintf("The axis %s %s.", axis, problem)))
		}
		next := make([]coordinate, 0, len(points)*len(along))
		for _, point := range points {
			for _, v := range along {
				values := maps.Clone(point.values)
				values[axis] = v
				axes := append(slices.Clip(point.axes), engine.Axis{Name: axis, Value: axisText(v)})
				next = append(next, coordinate{axes: axes, values: values})
			}
		}
		points = next
	}
	return axes, points, diags
}

// axisOrder returns the axes in the order in which the file names them.
func axisOrder(expr hclsyntax.Expression, value cty.Value) []string {
	names := []string{}
	if object, ok := expr.(*hclsyntax.ObjectConsExpr); ok {
		for _, item := range object.Items {
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() {
				names = nil
				break
			}
			names = append(names, key.AsString())
		}
	}
	if len(names) != value.LengthInt() {
		names = names[:0]
		for it := value.ElementIterator(); it.Next(); {
			key, _ := it.Element()
			names = append(names, key.AsString())
		}
	}
	return names
}

func axisValues(list cty.Value) ([]cty.Value, string) {
	if list.IsNull() || !list.CanIterateElements() || list.Type().IsMapType() || list.Type().IsObjectType() {
		return nil, "is not a list"
	}
	var values []cty.Value
	seen := map[string]bool{}
	for it := list.ElementIterator(); it.Next(); {
		_, v := it.Element()
		if v.IsNull() || !v.Type().IsPrimitiveType() {
			return nil, "has a value that is not a string, number or bool"
		}
		if text := axisText(v); seen[text] {
			return nil, fmt.Sprintf("has the value %q twice", text)
		} else {
			seen[text] = true
		}
		values = append(values, v)
	}
	return values, ""
}
