package train

import (
	"context"

	"repro/stages"
)

// transformer holds the place of the backend for XLM-R and BERT encoders, which
// comes as a plugin, so that workflows for it can be checked and planned
// everywhere.
type transformer struct{}

// Variant implements Backend.
func (transformer) Variant() stages.Variant {
	return stages.Variant{Name: "transformer", Doc: "XLM-R and BERT encoders; not part of this build."}
}

// Check implements Backend.
func (transformer) Check(Params) error { return nil }

// Train implements Backend.
func (transformer) Train(context.Context, *Run) error {
	return &stages.ParamError{
		Param: "backend", Problem: `"transformer" is not part of this build`,
		Hint: "It comes with a later release; use static",
	}
}
