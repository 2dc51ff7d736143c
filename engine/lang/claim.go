package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"repro/cache/runs"
	"repro/engine"
)

// claimAttrs are the attributes of a claim block: what each is read as.
var claimAttrs = map[string]func(c *Claim, v cty.Value) error{
	"text":   func(c *Claim, v cty.Value) error { return setString(&c.Text, v) },
	"source": func(c *Claim, v cty.Value) error { return setString(&c.Source, v) },
	"published": func(c *Claim, v cty.Value) error {
		if v.IsNull() {
			return nil
		}
		return setString(&c.PublishedFile, v)
	},
}

func (e *evaluator) evalClaim(n *node) (*Claim, hcl.Diagnostics) {
	c := &Claim{Claim: runs.Claim{Name: n.ref.name, At: place(n.at)}, Range: n.at}
	diags := e.readAttrs("A claim", n.block, slices.Sorted(maps.Keys(claimAttrs)), func(attr *hclsyntax.Attribute, v cty.Value) error {
		return claimAttrs[attr.Name](c, v)
	})
	diags = append(diags, missingAttrs("A claim", n.block, "text")...)
	kinds := slices.Sorted(maps.Keys(checkKinds))
	for _, block := range n.block.Body.Blocks {
		if _, known := checkKinds[runs.CheckKind(block.Type)]; !known || len(block.Labels) > 0 {
			diags = append(diags, claimProblem("Unexpected block", block.DefRange(),
				fmt.Sprintf("A claim has blocks %s, without labels.%s", joinKinds(kinds), engine.DidYouMean(block.Type, texts(kinds)))))
			continue
		}
		check, more := e.evalCheck(block)
		diags = append(diags, more...)
		c.Checks = append(c.Checks, check)
	}
	if len(n.block.Body.Blocks) == 0 {
		diags = append(diags, claimProblem("Nothing to check", n.at,
			fmt.Sprintf("A claim needs at least one block of %s.", joinKinds(kinds))))
	}
	return c, diags
}

func claimProblem(summary string, at hcl.Range, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
}

func texts(kinds []runs.CheckKind) []string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = string(k)
	}
	return list
}

func joinKinds(kinds []runs.CheckKind) string { return strings.Join(texts(kinds), ", ") }
