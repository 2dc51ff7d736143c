package hf

import (
	"fmt"
	"slices"
	"strings"
)

// The families of models. RoBERTa and CamemBERT are built as XLM-R.
const (
	typeBERT      = "bert"
	typeXLMR      = "xlm-roberta"
	typeRoBERTa   = "roberta"
	typeCamemBERT = "camembert"
)

// modelTypes returns what a config.json may have as its model_type.
func modelTypes() []string { return []string{typeBERT, typeXLMR, typeRoBERTa, typeCamemBERT} }

// Config has the sizes of an encoder, as config.json.
type Config struct {
	ModelType        string // "bert"; or "xlm-roberta", "roberta" or "camembert", which are one architecture
	Vocab            int    // rows of the word embeddings
	Hidden           int    // values of a token's vector; a multiple of Heads
	Layers           int
	Heads            int
	Intermediate     int     // values between the two linear maps of a layer
	Positions        int     // rows of the position embeddings
	Types            int     // rows of the token type embeddings
	Activation       string  // "gelu", "gelu_new" (its approximation by tanh) or "relu"
	Epsilon          float64 // added to the variance in layer norms
	Dropout          float64 // the share of hidden values that training drops
	AttentionDropout float64 // the share of attention probabilities that training drops
	Pad              int     // id of padding
}

// Check tells whether a model can be built of these sizes. Its limits lie far
// above those of known models, and keep a damaged file from asking for absurd
// amounts of memory.
func (c *Config) Check() error {
	if !slices.Contains(modelTypes(), c.ModelType) {
		return fmt.Errorf("model_type %q is not supported, want one of %s", c.ModelType, strings.Join(modelTypes(), ", "))
	}
	for _, size := range []struct {
		name      string
		got, most int
	}{
		{"vocab_size", c.Vocab, 1 << 24},
		{"hidden_size", c.Hidden, 1 << 16},
		{"num_hidden_layers", c.Layers, 1 << 10},
		{"num_attention_heads", c.Heads, 1 << 16},
		{"intermediate_size", c.Intermediate, 1 << 18},
		{"max_position_embeddings", c.Positions, 1 << 20},
		{"type_vocab_size", c.Types, 1 << 16},
	} {
		if size.got < 1 || size.got > size.most {
			return fmt.Errorf("%s is %d, want 1 to %d", size.name, size.got, size.most)
		}
	}
	if c.Hidden%c.Heads != 0 {
		return fmt.Errorf("hidden_size is %d, want a multiple of num_attention_heads, which is %d", c.Hidden, c.Heads)
	}
	if !slices.Contains(activations(), c.Activation) {
		return fmt.Errorf("hidden_act %q is not supported, want one of %s", c.Activation, strings.Join(activations(), ", "))
	}
	if !(c.Epsilon > 0 && c.Epsilon < 1) {
		return fmt.Errorf("layer_norm_eps is %v, want more than 0 and less than 1", c.Epsilon)
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("hidden_dropout_prob is %v, want at least 0 and less than 1", c.Dropout)
	}
	if !(c.AttentionDropout >= 0 && c.AttentionDropout < 1) {
		return fmt.Errorf("attention_probs_dropout_prob is %v, want at least 0 and less than 1", c.AttentionDropout)
	}
	if c.Pad < 0 || c.Pad >= c.Vocab {
		return fmt.Errorf("pad_token_id is %d, want an id below vocab_size, which is %d", c.Pad, c.Vocab)
	}
	if c.MaxLength() < 1 {
		return fmt.Errorf("max_position_embeddings is %d, want more than %d, the position of the first token",
			c.Positions, c.FirstPosition())
	}
	return nil
}

// activations returns the activations of the intermediate layer.
func activations() []string { return []string{"gelu", "gelu_new", "relu"} }

// FirstPosition returns the row of the position embeddings that a text's first
// token gets: 0 for BERT. XLM-R counts from the row after Pad, which is for
// padding.
func (c *Config) FirstPosition() int {
	if c.ModelType == typeBERT {
		return 0
	}
	return c.Pad + 1
}

// MaxLength returns for how many tokens there are positions.
func (c *Config) MaxLength() int { return c.Positions - c.FirstPosition() }
