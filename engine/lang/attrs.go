package lang

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"repro/engine"
)

// readAttrs evaluates the attributes of a block and gives each to set, if it is
// known.
func (e *evaluator) readAttrs(what string, block *hclsyntax.Block, known []string, set func(*hclsyntax.Attribute, cty.Value) error) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, attr := range sortedAttrs(block.Body.Attributes) {
		if !slices.Contains(known, attr.Name) {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Unknown attribute",
				Detail:   fmt.Sprintf("%s has no %q; it has %s.%s", what, attr.Name, joinNames(known), engine.DidYouMean(attr.Name, known)),
				Subject:  attr.NameRange.Ptr(),
			})
			continue
		}
		if attr.Name == blockReport { // a reference to a block, which is no value
			if err := set(attr, cty.NilVal); err != nil {
				diags = append(diags, claimProblem("Not a report", attr.Expr.Range(), sentence(err)))
			}
			continue
		}
		e.bindInstances(attr.Expr)
		ctx := e.values.context()
		value, more := e.eval(attr.Expr, ctx)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		if err := set(attr, value); err != nil {
			diags = append(diags, wrongType(attr.Name, err, attr.Expr, ctx))
		}
	}
	return diags
}

func missingAttrs(what string, block *hclsyntax.Block, needed ...string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range needed {
		if _, ok := block.Body.Attributes[name]; !ok {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Missing attribute",
				Detail:   fmt.Sprintf("%s needs %q.", what, name),
				Subject:  block.DefRange().Ptr(),
			})
		}
	}
	return diags
}

// place shows where something stands as records have it: file and line.
func place(r hcl.Range) string {
	return fmt.Sprintf("%s:%d", filepath.Base(r.Filename), r.Start.Line)
}
