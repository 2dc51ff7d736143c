package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"repro/engine"
	"repro/internal/dag"
)

// evaluator turns the declared blocks into a Workflow, one node after another
// in the order of the references between them.
type evaluator struct {
	workflow  *Workflow
	options   Options
	nodes     []*node
	index     map[ref]int
	variables []*variable
	given     map[string]cty.Value
	values    *values
	reports   map[string]*Report            // those that were evaluated, by name
	unbound   map[hcl.Range]*hcl.Diagnostic // literal indexes of stages that select no instance
}

// values is what expressions can refer to so far.
type values struct {
	vars   map[string]cty.Value
	locals map[string]cty.Value
	stages map[string]map[string]cty.Value // kind → name → value
	blocks map[ref]*instances
}

func newValues() *values {
	return &values{
		vars:   map[string]cty.Value{},
		locals: map[string]cty.Value{},
		stages: map[string]map[string]cty.Value{},
		blocks: map[ref]*instances{},
	}
}

// context returns what an expression can refer to so far.
func (v *values) context() *hcl.EvalContext {
	kinds := make(map[string]cty.Value, len(v.stages))
	for kind, byName := range v.stages {
		kinds[kind] = cty.ObjectVal(byName)
	}
	return &hcl.EvalContext{
		Functions: functions(),
		Variables: map[string]cty.Value{
			"var":   cty.ObjectVal(v.vars),
			"local": cty.ObjectVal(v.locals),
			"stage": cty.ObjectVal(kinds),
		},
	}
}

// evaluate visits all nodes in the order of their references.
func (e *evaluator) evaluate() hcl.Diagnostics {
	e.workflow.Vars = map[string]string{}
	var diags hcl.Diagnostics
	deps := make([][]int, len(e.nodes))
	for i, n := range e.nodes {
		found, more := e.references(n)
		deps[i] = found
		diags = append(diags, more...)
	}
	if diags.HasErrors() {
		return diags
	}
	order, cycle := dag.Sort(len(e.nodes), func(i int) []int { return deps[i] })
	if cycle != nil {
		return append(diags, e.cycleDiagnostic(cycle))
	}
	// A node whose evaluation failed would only make those after it fail in
	// confusing ways: leave them out.
	failed := make([]bool, len(e.nodes))
	tail := map[int]func(){} // what is to stand in the order of the file
	for _, i := range order {
		n := e.nodes[i]
		if slices.ContainsFunc(deps[i], func(d int) bool { return failed[d] }) {
			failed[i] = true
			continue
		}
		var more hcl.Diagnostics
		switch n.ref.root {
		case "var":
			more = e.evalVariable(n)
		case "local":
			more = e.evalLocal(n)
		case "stage":
			more = e.evalStage(n)
		case blockReport:
			var r *Report
			r, more = e.evalReport(n)
			e.reports[r.Name] = r
			tail[i] = func() { e.workflow.Reports = append(e.workflow.Reports, r) }
		case blockClaim:
			var c *Claim
			c, more = e.evalClaim(n)
			tail[i] = func() { e.workflow.Claims = append(e.workflow.Claims, c) }
		case blockPaper:
			var p *Paper
			p, more = e.evalPaper(n)
			tail[i] = func() { e.workflow.Papers = append(e.workflow.Papers, p) }
		}
		failed[i] = more.HasErrors()
		for _, d := range more {
			if !slices.Contains(diags, d) { // a plugin fails for every stage that uses it
				diags = append(diags, d)
			}
		}
	}
	for _, i := range slices.Sorted(maps.Keys(tail)) {
		tail[i]()
	}
	return diags
}

func (e *evaluator) evalLocal(n *node) hcl.Diagnostics {
	e.bindInstances(n.expr)
	value, diags := e.eval(n.expr, e.values.context())
	e.values.locals[n.ref.name] = value
	return diags
}

// references returns the nodes that n refers to, and an error for every
// reference to something that does not exist.
func (e *evaluator) references(n *node) ([]int, hcl.Diagnostics) {
	var traversals []hcl.Traversal
	switch {
	case n.expr != nil:
		traversals = hclsyntax.Variables(n.expr)
	case n.ref.root == "var":
		// A variable refers to nothing: its type and default are constants, and
		// its validation may name only itself.
	default:
		traversals = bodyVariables(n.block.Body)
	}
	var found []int
	var diags hcl.Diagnostics
	for _, t := range traversals {
		target, diag := e.resolve(n, t)
		if diag != nil {
			diags = append(diags, diag)
			continue
		}
		if target >= 0 && !slices.Contains(found, target) {
			found = append(found, target)
		}
	}
	return found, diags
}

func bodyVariables(body *hclsyntax.Body) []hcl.Traversal {
	var all []hcl.Traversal
	for _, attr := range sortedAttrs(body.Attributes) {
		all = append(all, hclsyntax.Variables(attr.Expr)...)
	}
	for _, block := range body.Blocks {
		all = append(all, bodyVariables(block.Body)...)
	}
	return all
}

// resolve returns the node that a traversal within n starts at, or -1 for each.
func (e *evaluator) resolve(n *node, t hcl.Traversal) (int, *hcl.Diagnostic) {
	at := t.SourceRange()
	names := make([]string, 0, 3)
	names = append(names, t.RootName())
	for _, step := range t[1:min(len(t), 3)] {
		attr, ok := step.(hcl.TraverseAttr)
		if !ok {
			break
		}
		names = append(names, attr.Name)
	}
	bad := func(summary, detail string) (int, *hcl.Diagnostic) {
		return 0, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
	}
	var want ref
	switch root := names[0]; {
	case root == "each" && n.ref.root == "stage":
		return -1, nil
	case root == "each":
		return bad("No each here", "each.AXIS can be used only within a stage block that has a matrix.")
	case root == "var" && len(names) >= 2, root == "local" && len(names) >= 2:
		want = ref{root: root, name: names[1]}
	case root == "var", root == "local":
		return bad("Incomplete reference", fmt.Sprintf("Write %s.NAME.", root))
	case root == blockReport && n.ref.root == blockClaim && len(names) == 2:
		want = ref{root: root, name: names[1]}
	case root == "stage" && len(names) == 3:
		want = ref{root: root, kind: names[1], name: names[2]}
	case root == "stage":
		return bad("Incomplete reference", "Write stage.KIND.NAME, then an index if it has a matrix, then an output.")
	default:
		hint := engine.DidYouMean(root, []string{"var", "local", "stage", "each"})
		return bad("Unknown reference", fmt.Sprintf("There is no %q. References start with var, local, stage or each; text needs quotes.%s", root, hint))
	}
	i, ok := e.index[want]
	if !ok {
		var known []string
		for _, other := range e.nodes {
			if other.ref.root == want.root {
				known = append(known, other.ref.String())
			}
		}
		return bad("Unknown reference", fmt.Sprintf("%s is declared nowhere.%s", want, engine.DidYouMean(want.String(), known)))
	}
	return i, nil
}

func (e *evaluator) cycleDiagnostic(cycle []int) *hcl.Diagnostic {
	chain := ""
	for _, i := range cycle {
		chain += e.nodes[i].ref.String() + " → "
	}
	first := e.nodes[cycle[0]]
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Cycle",
		Detail:   fmt.Sprintf("Each of these needs the next, and the last needs the first: %s%s.", chain, first.ref),
		Subject:  first.at.Ptr(),
	}
}

// ctyJSON returns a value as JSON text. Outputs of stages become null.
func ctyJSON(v cty.Value) string {
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return "null"
	}
	return string(b)
}

func wrongType(what string, err error, expr hcl.Expression, ctx *hcl.EvalContext) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity:    hcl.DiagError,
		Summary:     "Wrong type",
		Detail:      fmt.Sprintf("%s: %s.", what, err),
		Subject:     expr.Range().Ptr(),
		Expression:  expr,
		EvalContext: ctx,
	}
}
