package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// paperAttrs are the attributes of a paper block: what each is read as.
var paperAttrs = map[string]func(p *Paper, v cty.Value) error{
	"template": func(p *Paper, v cty.Value) error { return setString(&p.Template, v) },
	"values":   setValues,
}

func (e *evaluator) evalPaper(n *node) (*Paper, hcl.Diagnostics) {
	p := &Paper{Name: n.ref.name, Range: n.at}
	diags := refuseBlocks(n.block.Body)
	known := slices.Sorted(maps.Keys(paperAttrs))
	for _, attr := range sortedAttrs(n.block.Body.Attributes) {
		set, ok := paperAttrs[attr.Name]
		if !ok {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Unknown attribute",
				Detail:   fmt.Sprintf("A paper has no %q; it has %s.%s", attr.Name, joinNames(known), didYouMean(attr.Name, known)),
				Subject:  attr.NameRange.Ptr(),
			})
			continue
		}
		e.bindInstances(attr.Expr)
		ctx := e.values.context()
		value, more := e.eval(attr.Expr, ctx)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		if err := set(p, value); err != nil {
			diags = append(diags, wrongType(attr.Name, err, attr.Expr, ctx))
		}
	}
	if _, ok := n.block.Body.Attributes["template"]; !ok {
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Missing attribute",
			Detail:   `A paper needs "template", a LaTeX file.`,
			Subject:  n.block.DefRange().Ptr(),
		})
	}
	return p, diags
}

// setValues reads { name = text, number, bool or a list of them }. A list is
// shown with commas.
func setValues(p *Paper, v cty.Value) error {
	if v.IsNull() || (!v.Type().IsObjectType() && !v.Type().IsMapType()) {
		return fmt.Errorf("an object { name = text } is needed")
	}
	p.Values = map[string]string{}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		name := key.AsString()
		if value.IsNull() || containsOutput(value) {
			return fmt.Errorf("%s: a text, a number, a bool or a list of them is needed", name)
		}
		if !isList(value) {
			value = cty.TupleVal([]cty.Value{value})
		}
		texts, err := toStrings(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.Values[name] = strings.Join(texts, ", ")
	}
	return nil
}
