package host

import (
	"errors"
	"fmt"
	"slices"

	"repro/stages"
	"repro/stages/plugin/v1"
	"repro/stages/stagetest"
)

func params(list []*pluginv1.Param) []stages.Param {
	var all []stages.Param
	for _, p := range list {
		all = append(all, stages.Param{Name: p.GetName(), Type: p.GetType(), Default: p.GetDefault(), Doc: p.GetDoc()})
	}
	return all
}

func ports(list []*pluginv1.Port) []stages.Port {
	var all []stages.Port
	for _, p := range list {
		all = append(all, stages.Port{Name: p.GetName(), Arity: stages.Arity(p.GetArity()), Dir: p.GetDir(), Doc: p.GetDoc()})
	}
	return all
}

func specOf(k *pluginv1.Kind) stages.Spec {
	return stages.Spec{
		Kind: k.GetName(), Version: k.GetVersion(), Doc: k.GetDoc(), Class: k.GetClass(),
		Params: params(k.GetParams()), Inputs: ports(k.GetInputs()), Outputs: ports(k.GetOutputs()),
	}
}

func variantOf(v *pluginv1.Variant) stages.Variant {
	return stages.Variant{
		Name: v.GetName(), Doc: v.GetDoc(), Class: v.GetClass(), Params: params(v.GetParams()), Inputs: ports(v.GetInputs()),
	}
}

// reserved are names that mean something else in a stage block.
var reserved = []string{"resources", "matrix"}

// checkDescription refuses what no workflow could use, or what would get into
// the way of other plugins.
func checkDescription(plugin string, d *pluginv1.Description) error {
	var errs []error
	problem := func(what, name string, err error) {
		errs = append(errs, fmt.Errorf("the %s %s of the plugin %s: %w", what, name, plugin, err))
	}
	own := func(what, name string) {
		if !stages.Owns(plugin, name) {
			problem(what, name, fmt.Errorf("a plugin names what it adds after itself: %q, or %q and more. Rename one of the two", plugin, plugin+"-"))
		}
	}
	seen := map[string]bool{}
	once := func(what, id, name string) {
		if seen[id] {
			problem(what, name, errors.New("it is there twice"))
		}
		seen[id] = true
	}
	for _, s := range d.GetSamplers() {
		own("sampler", s.GetName())
		once("sampler", "variant "+s.GetName()+" of sample", s.GetName())
		if slices.Contains(reserved, s.GetName()) {
			problem("sampler", s.GetName(), errors.New("a stage has a block or attribute of that name already"))
		}
		// A sampler is described like a kind, but has neither version nor outputs.
		spec := stages.Spec{
			Kind: s.GetName(), Version: "1", Doc: s.GetDoc(), Class: s.GetClass(),
			Params: params(s.GetParams()), Inputs: ports(s.GetInputs()),
		}
		if err := stagetest.CheckSpec(spec); err != nil {
			problem("sampler", s.GetName(), err)
		}
	}
	for _, k := range d.GetKinds() {
		own("kind", k.GetName())
		once("kind", "kind "+k.GetName(), k.GetName())
		spec := specOf(k)
		if err := stagetest.CheckSpec(spec); err != nil {
			problem("kind", k.GetName(), err)
		}
		if len(spec.Outputs) == 0 {
			problem("kind", k.GetName(), errors.New("it has no outputs"))
		}
	}
	for _, v := range d.GetVariants() {
		own("variant", v.GetName())
		once("variant", "variant "+v.GetName()+" of "+v.GetKind(), v.GetName())
		if slices.Contains(reserved, v.GetName()) {
			problem("variant", v.GetName(), errors.New("a stage has a block or attribute of that name already"))
		}
		spec := stages.Spec{
			Kind: v.GetName(), Version: "1", Doc: v.GetDoc(), Class: v.GetClass(),
			Params: params(v.GetParams()), Inputs: ports(v.GetInputs()),
		}
		if err := stagetest.CheckSpec(spec); err != nil {
			problem("variant", v.GetName(), err)
		}
	}
	if len(seen) == 0 {
		errs = append(errs, fmt.Errorf("the plugin %s adds nothing", plugin))
	}
	return errors.Join(errs...)
}
