package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"

	"repro/cache/runs"
	"repro/engine"
)

// unitQuestion is the unit of a check that names no other.
const unitQuestion = "question"

// checkKind is what a block of a claim may say, and must.
type checkKind struct{ needed, known []string }

var (
	noise      = []string{"by", "correction", "level", "test", "unit"}
	bounds     = []string{"at_least", "at_most", "exactly"}
	checkKinds = map[runs.CheckKind]checkKind{
		runs.Compare:   {[]string{"report", "dim", "better", "than"}, append([]string{"not_worse"}, noise...)},
		runs.Trend:     {[]string{"report", "along", "order", "direction"}, noise},
		runs.Threshold: {[]string{"report"}, bounds},
		runs.Count:     {[]string{"report", "of"}, bounds},
	}
)

// checkAttrs are the attributes of the blocks of a claim: what each is read as.
var checkAttrs = map[string]func(c *runs.Check, v cty.Value) error{
	"where":      func(c *runs.Check, v cty.Value) error { return setWhere(&c.Where, v) },
	"dim":        func(c *runs.Check, v cty.Value) error { return setString(&c.Dim, v) },
	"better":     func(c *runs.Check, v cty.Value) error { return setString(&c.Better, v) },
	"than":       func(c *runs.Check, v cty.Value) error { return setSome(&c.Than, v, 1) },
	"not_worse":  func(c *runs.Check, v cty.Value) error { return gocty.FromCtyValue(v, &c.NotWorse) },
	"along":      func(c *runs.Check, v cty.Value) error { return setString(&c.Along, v) },
	"order":      func(c *runs.Check, v cty.Value) error { return setSome(&c.Order, v, 2) },
	"of":         func(c *runs.Check, v cty.Value) error { return setSome(&c.Of, v, 1) },
	"unit":       func(c *runs.Check, v cty.Value) error { return setString(&c.Unit, v) },
	"at_least":   func(c *runs.Check, v cty.Value) error { return gocty.FromCtyValue(v, &c.AtLeast) },
	"at_most":    func(c *runs.Check, v cty.Value) error { return gocty.FromCtyValue(v, &c.AtMost) },
	"direction":  func(c *runs.Check, v cty.Value) error { return setOneOf(&c.Direction, v, "rising", "falling") },
	"test":       func(c *runs.Check, v cty.Value) error { return setOneOf(&c.Test, v, "randomisation", "bootstrap") },
	"correction": func(c *runs.Check, v cty.Value) error { return setOneOf(&c.Correction, v, "holm", "none") },
	"exactly": func(c *runs.Check, v cty.Value) error {
		if err := gocty.FromCtyValue(v, &c.AtLeast); err != nil {
			return err
		}
		c.AtMost = c.AtLeast
		return nil
	},
	"by": func(c *runs.Check, v cty.Value) error {
		return setNumber(&c.By, v, func(x float64) bool { return x >= 0 }, "at least 0")
	},
	"level": func(c *runs.Check, v cty.Value) error {
		return setNumber(&c.Level, v, func(x float64) bool { return x > 0 && x < 1 }, "between 0 and 1")
	},
}

// setSome reads one text or a list of at least some.
func setSome(to *[]string, v cty.Value, least int) error {
	if !v.IsNull() && v.Type() == cty.String {
		v = cty.TupleVal([]cty.Value{v})
	}
	if err := setStrings(to, v); err != nil {
		return err
	}
	if len(*to) < least {
		return fmt.Errorf("at least %d needed", least)
	}
	return nil
}

func setOneOf(to *string, v cty.Value, values ...string) error {
	if err := setString(to, v); err != nil {
		return err
	}
	if !slices.Contains(values, *to) {
		return fmt.Errorf("%q is none of %s", *to, joinNames(values))
	}
	return nil
}

func setNumber(to *float64, v cty.Value, ok func(float64) bool, want string) error {
	if err := gocty.FromCtyValue(v, to); err != nil {
		return err
	}
	if !ok(*to) {
		return fmt.Errorf("%v is not %s", *to, want)
	}
	return nil
}

// evalCheck reads a block within a claim and holds it against its report.
func (e *evaluator) evalCheck(block *hclsyntax.Block) (runs.Check, hcl.Diagnostics) {
	c := runs.Check{Kind: runs.CheckKind(block.Type), At: place(block.DefRange())}
	kind := checkKinds[c.Kind]
	if slices.Contains(kind.known, "test") {
		c.Unit, c.Correction, c.Level = unitQuestion, "holm", 0.05
	}
	known := slices.Concat([]string{"where"}, kind.needed, kind.known)
	slices.Sort(known)
	what := "A " + block.Type
	var report *Report
	diags := e.readAttrs(what, block, known, func(attr *hclsyntax.Attribute, v cty.Value) (err error) {
		if attr.Name == blockReport {
			report, err = e.reportRef(attr.Expr)
			return err
		}
		return checkAttrs[attr.Name](&c, v)
	})
	diags = append(diags, missingAttrs(what, block, kind.needed...)...)
	diags = append(diags, refuseBlocks(block.Body)...)
	if diags.HasErrors() || report == nil {
		return c, diags
	}
	c.Report = report.Name
	diags = checkFits(&c, report, block)
	if c.Unit == unitQuestion && c.Test == "" {
		c.Test = "randomisation"
	}
	return c, diags
}

// reportRef returns the report that an expression refers to.
func (e *evaluator) reportRef(expr hcl.Expression) (*Report, error) {
	if t, diags := hcl.AbsTraversalForExpr(expr); !diags.HasErrors() && len(t) == 2 && t.RootName() == blockReport {
		if name, ok := t[1].(hcl.TraverseAttr); ok {
			if r := e.reports[name.Name]; r != nil {
				return r, nil
			}
		}
	}
	return nil, fmt.Errorf("write report.NAME, without quotes")
}

// checkFits refuses a check that its report can never answer.
func checkFits(c *runs.Check, r *Report, block *hclsyntax.Block) hcl.Diagnostics {
	var diags hcl.Diagnostics
	bad := func(attr, format string, args ...any) {
		at := block.DefRange()
		if a, ok := block.Body.Attributes[attr]; ok {
			at = a.Expr.Range()
		}
		diags = append(diags, claimProblem("Cannot be checked", at, fmt.Sprintf(format, args...)))
	}
	dims := slices.Concat(r.Rows, r.Columns)
	for attr, dim := range map[string]string{"dim": c.Dim, "along": c.Along} {
		if dim != "" && !slices.Contains(dims, dim) {
			bad(attr, "%q is neither a row nor a column of report.%s, which has %s.%s", dim, r.Name, joinNames(dims), engine.DidYouMean(dim, dims))
		}
	}
	switch c.Kind {
	case runs.Compare:
		if len(r.Best) == 0 {
			bad("report", `report.%s does not say which values are better: give it best = "max" or "min".`, r.Name)
		}
		if slices.Contains(c.Than, c.Better) {
			bad("than", "%q cannot be better than itself.", c.Better)
		}
	case runs.Threshold, runs.Count:
		_, exactly := block.Body.Attributes["exactly"]
		_, least := block.Body.Attributes["at_least"]
		_, most := block.Body.Attributes["at_most"]
		switch {
		case c.AtLeast == nil && c.AtMost == nil:
			bad("", "A %s needs at least one of %s.", c.Kind, joinNames(bounds))
		case exactly && (least || most):
			bad("exactly", "exactly is both bounds: leave out at_least and at_most.")
		case c.AtLeast != nil && c.AtMost != nil && *c.AtLeast > *c.AtMost:
			bad("at_least", "Nothing is at least %v and at most %v.", *c.AtLeast, *c.AtMost)
		}
	}
	for _, list := range []struct {
		attr   string
		values []string
	}{{"than", c.Than}, {"order", c.Order}, {"of", c.Of}} {
		if twice := repeated(list.values); twice != "" {
			bad(list.attr, "%q is there twice.", twice)
		}
	}
	if c.Unit != "" && c.Unit != unitQuestion {
		if !slices.Contains(r.Average, c.Unit) {
			bad("unit", "%q is not averaged over in report.%s: a unit is \"question\"%s.", c.Unit, r.Name, orOneOf(r.Average))
		}
		if c.Test != "" {
			bad("test", "Over %s the test is Student's t: there are too few to draw from. Leave test out.", c.Unit)
		}
	}
	return diags
}

// repeated returns the first value that a list has twice, "" if none.
func repeated(list []string) string {
	for i, value := range list {
		if slices.Contains(list[:i], value) {
			return value
		}
	}
	return ""
}

func orOneOf(dims []string) string {
	if len(dims) == 0 {
		return ""
	}
	return " or one of " + strings.Join(dims, ", ")
}
