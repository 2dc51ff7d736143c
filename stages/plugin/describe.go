package plugin

import (
	"repro/stages"
	"repro/stages/plugin/v1"
)

// describe returns what the plugin adds, as the protocol says it.
func (p *Plugin) describe() *pluginv1.Description {
	d := &pluginv1.Description{}
	for _, m := range p.Samplers {
		d.Samplers = append(d.Samplers, &pluginv1.Sampler{
			Name: m.Name, Doc: m.Doc, Params: paramsOf(m.Params), Inputs: portsOf(m.Inputs), Class: m.Class,
		})
	}
	for _, s := range p.Kinds {
		spec := s.Spec()
		d.Kinds = append(d.Kinds, &pluginv1.Kind{
			Name: spec.Kind, Version: spec.Version, Doc: spec.Doc, Class: spec.Class,
			Params: paramsOf(spec.Params), Inputs: portsOf(spec.Inputs), Outputs: portsOf(spec.Outputs),
		})
	}
	for _, e := range p.Variants {
		d.Variants = append(d.Variants, &pluginv1.Variant{
			Kind: e.Kind, Name: e.Variant.Name, Doc: e.Variant.Doc, Class: e.Variant.Class,
			Params: paramsOf(e.Variant.Params), Inputs: portsOf(e.Variant.Inputs),
		})
	}
	return d
}

func paramsOf(list []stages.Param) []*pluginv1.Param {
	params := make([]*pluginv1.Param, len(list))
	for i, p := range list {
		params[i] = &pluginv1.Param{Name: p.Name, Type: p.Type, Doc: p.Doc}
		if p.Default != "" {
			params[i].Default = &p.Default
		}
	}
	return params
}

func portsOf(list []stages.Port) []*pluginv1.Port {
	ports := make([]*pluginv1.Port, len(list))
	for i, p := range list {
		ports[i] = &pluginv1.Port{Name: p.Name, Arity: pluginv1.Arity(p.Arity), Dir: p.Dir, Doc: p.Doc}
	}
	return ports
}
