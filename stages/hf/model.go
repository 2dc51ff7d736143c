package hf

import (
	"fmt"
	"strings"
)

// Pooling says how the vectors of a text's tokens become one.
type Pooling string

// The poolings: the vector of the first token, or the mean over all tokens but
// padding.
const (
	CLS  Pooling = "cls"
	Mean Pooling = "mean"
)

// Dense is a linear layer after pooling, as LaBSE's.
type Dense struct {
	In, Out    int
	Bias       bool
	Activation string // "tanh" or "identity"
}

// Model is an encoder of texts, all but its weights. A text's vector is that of
// the pooled tokens, through Dense if there is one, scaled to length 1.
type Model struct {
	Config    Config
	Pooling   Pooling
	Dense     *Dense            // nil: none
	MaxLength int               // tokens of a text, ends included; 1 to Config.MaxLength()
	Prompts   map[string]string // texts put before a text: of "query" and "passage"; may be nil
}

// Dim returns the number of values of a text's vector.
func (m *Model) Dim() int {
	if m.Dense != nil {
		return m.Dense.Out
	}
	return m.Config.Hidden
}

// Weight is one tensor that the forward pass reads.
type Weight struct {
	Name  string // as in the model.safetensors of BertModel and XLMRobertaModel; of the dense layer, "dense.linear.…"
	Shape []int  // of a linear layer: [out, in]
	Decay bool   // whether weight decay applies: not to biases and layer norms
}

// The places of tensors that have a rule of their own.
const (
	layerNorm   = "LayerNorm"
	densePrefix = "dense."
)

// Weights returns all that the forward pass reads, in its order. The pooler,
// which only heads read, is not among them.
func (m *Model) Weights() []Weight {
	c := &m.Config
	var all []Weight
	add := func(name string, shape ...int) {
		decay := !strings.HasSuffix(name, ".bias") && !strings.Contains(name, layerNorm)
		all = append(all, Weight{Name: name, Shape: shape, Decay: decay})
	}
	linear := func(name string, in, out int) {
		add(name+".weight", out, in)
		add(name+".bias", out)
	}
	norm := func(name string) {
		add(name+"."+layerNorm+".weight", c.Hidden)
		add(name+"."+layerNorm+".bias", c.Hidden)
	}
	add("embeddings.word_embeddings.weight", c.Vocab, c.Hidden)
	add("embeddings.position_embeddings.weight", c.Positions, c.Hidden)
	add("embeddings.token_type_embeddings.weight", c.Types, c.Hidden)
	norm("embeddings")
	for i := range c.Layers {
		layer := fmt.Sprintf("encoder.layer.%d.", i)
		linear(layer+"attention.self.query", c.Hidden, c.Hidden)
		linear(layer+"attention.self.key", c.Hidden, c.Hidden)
		linear(layer+"attention.self.value", c.Hidden, c.Hidden)
		linear(layer+"attention.output.dense", c.Hidden, c.Hidden)
		norm(layer + "attention.output")
		linear(layer+"intermediate.dense", c.Hidden, c.Intermediate)
		linear(layer+"output.dense", c.Intermediate, c.Hidden)
		norm(layer + "output")
	}
	if d := m.Dense; d != nil {
		add(densePrefix+"linear.weight", d.Out, d.In)
		if d.Bias {
			add(densePrefix+"linear.bias", d.Out)
		}
	}
	return all
}
