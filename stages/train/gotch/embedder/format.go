//go:build gotch

package embedder

import (
	"encoding/json"
	"fmt"

	"repro/stages"
	"repro/stages/embed"
)

// Format is the backend for the stage kind "embed".
func Format() embed.Format {
	return embed.Format{
		Variant: stages.Variant{
			Name: "transformer",
			Doc:  "BERT, XLM-R and LaBSE models in the Hugging Face layout, on libtorch: CPU or GPU.",
			Params: []stages.Param{
				{Name: "query_length", Type: "number", Default: "null", Doc: "Tokens of a question at most, ends included; null: as many as the model takes."},
				{Name: "passage_length", Type: "number", Default: "null", Doc: "Tokens of a passage at most, ends included; null: as many as the model takes."},
				{Name: "batch_tokens", Type: "number", Default: "4096", Doc: "Tokens that are computed at once; with more, a GPU is busier, and more memory is needed."},
				{Name: "device", Type: "string", Default: `"cpu"`, Doc: `Where it is computed: "cpu" or "cuda".`},
				{Name: "precision", Type: "string", Default: `"float32"`, Doc: `Of matrix products: "float32" or "bfloat16".`},
				{Name: "threads", Type: "number", Default: "1", Doc: "CPU threads of an operation. Sums are split by it, so that another number gives other bits."},
			},
		},
		ModelType: []string{"bert", "xlm-roberta", "roberta", "camembert"},
		Check: func(own json.RawMessage) error {
			_, err := parse(own)
			return err
		},
		Load: func(dir string, own json.RawMessage, job *stages.Job) (embed.Encoder, error) {
			p, err := parse(own)
			if err != nil {
				return nil, err
			}
			return load(dir, p, job)
		},
	}
}

// parse returns the parameters, or a *stages.ParamError.
func parse(own json.RawMessage) (params, error) {
	var p params
	if err := stages.DecodeParams(own, &p); err != nil {
		return p, err
	}
	length := func(n *int) bool { return n == nil || *n >= 3 }
	for _, c := range []struct {
		ok    bool
		param string
		value any
		hint  string
	}{
		{length(p.QueryLength), "query_length", p.QueryLength, "Give at least 3, as there are two ends"},
		{length(p.PassageLength), "passage_length", p.PassageLength, "Give at least 3, as there are two ends"},
		{p.BatchTokens >= 1, "batch_tokens", p.BatchTokens, "Give at least 1"},
		{p.Threads >= 1, "threads", p.Threads, "Give at least 1"},
		{p.Device == "cpu" || p.Device == "cuda", "device", p.Device, "There are: cpu, cuda"},
		{p.Precision == "float32" || p.Precision == "bfloat16", "precision", p.Precision, "There are: float32, bfloat16"},
	} {
		if !c.ok {
			if n, ok := c.value.(*int); ok {
				c.value = *n
			}
			return p, &stages.ParamError{Param: c.param, Problem: fmt.Sprintf("%v is out of range", c.value), Hint: c.hint}
		}
	}
	return p, nil
}
