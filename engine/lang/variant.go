package lang

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"repro/engine"
	"repro/stages"
)

// openVariant takes the block of a variant, whose attributes are named as
// stages.VariantName has them.
func (b *stageBlock) openVariant(block *hclsyntax.Block, v stages.Variant) hcl.Diagnostics {
	var known []string
	for _, p := range v.Params {
		known = append(known, p.Name)
	}
	for _, port := range v.Inputs {
		known = append(known, port.Name)
	}
	diags := refuseBlocks(block.Body)
	if len(block.Labels) > 0 {
		diags = append(diags, b.problem(block.LabelRanges[0], "Wrong number of labels", fmt.Sprintf("Write %s { … }.", v.Name)))
	}
	for _, attr := range sortedAttrs(block.Body.Attributes) {
		if !slices.Contains(known, attr.Name) {
			has := "has nothing of its own to set"
			if len(known) > 0 {
				has = "has " + joinNames(known)
			}
			hint := engine.DidYouMean(attr.Name, known)
			if slices.ContainsFunc(b.Spec.Params, func(p stages.Param) bool { return p.Name == attr.Name }) {
				hint = " It belongs into the stage, outside of this block."
			}
			diags = append(diags, b.problem(attr.NameRange, "Unknown attribute",
				fmt.Sprintf("%s %s has no %q; it %s.%s", b.Spec.Choice.Param, v.Name, attr.Name, has, hint)))
		}
		b.attribute(stages.VariantName(v.Name, attr.Name), attr)
	}
	return diags
}

// variantHint says where an attribute belongs that is a variant's own.
func (b *stageBlock) variantHint(attr string) string {
	if b.Spec.Choice == nil {
		return ""
	}
	for _, v := range b.Spec.Choice.Variants {
		if slices.ContainsFunc(v.Params, func(p stages.Param) bool { return p.Name == attr }) ||
			slices.ContainsFunc(v.Inputs, func(p stages.Port) bool { return p.Name == attr }) {
			return fmt.Sprintf(" It belongs into a block of its own: %s { %s = … }.", v.Name, attr)
		}
	}
	return ""
}

// chosen returns the spec for the variant that an instance chooses, and opens
// the plugin that adds it.
func (b *stageBlock) chosen(ctx *hcl.EvalContext) (stages.Spec, hcl.Diagnostics) {
	choice := b.Spec.Choice
	if choice == nil {
		return b.Spec, nil
	}
	i := slices.IndexFunc(b.Spec.Params, func(p stages.Param) bool { return p.Name == choice.Param })
	text, diags := b.param(b.Spec.Params[i], ctx)
	if diags.HasErrors() {
		return b.Spec, diags
	}
	name := unquote(text)
	if _, ok := b.Spec.Variant(name); ok {
		return b.Spec.With(name), diags
	}
	plugin := b.pluginOf(name)
	if plugin == nil {
		return b.Spec, append(diags, b.problem(b.At(choice.Param), "Bad parameter", b.unknownVariant(name)))
	}
	if more := b.openPlugin(plugin); more.HasErrors() {
		return b.Spec, append(diags, more...)
	}
	impl, _ := b.options.Kinds.Lookup(b.Kind)
	diags = append(diags, b.use(impl)...)
	variant, ok := b.Spec.Variant(name)
	if !ok {
		return b.Spec, append(diags, b.problem(b.At(choice.Param), "Bad parameter", fmt.Sprintf("The plugin %s adds no %s %q to %s stages.", plugin.Name, choice.Param, name, b.Kind)))
	}
	for _, block := range b.body.Blocks {
		if b.pluginOf(block.Type) != plugin {
			continue
		}
		if more, ok := b.Spec.Variant(block.Type); ok {
			diags = append(diags, b.openVariant(block, more)...)
		} else {
			diags = append(diags, b.problem(block.TypeRange, "Unknown block",
				fmt.Sprintf("The plugin %s adds no %s %q to %s stages.", plugin.Name, choice.Param, block.Type, b.Kind)))
		}
	}
	return b.Spec.With(variant.Name), diags
}

// unknownVariant says what there is, in the kind and by plugins.
func (b *stageBlock) unknownVariant(name string) string {
	var known []string
	for _, v := range b.Spec.Choice.Variants {
		known = append(known, v.Name)
	}
	text := fmt.Sprintf("There is no %s %q; there are %s", b.Spec.Choice.Param, name, joinNames(known))
	if plugins := b.pluginNames(); len(plugins) > 0 {
		text += ", and those of the plugins " + joinNames(plugins)
		known = append(known, plugins...)
	}
	if hint := engine.DidYouMean(name, known); hint != "" {
		return text + "." + hint
	}
	return text + fmt.Sprintf(". That of a plugin needs its block: plugin %q { source = … }.", name)
}

// unquote returns the text of a JSON string.
func unquote(text string) string {
	var s string
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return ""
	}
	return s
}

// SpecFor returns the spec of the jobs with these parameters: with those of the
// variant that they choose.
func SpecFor(spec stages.Spec, params map[string]string) stages.Spec {
	if spec.Choice == nil {
		return spec
	}
	return spec.With(unquote(params[spec.Choice.Param]))
}
