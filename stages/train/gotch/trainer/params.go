//go:build gotch

package trainer

import (
	"fmt"
	"strings"

	"repro/stages"
	"repro/stages/hf"
	"repro/stages/train"
)

// params are the parameters that this backend alone reads.
type params struct {
	Layers        int      `json:"layers"`
	Hidden        int      `json:"hidden"`
	Heads         int      `json:"heads"`
	Intermediate  int      `json:"intermediate"`
	VocabSize     int      `json:"vocab_size"`
	Pooling       string   `json:"pooling"`
	Dropout       *float64 `json:"dropout"`
	QueryLength   *int     `json:"query_length"`
	PassageLength *int     `json:"passage_length"`
	QueryPrefix   *string  `json:"query_prefix"`
	PassagePrefix *string  `json:"passage_prefix"`
	LearnTemp     bool     `json:"learn_temperature"`
	ClipNorm      float64  `json:"clip_norm"`
	Accumulate    int      `json:"accumulate"`
	MicroBatch    *int     `json:"micro_batch"`
	ValidateEvery int      `json:"validate_every"`
	Patience      int      `json:"patience"`
	Device        string   `json:"device"`
	Precision     string   `json:"precision"`
	Deterministic bool     `json:"deterministic"`
	Threads       int      `json:"threads"`
}

// Variant is what a workflow writes of this backend.
func (*Backend) Variant() stages.Variant {
	return stages.Variant{
		Name: "transformer",
		Doc:  "BERT, XLM-R and LaBSE encoders, or a new small one, on libtorch: CPU or GPU.",
		Params: []stages.Param{
			{Name: "layers", Type: "number", Default: "2", Doc: "Layers of a new encoder; like the other sizes, read only without init."},
			{Name: "hidden", Type: "number", Default: "128", Doc: "Length of a token's vector in a new encoder."},
			{Name: "heads", Type: "number", Default: "4", Doc: "Attention heads of a new encoder."},
			{Name: "intermediate", Type: "number", Default: "512", Doc: "Width of the feed-forward network of a new encoder."},
			{Name: "vocab_size", Type: "number", Default: "16000", Doc: "WordPiece pieces that are made of the training texts for a new encoder."},
			{Name: "pooling", Type: "string", Default: `""`, Doc: `How tokens' vectors become a text's: "cls" or "mean"; empty: as init has it, mean for a new encoder.`},
			{Name: "dropout", Type: "number", Default: "null", Doc: "Probability of dropout, of neurons and of attention; null: as init has it, 0.1 for a new encoder."},
			{Name: "query_length", Type: "number", Default: "null", Doc: "Tokens of a question at most, ends included; null: as many as the model takes."},
			{Name: "passage_length", Type: "number", Default: "null", Doc: "Tokens of a passage at most, ends included; null: as many as the model takes."},
			{Name: "query_prefix", Type: "string", Default: "null", Doc: `Put before each question, such as "Query: "; null: as init has it.`},
			{Name: "passage_prefix", Type: "string", Default: "null", Doc: `Put before each passage, such as "Passage: "; null: as init has it.`},
			{Name: "learn_temperature", Type: "bool", Default: "false", Doc: "Whether the temperature is trained too, from its initial value down to 0.01 at least."},
			{Name: "clip_norm", Type: "number", Default: "1", Doc: "Most that the gradient's norm may be, beyond which it is scaled; 0: no limit."},
			{Name: "accumulate", Type: "number", Default: "1", Doc: "Batches to an optimiser step, which takes the mean of their gradients; warm-up, schedule and log go on counting batches."},
			{Name: "micro_batch", Type: "number", Default: "null", Doc: "Texts that are in memory at once (GradCache); null: all of a batch, and fewer only when memory runs out."},
			{Name: "validate_every", Type: "number", Default: "0", Doc: "Batches between two validations, after which the weights with the least loss are kept; 0: none."},
			{Name: "patience", Type: "number", Default: "0", Doc: "Validations without a lesser loss after which training stops; 0: never."},
			{Name: "device", Type: "string", Default: `"cpu"`, Doc: `Where it is computed: "cpu" or "cuda".`},
			{Name: "precision", Type: "string", Default: `"float32"`, Doc: `Of matrix products: "float32" or "bfloat16"; weights and optimiser are float32 in any case.`},
			{Name: "deterministic", Type: "bool", Default: "false", Doc: "On a GPU: whether only algorithms are allowed that give the same bits each time. A CPU always does."},
			{Name: "threads", Type: "number", Default: "1", Doc: "CPU threads of an operation. Sums are split by it, so that another number gives other bits."},
		},
	}
}

// Check implements train.Backend.
func (*Backend) Check(p train.Params) error {
	_, err := own(p)
	return err
}

// own returns the backend's own parameters, or a *stages.ParamError.
func own(p train.Params) (*params, error) {
	o := &params{}
	if err := stages.DecodeParams(p.Own, o); err != nil {
		return nil, err
	}
	atLeast := func(least int, values map[string]int) error {
		for name, v := range values {
			if v < least {
				return &stages.ParamError{Param: name, Problem: fmt.Sprintf("%d is out of range", v), Hint: fmt.Sprintf("Give at least %d", least)}
			}
		}
		return nil
	}
	oneOf := func(name, value string, of ...string) error {
		for _, v := range of {
			if v == value {
				return nil
			}
		}
		return &stages.ParamError{Param: name, Problem: fmt.Sprintf("there is no %q", value), Hint: "There are: " + strings.Trim(strings.Join(of, ", "), ", ")}
	}
	for _, err := range []error{
		atLeast(1, map[string]int{"accumulate": o.Accumulate, "threads": o.Threads, "layers": o.Layers, "hidden": o.Hidden, "heads": o.Heads}),
		atLeast(0, map[string]int{"validate_every": o.ValidateEvery, "patience": o.Patience}),
		atLeast(3, given(map[string]*int{"query_length": o.QueryLength, "passage_length": o.PassageLength})),
		atLeast(1, given(map[string]*int{"micro_batch": o.MicroBatch})),
		oneOf("pooling", o.Pooling, string(hf.CLS), string(hf.Mean), ""),
		oneOf("device", o.Device, "cpu", "cuda"),
		oneOf("precision", o.Precision, "float32", "bfloat16"),
	} {
		if err != nil {
			return nil, err
		}
	}
	if d := o.Dropout; d != nil && !(*d >= 0 && *d < 1) {
		return nil, &stages.ParamError{Param: "dropout", Problem: fmt.Sprintf("%v is no probability below 1", *d)}
	}
	if !(o.ClipNorm >= 0) {
		return nil, &stages.ParamError{Param: "clip_norm", Problem: fmt.Sprintf("%v is out of range", o.ClipNorm), Hint: "Give 0 for no limit"}
	}
	if o.LearnTemp && p.Temperature < minTemperature {
		return nil, &stages.ParamError{
			Param: "temperature", Problem: fmt.Sprintf("%v is less than a trained one can be", p.Temperature),
			Hint: fmt.Sprintf("Give at least %v", minTemperature),
		}
	}
	if o.Patience > 0 && o.ValidateEvery == 0 {
		return nil, &stages.ParamError{Param: "patience", Problem: "there are no validations", Hint: "Give validate_every too"}
	}
	shape := o.shape(o.VocabSize, 0)
	if err := shape.Config.Check(); err != nil {
		return nil, &stages.ParamError{Param: "hidden", Problem: "no encoder has such a shape: " + err.Error()}
	}
	return o, nil
}

func given(values map[string]*int) map[string]int {
	all := map[string]int{}
	for name, v := range values {
		if v != nil {
			all[name] = *v
		}
	}
	return all
}

// The rest of a new encoder.
const (
	newPositions = 512
	newDropout   = 0.1
	newEpsilon   = 1e-12
)

// shape returns the model that the parameters describe, for a vocabulary of
// that size.
func (o *params) shape(vocab, pad int) *hf.Model {
	return &hf.Model{
		Config: hf.Config{
			ModelType: "bert", Vocab: vocab, Hidden: o.Hidden, Layers: o.Layers, Heads: o.Heads, Intermediate: o.Intermediate,
			Positions: newPositions, Types: 2, Activation: "gelu", Epsilon: newEpsilon,
			Dropout: newDropout, AttentionDropout: newDropout, Pad: pad,
		},
		Pooling: hf.Mean, MaxLength: newPositions,
	}
}

// apply lets the parameters take the place of what a model folder says.
func (o *params) apply(m *hf.Model) {
	if o.Pooling != "" {
		m.Pooling = hf.Pooling(o.Pooling)
	}
	if o.Dropout != nil {
		m.Config.Dropout, m.Config.AttentionDropout = *o.Dropout, *o.Dropout
	}
	prompts := map[string]string{}
	for name, text := range m.Prompts {
		prompts[name] = text
	}
	for name, text := range map[string]*string{promptQuery: o.QueryPrefix, promptPassage: o.PassagePrefix} {
		if text != nil {
			prompts[name] = *text
		}
	}
	m.Prompts = prompts
	if o.QueryLength != nil && o.PassageLength != nil { // embedding sees no more than training has
		m.MaxLength = min(m.MaxLength, max(*o.QueryLength, *o.PassageLength))
	}
}

// The names of prompts, as package embed looks for them.
const (
	promptQuery   = "query"
	promptPassage = "passage"
)
