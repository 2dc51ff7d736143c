package stages

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Extension is a variant that somebody else adds to a kind: a backend of
// "train" that a plugin brings. Where the workflow chooses it, its stage does
// the work in the place of the kind's own, with the same parameters, inputs and
// outputs and with what the variant adds to them.
type Extension struct {
	Kind    string // the kind, which must have a Choice
	Variant Variant
	Stage   Stage // only Run is called, and Check and Tools if it has them
}

// Extend returns the stage with more variants. A variant that it has already,
// or none at all to choose, is a mistake of the program, and so it panics.
func Extend(base Stage, more ...Extension) Stage {
	if len(more) == 0 {
		return base
	}
	spec := base.Spec()
	if spec.Choice == nil {
		panic(fmt.Sprintf("stages: the kind %q has no variants", spec.Kind))
	}
	choice := *spec.Choice
	choice.Variants = slices.Clone(choice.Variants)
	byName := map[string]Stage{}
	for _, e := range more {
		if _, taken := spec.Variant(e.Variant.Name); taken || byName[e.Variant.Name] != nil {
			panic(fmt.Sprintf("stages: two variants %q of the kind %q", e.Variant.Name, spec.Kind))
		}
		byName[e.Variant.Name] = e.Stage
		choice.Variants = append(choice.Variants, e.Variant)
	}
	spec.Choice = &choice
	return &extended{base: base, spec: spec, more: byName}
}

// extended is a stage with more variants than its own.
type extended struct {
	base Stage
	spec Spec
	more map[string]Stage
}

// chosen returns the stage that does the work for these parameters.
func (e *extended) chosen(params json.RawMessage) Stage {
	var all map[string]json.RawMessage
	var name string
	if json.Unmarshal(params, &all) == nil && json.Unmarshal(all[e.spec.Choice.Param], &name) == nil {
		if s, ok := e.more[name]; ok {
			return s
		}
	}
	return e.base
}

// Spec implements Stage.
func (e *extended) Spec() Spec { return e.spec }

// Run implements Stage.
func (e *extended) Run(ctx context.Context, job *Job) error {
	return e.chosen(job.Params).Run(ctx, job)
}

// Check implements Checker.
func (e *extended) Check(params json.RawMessage) error {
	if c, ok := e.chosen(params).(Checker); ok {
		return c.Check(params)
	}
	return nil
}

// Tools implements Tooled.
func (e *extended) Tools(ctx context.Context, params json.RawMessage) (map[string]string, error) {
	if t, ok := e.chosen(params).(Tooled); ok {
		return t.Tools(ctx, params)
	}
	return nil, nil
}

// Outputs implements Outputter.
func (e *extended) Outputs(params json.RawMessage) ([]Port, error) {
	if o, ok := e.chosen(params).(Outputter); ok {
		return o.Outputs(params)
	}
	return e.spec.Outputs, nil
}
