package lang

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"repro/engine"
)

const blockResources = "resources"

// resources evaluates the resources block of a stage.
func (b *stageBlock) resources(ctx *hcl.EvalContext) (engine.Resources, hcl.Diagnostics) {
	var r engine.Resources
	var diags hcl.Diagnostics
	for _, block := range b.body.Blocks {
		if block.Type != blockResources {
			continue
		}
		for _, attr := range sortedAttrs(block.Body.Attributes) {
			value, more := b.eval(attr.Expr, ctx)
			diags = append(diags, more...)
			if more.HasErrors() {
				continue
			}
			problem := setResource(&r, attr.Name, value)
			if problem != "" {
				diags = append(diags, b.problem(attr.SrcRange, "Bad resource", problem))
			}
		}
		diags = append(diags, refuseBlocks(block.Body)...)
	}
	return r, diags
}

func setResource(r *engine.Resources, name string, v cty.Value) (problem string) {
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		return fmt.Sprintf("%s is not a number or text.", name)
	}
	s := text.AsString()
	switch name {
	case "cpus", "gpus":
		var n int
		if _, err := fmt.Sscanf(s, "%d", &n); err != nil || fmt.Sprint(n) != s || n < 0 || (name == "cpus" && n == 0) {
			return fmt.Sprintf("%s = %s: want a whole number.", name, s)
		}
		if name == "cpus" {
			r.CPUs = n
		} else {
			r.GPUs = n
		}
	case "memory":
		bytes, err := humanize.ParseBytes(s)
		if err != nil {
			return fmt.Sprintf("memory = %q: want a size such as \"16GiB\".", s)
		}
		r.Memory = int64(bytes)
	case "timeout":
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return fmt.Sprintf("timeout = %q: want a time such as \"90m\".", s)
		}
		r.Timeout = d
	default:
		return fmt.Sprintf("There is no resource %q; there are cpus, gpus, memory and timeout.%s", name, engine.DidYouMean(name, []string{"cpus", "gpus", "memory", "timeout"}))
	}
	return ""
}
