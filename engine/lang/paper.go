package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
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
	diags = append(diags, e.readAttrs("A paper", n.block, slices.Sorted(maps.Keys(paperAttrs)), func(attr *hclsyntax.Attribute, v cty.Value) error {
		return paperAttrs[attr.Name](p, v)
	})...)
	return p, append(diags, missingAttrs("A paper", n.block, "template")...)
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
