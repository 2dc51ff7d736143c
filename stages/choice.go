package stages

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Choice is a parameter that chooses between variants of a kind, each with
// parameters and inputs of its own. A workflow writes those in a block with the
// variant's name, so that variants of different authors cannot get into each
// other's way. Only what the chosen variant reads is given to the stage, and is
// in the key.
type Choice struct {
	Param    string // the name of the parameter, of type string
	Variants []Variant
}

// Variant is one value of a Choice.
type Variant struct {
	Name   string  // the value that chooses it
	Doc    string  // one sentence
	Params []Param // read only with this variant
	Inputs []Port  // read only with this variant
	Class  string  // in place of Spec.Class, if not empty
}

// VariantName is the name of a variant's parameter or port in jobs and keys.
func VariantName(variant, name string) string { return variant + "." + name }

// Variant returns the variant of that name.
func (s Spec) Variant(name string) (Variant, bool) {
	if s.Choice == nil {
		return Variant{}, false
	}
	i := slices.IndexFunc(s.Choice.Variants, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return Variant{}, false
	}
	return s.Choice.Variants[i], true
}

// With returns the spec of jobs for which the choice is that variant: its
// parameters and inputs come behind the kind's own, as VariantName has them.
// Without such a variant it is s itself.
func (s Spec) With(variant string) Spec {
	v, ok := s.Variant(variant)
	if !ok {
		return s
	}
	s.Params, s.Inputs = slices.Clone(s.Params), slices.Clone(s.Inputs)
	for _, p := range v.Params {
		p.Name = VariantName(v.Name, p.Name)
		s.Params = append(s.Params, p)
	}
	for _, port := range v.Inputs {
		port.Name = VariantName(v.Name, port.Name)
		s.Inputs = append(s.Inputs, port)
	}
	if v.Class != "" {
		s.Class = v.Class
	}
	return s
}

// SplitParams separates the parameters that the chosen variant adds, by their
// own names, from the kind's. Those of another variant are an error: the engine
// does not give them.
func (s Spec) SplitParams(params json.RawMessage) (variant string, shared, own json.RawMessage, err error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(params, &all); err != nil {
		return "", nil, nil, fmt.Errorf("parameters: %w", err)
	}
	if err := json.Unmarshal(all[s.Choice.Param], &variant); err != nil {
		return "", nil, nil, fmt.Errorf("parameters: %s: %w", s.Choice.Param, err)
	}
	its := map[string]json.RawMessage{}
	for name, value := range all {
		of, param, added := strings.Cut(name, ".")
		switch {
		case !added:
			continue
		case of != variant:
			return variant, nil, nil, fmt.Errorf("the parameter %s is for %s %s, not %s", param, s.Choice.Param, of, variant)
		}
		its[param] = value
		delete(all, name)
	}
	if shared, err = json.Marshal(all); err == nil {
		own, err = json.Marshal(its)
	}
	return variant, shared, own, err
}

// OwnInputs returns the inputs that the chosen variant adds, by their own names.
func (j *Job) OwnInputs(variant string) []Input {
	var own []Input
	for _, in := range j.In {
		if of, port, added := strings.Cut(in.Port, "."); added && of == variant {
			in.Port = port
			own = append(own, in)
		}
	}
	return own
}
