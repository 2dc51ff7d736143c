package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"repro/engine"
)

// instances is an evaluated stage block. Its value in expressions is an object
// without a matrix, and with one the list of such objects in matrix order, so
// that splats and for expressions over it need nothing special. Only indexes
// do: stage.sample.batches[{ sampler = "x-y", seed = 0 }] selects by
// coordinates, and stage.collect.xquad["de"] by the only axis.
type instances struct {
	axes   []string
	list   []*Stage
	byEach map[string]int // full coordinates → position in list
}

func (s *instances) add(stage *Stage) {
	if s.byEach == nil {
		s.byEach = map[string]int{}
	}
	s.byEach[eachKey(stage.Addr.Each)] = len(s.list)
	s.list = append(s.list, stage)
}

func eachKey(each []engine.Axis) string {
	var b strings.Builder
	for _, axis := range each {
		fmt.Fprintf(&b, "%q=%q,", axis.Name, axis.Value)
	}
	return b.String()
}

// position finds the instance that an index key means.
func (s *instances) position(block ref, key cty.Value) (int, error) {
	if !key.IsWhollyKnown() || key.IsNull() {
		return 0, fmt.Errorf("the index of %s is null", block)
	}
	want := map[string]string{}
	switch t := key.Type(); {
	case t.IsPrimitiveType() && len(s.axes) == 1:
		want[s.axes[0]] = axisText(key)
	case t.IsPrimitiveType():
		return 0, fmt.Errorf("%s has the axes %s: select with an object, [{ %s }]", block, joinNames(s.axes), axesForm(s.axes))
	case t.IsObjectType() || t.IsMapType():
		for it := key.ElementIterator(); it.Next(); {
			name, value := it.Element()
			if !value.Type().IsPrimitiveType() || value.IsNull() {
				return 0, fmt.Errorf("axis %s of %s: the value is not a string, number or bool", name.AsString(), block)
			}
			want[name.AsString()] = axisText(value)
		}
	default:
		return 0, fmt.Errorf("%s is indexed by a value of its axis or by an object, not by %s", block, t.FriendlyName())
	}
	return s.find(block, want)
}

func (s *instances) find(block ref, want map[string]string) (int, error) {
	full := make([]engine.Axis, 0, len(s.axes))
	for _, axis := range s.axes {
		if value, ok := want[axis]; ok {
			full = append(full, engine.Axis{Name: axis, Value: value})
		}
	}
	if len(full) < len(want) {
		for name := range want {
			if !slices.Contains(s.axes, name) {
				return 0, fmt.Errorf("%s has no axis %q; it has %s.%s", block, name, joinNames(s.axes), engine.DidYouMean(name, s.axes))
			}
		}
	}
	pattern := engine.Pattern{Kind: block.kind, Name: block.name, Each: full}
	if len(full) == len(s.axes) {
		if i, ok := s.byEach[eachKey(full)]; ok {
			return i, nil
		}
		return 0, fmt.Errorf("there is no %s; the instances are %s", pattern, s.some())
	}
	found := -1
	for i, stage := range s.list {
		if !pattern.Match(stage.Addr) {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("%s selects several instances, among them %s and %s: give all of %s", pattern, s.list[found].Addr, stage.Addr, joinNames(s.axes))
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("there is no %s; the instances are %s", pattern, s.some())
	}
	return found, nil
}

// some lists the first few instances for a message.
func (s *instances) some() string {
	const most = 6
	if len(s.list) == 0 {
		return "none: the matrix is empty"
	}
	var names []string
	for _, stage := range s.list[:min(most, len(s.list))] {
		names = append(names, stage.Addr.String())
	}
	if len(s.list) > most {
		names = append(names, fmt.Sprintf("… (%d in all)", len(s.list)))
	}
	return joinNames(names)
}

func axesForm(axes []string) string {
	return strings.Join(axes, " = …, ") + " = …"
}

// axisText is the text of a coordinate.
func axisText(v cty.Value) string {
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		return ""
	}
	return text.AsString()
}

// bindInstances rewrites the indexes of stage blocks within expr from
// coordinates to positions. The blocks that expr refers to have been evaluated.
func (e *evaluator) bindInstances(expr hclsyntax.Expression) {
	_ = hclsyntax.VisitAll(expr, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			e.bindLiteralIndex(n.Traversal)
		case *hclsyntax.IndexExpr:
			collection, ok := n.Collection.(*hclsyntax.ScopeTraversalExpr)
			if !ok {
				return nil
			}
			block, ok := stageRef(collection.Traversal)
			if !ok || len(collection.Traversal) != 3 || e.values.blocks[block].axes == nil {
				return nil
			}
			if _, bound := n.Key.(*instanceKey); !bound {
				n.Key = &instanceKey{Expression: n.Key, block: block, instances: e.values.blocks[block]}
			}
		}
		return nil
	})
}

// bindLiteralIndex handles stage.collect.xquad["de"], which the parser makes
// one traversal of.
func (e *evaluator) bindLiteralIndex(t hcl.Traversal) {
	block, ok := stageRef(t)
	if !ok || len(t) < 4 {
		return
	}
	step, ok := t[3].(hcl.TraverseIndex)
	if !ok || e.values.blocks[block].axes == nil {
		return
	}
	i, err := e.values.blocks[block].position(block, step.Key)
	if err != nil {
		// It may stand in a branch that is never taken: the index stays as it
		// is, and if it is evaluated, eval says what is wrong with it.
		e.unbound[step.SrcRange] = noInstance(err, step.SrcRange)
		return
	}
	step.Key = cty.NumberIntVal(int64(i))
	t[3] = step
}

// eval evaluates an expression whose instances are bound.
func (e *evaluator) eval(expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	value, diags := expr.Value(ctx)
	for i, d := range diags {
		if d.Subject != nil && e.unbound[*d.Subject] != nil {
			diags[i] = e.unbound[*d.Subject]
		}
	}
	return value, diags
}

func stageRef(t hcl.Traversal) (ref, bool) {
	if t.RootName() != "stage" || len(t) < 3 {
		return ref{}, false
	}
	kind, ok1 := t[1].(hcl.TraverseAttr)
	name, ok2 := t[2].(hcl.TraverseAttr)
	return ref{root: "stage", kind: kind.Name, name: name.Name}, ok1 && ok2
}

func noInstance(err error, at hcl.Range) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "No such instance", Detail: sentence(err), Subject: &at}
}

// instanceKey is an index expression whose value, coordinates of an instance,
// is turned into the instance's position.
type instanceKey struct {
	hclsyntax.Expression
	block     ref
	instances *instances
}

// Value implements hcl.Expression.
func (k *instanceKey) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	key, diags := k.Expression.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	i, err := k.instances.position(k.block, key)
	if err != nil {
		return cty.DynamicVal, append(diags, noInstance(err, k.Range()))
	}
	return cty.NumberIntVal(int64(i)), diags
}

// sentence turns an error into the detail of a diagnostic.
func sentence(err error) string {
	text := err.Error()
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	if first, _, _ := strings.Cut(text, " "); !strings.ContainsAny(first, "._/") {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}
