package lang_test

import (
	"context"
	"encoding/json"

	"repro/stages"
)

// kind is a stage that only has a spec: lang never runs anything.
type kind struct {
	spec stages.Spec
}

func (k kind) Spec() stages.Spec                              { return k.spec }
func (k kind) Run(context.Context, *stages.Job) error         { return nil }
func (k kind) Check(params json.RawMessage) error             { return check(k.spec.Kind, params) }
func (k kind) Outputs(json.RawMessage) ([]stages.Port, error) { return k.spec.Outputs, nil }

func check(kind string, params json.RawMessage) error {
	if kind != "sample" {
		return nil
	}
	var p struct {
		Size int `json:"batch_size"`
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return err
	}
	if p.Size < 1 {
		return &stages.ParamError{Param: "batch_size", Problem: "must be positive", Hint: "The paper uses 100."}
	}
	return nil
}

// kinds are a source of texts, a translator, a sampler and a command.
func kinds() *stages.Registry {
	return stages.NewRegistry(
		kind{stages.Spec{
			Kind: "collect", Version: "1",
			Params:  []stages.Param{{Name: "url", Type: "string", Default: "null", Doc: "where it is."}},
			Inputs:  []stages.Port{{Name: "source", Arity: stages.Optional, Doc: "a file."}},
			Outputs: []stages.Port{{Name: "file"}},
		}},
		kind{stages.Spec{
			Kind: "sample", Version: "1",
			Params: []stages.Param{
				{Name: "sampler", Type: "string", Doc: "how to draw."},
				{Name: "batch_size", Type: "number", Default: "100", Doc: "rows a batch."},
				{Name: "langs", Type: "list(string)", Default: "[]", Doc: "which languages."},
				{Name: "extra", Type: "any", Default: `{"a":[1]}`, Doc: "anything."},
			},
			Inputs:  []stages.Port{{Name: "input", Arity: stages.List, Doc: "training pairs."}},
			Outputs: []stages.Port{{Name: "batches", Dir: true}},
		}},
		kind{stages.Spec{
			Kind: "train", Version: "1",
			Params:  []stages.Param{{Name: "seed", Type: "number", Default: "0", Doc: "of the weights."}},
			Inputs:  []stages.Port{{Name: "batches", Arity: stages.One, Doc: "what to learn from."}},
			Outputs: []stages.Port{{Name: "model", Dir: true}, {Name: "metrics"}},
		}},
		kind{stages.Spec{
			Kind: "exec", Version: "1",
			Params:  []stages.Param{{Name: "command", Type: "list(string)", Doc: "what to run."}},
			Inputs:  []stages.Port{{Name: "inputs", Arity: stages.Map, Doc: "files by name."}},
			Outputs: []stages.Port{{Name: "out"}},
		}},
	)
}
