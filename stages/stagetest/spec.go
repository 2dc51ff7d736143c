package stagetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"repro/stages"
)

var (
	kindRE = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	nameRE = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// CheckSpec returns everything that is wrong with a description: names that a
// workflow could not use, documentation that is missing, types that the
// language does not know, defaults that are not JSON of the parameter's type.
func CheckSpec(spec stages.Spec) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !kindRE.MatchString(spec.Kind) {
		problem("kind %q is not lower case", spec.Kind)
	}
	if spec.Version == "" {
		problem("the version is empty")
	}
	if spec.Doc == "" {
		problem("the stage has no documentation")
	}
	switch spec.Class {
	case "", "deterministic", "tolerant", "stochastic", "unknown":
	default:
		problem("class %q is not deterministic, tolerant, stochastic or unknown", spec.Class)
	}
	params := map[string]bool{}
	for _, p := range spec.Params {
		if !nameRE.MatchString(p.Name) {
			problem("parameter %q is not in snake_case", p.Name)
		}
		if params[p.Name] {
			problem("parameter %q occurs twice", p.Name)
		}
		params[p.Name] = true
		if p.Doc == "" {
			problem("parameter %q has no documentation", p.Name)
		}
		if err := checkType(p); err != nil {
			problem("parameter %q: %w", p.Name, err)
		}
	}
	// An input port and a parameter share the attributes of a stage block;
	// outputs are read through references and have names of their own.
	inputs := map[string]bool{}
	for _, port := range spec.Inputs {
		if inputs[port.Name] || params[port.Name] {
			problem("input port %q is also a parameter or another input port", port.Name)
		}
		inputs[port.Name] = true
	}
	outputs := map[string]bool{}
	for _, port := range spec.Outputs {
		if outputs[port.Name] {
			problem("output port %q occurs twice", port.Name)
		}
		outputs[port.Name] = true
	}
	for _, ports := range [][]stages.Port{spec.Inputs, spec.Outputs} {
		for _, port := range ports {
			if !nameRE.MatchString(port.Name) {
				problem("port %q is not in snake_case", port.Name)
			}
			if port.Doc == "" {
				problem("port %q has no documentation", port.Name)
			}
		}
	}
	return errors.Join(errs...)
}

func checkType(p stages.Param) error {
	expr, diags := hclsyntax.ParseExpression([]byte(p.Type), "type", hcl.InitialPos)
	if diags.HasErrors() {
		return fmt.Errorf("type %q: %w", p.Type, diags)
	}
	ty, diags := typeexpr.TypeConstraint(expr)
	if diags.HasErrors() {
		return fmt.Errorf("type %q: %w", p.Type, diags)
	}
	if !json.Valid([]byte(cmp.Or(p.Default, "null"))) {
		return fmt.Errorf("default %s is not JSON", p.Default)
	}
	// cty writes a value of type any with its type beside it; a default does not.
	if p.Default == "" || ty.HasDynamicTypes() || ty == cty.DynamicPseudoType {
		return nil
	}
	if _, err := ctyjson.Unmarshal([]byte(p.Default), ty); err != nil {
		return fmt.Errorf("default %s: %w", p.Default, err)
	}
	return nil
}
