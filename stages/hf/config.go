package hf

import (
	"encoding/json"
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
	Layers           int    // at least 1
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

// positionsAbsolute is the only kind of positions: one learned vector each.
const positionsAbsolute = "absolute"

// configFile is config.json.
type configFile struct {
	Architectures    []string `json:"architectures,omitempty"`
	ModelType        string   `json:"model_type"`
	Vocab            int      `json:"vocab_size"`
	Hidden           int      `json:"hidden_size"`
	Layers           int      `json:"num_hidden_layers"`
	Heads            int      `json:"num_attention_heads"`
	Intermediate     int      `json:"intermediate_size"`
	Positions        int      `json:"max_position_embeddings"`
	Types            int      `json:"type_vocab_size"`
	Activation       string   `json:"hidden_act"`
	Epsilon          float64  `json:"layer_norm_eps"`
	Dropout          float64  `json:"hidden_dropout_prob"`
	AttentionDropout float64  `json:"attention_probs_dropout_prob"`
	Pad              *int     `json:"pad_token_id"`
	PositionType     string   `json:"position_embedding_type"`
	Dtype            string   `json:"torch_dtype,omitempty"` // of the weights

	// What would change the forward pass, and is refused.
	Decoder        bool            `json:"is_decoder,omitempty"`
	CrossAttention bool            `json:"add_cross_attention,omitempty"`
	PrunedHeads    map[string]any  `json:"pruned_heads,omitempty"`
	Quantization   json.RawMessage `json:"quantization_config,omitempty"`
}

// readConfig reads a config.json. What it may leave out is as in transformers'
// BertConfig and XLMRobertaConfig; sizes it must have.
func readConfig(name string) (Config, error) {
	f := configFile{
		Types:            2,
		Activation:       "gelu",
		Epsilon:          1e-12,
		Dropout:          0.1,
		AttentionDropout: 0.1,
		PositionType:     positionsAbsolute,
	}
	if err := readJSON(name, &f); err != nil {
		return Config{}, err
	}
	c := Config{
		ModelType: f.ModelType, Vocab: f.Vocab, Hidden: f.Hidden, Layers: f.Layers, Heads: f.Heads,
		Intermediate: f.Intermediate, Positions: f.Positions, Types: f.Types,
		Activation: f.Activation, Epsilon: f.Epsilon, Dropout: f.Dropout, AttentionDropout: f.AttentionDropout,
	}
	if c.Activation == "gelu_pytorch_tanh" { // another name of the same formula
		c.Activation = "gelu_new"
	}
	switch {
	case f.Pad != nil:
		c.Pad = *f.Pad
	case f.ModelType != typeBERT:
		c.Pad = 1
	}
	if err := c.Check(); err != nil {
		return Config{}, badf(name, "%w", err)
	}
	switch {
	case f.PositionType != positionsAbsolute:
		return Config{}, badf(name, "position_embedding_type %q is not supported, want %q", f.PositionType, positionsAbsolute)
	case f.Decoder:
		return Config{}, badf(name, "is_decoder is true: a decoder is not supported")
	case f.CrossAttention:
		return Config{}, badf(name, "add_cross_attention is true: cross-attention is not supported")
	case len(f.PrunedHeads) > 0:
		return Config{}, badf(name, "pruned_heads is not empty: pruned layers are not supported")
	case len(f.Quantization) > 0 && string(f.Quantization) != "null":
		return Config{}, badf(name, "quantization_config is set: quantised weights are not supported")
	}
	return c, nil
}

// write writes a config.json that transformers' AutoModel reads.
func (c *Config) write(name string) error {
	return writeJSON(name, &configFile{
		Architectures: []string{architecture(c.ModelType)},
		ModelType:     c.ModelType, Vocab: c.Vocab, Hidden: c.Hidden, Layers: c.Layers, Heads: c.Heads,
		Intermediate: c.Intermediate, Positions: c.Positions, Types: c.Types,
		Activation: c.Activation, Epsilon: c.Epsilon, Dropout: c.Dropout, AttentionDropout: c.AttentionDropout,
		Pad: &c.Pad, PositionType: positionsAbsolute, Dtype: "float32",
	})
}

// architecture returns the class of transformers for a family without a head.
func architecture(modelType string) string {
	switch modelType {
	case typeXLMR:
		return "XLMRobertaModel"
	case typeRoBERTa:
		return "RobertaModel"
	case typeCamemBERT:
		return "CamembertModel"
	default:
		return "BertModel"
	}
}
