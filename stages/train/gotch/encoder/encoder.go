//go:build gotch

package encoder

import (
	"fmt"
	"math"
	"strings"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/hf"
	"repro/stages/train/gotch/torch"
)

// Encoder is a model whose weights are tensors of one thread.
type Encoder struct {
	Model  *hf.Model
	Device gotch.Device
	Params []*ts.Tensor // float32, the values of Model.Weights
	// Autocast makes Forward multiply matrices in bfloat16. The weights, the
	// norms and what comes out stay float32.
	Autocast bool

	thread     *torch.Thread
	embeddings struct {
		word, position, kind *ts.Tensor
		norm                 affine
	}
	layers []layer
	dense  affine
}

// affine is the weight and bias of a linear layer or of a layer norm.
type affine struct{ weight, bias *ts.Tensor }

func (a affine) linear(x *ts.Tensor) *ts.Tensor {
	if a.bias == nil {
		return ts.MustLinear(x, a.weight, ts.None)
	}
	return ts.MustLinear(x, a.weight, a.bias)
}

type layer struct {
	query, key, value affine
	attention         affine // behind the heads
	attentionNorm     affine
	up, down          affine // of the feed-forward network
	norm              affine
}

// deviation is the standard deviation of new weights, as initializer_range of
// BERT's, and wordDeviation that of vectors of words. The norm behind these
// makes their scale of no consequence but for learning: Adam's steps have a size
// of their own, and would soon have moved short vectors anywhere.
const (
	deviation     = 0.02
	wordDeviation = 0.1
)

// New returns an encoder that knows words and nothing else, with vectors drawn
// by libtorch's generator, that belong to the innermost arena of the thread.
//
// It is BERT's initialisation but for this: what layers add to their input is 0
// at first, and so are positions, so that a text's vector is the mean of its
// tokens', and learning begins there. A token counts in it as much as importance
// says, 0 to 1 for each id: as layer norms make all vectors equally long, the
// rest of the vector lies in its first number, which the last norm removes.
//
// Where the first token's vector is the text's, there is nothing of words in it
// until attention has learned, and so that is BERT's initialisation alone.
func New(t *torch.Thread, model *hf.Model, importance []float32, device gotch.Device) (*Encoder, error) {
	if err := model.Config.Check(); err != nil {
		return nil, err
	}
	e := &Encoder{Model: model, Device: device, thread: t}
	words := model.Pooling == hf.Mean
	for _, w := range model.Weights() {
		// Drawn on the CPU, so that every device begins with the same.
		x := ts.MustZeros(sizes(w.Shape), gotch.Float, gotch.CPU)
		switch {
		case strings.HasSuffix(w.Name, "LayerNorm.weight"):
			x.MustFill_(ts.FloatScalar(1))
		case words && adds(w.Name): // stays 0
		case len(w.Shape) > 1:
			x.MustNormal_(0, deviation)
		}
		if words && strings.Contains(w.Name, "word_embeddings") {
			x.MustNormal_(0, wordDeviation)
			weigh(x, importance)
		}
		if words && w.Name == fmt.Sprintf("encoder.layer.%d.output.LayerNorm.weight", model.Config.Layers-1) {
			x.MustNarrow(0, 0, 1, false).MustFill_(ts.FloatScalar(0))
		}
		e.Params = append(e.Params, x.MustTo(device, true).MustSetRequiresGrad(true, true))
	}
	return e, e.assign()
}

// adds reports whether a weight decides what is added to words' vectors.
func adds(name string) bool {
	return strings.HasSuffix(name, "output.dense.weight") || strings.HasSuffix(name, "position_embeddings.weight") ||
		strings.HasSuffix(name, "token_type_embeddings.weight")
}

// weigh makes the vectors of tokens count as New says: x is [tokens, hidden].
func weigh(x *ts.Tensor, importance []float32) {
	n, hidden := len(importance), float64(x.MustSize()[1])
	rest := make([]float32, n)
	for i, a := range importance {
		rest[i] = float32(math.Sqrt(max(0, 1-float64(a)*float64(a))) * math.Sqrt(hidden) * wordDeviation)
	}
	x.Copy_(x.MustMul(torch.Of(importance, int64(n), 1), false))
	x.MustNarrow(1, 0, 1, false).Copy_(torch.Of(rest, int64(n), 1))
}

// Load returns the encoder with the weights in the model folder dir. They
// belong to the innermost arena of the thread.
func Load(t *torch.Thread, model *hf.Model, dir string, device gotch.Device) (*Encoder, error) {
	if err := model.Config.Check(); err != nil {
		return nil, err
	}
	weights := model.Weights()
	e := &Encoder{Model: model, Device: device, Params: make([]*ts.Tensor, len(weights)), thread: t}
	err := model.Load(dir, func(i int, values []float32) error {
		return t.Arena(func() error {
			x := torch.Of(values, sizes(weights[i].Shape)...).MustTo(device, true)
			e.Params[i] = t.Keep(x.MustSetRequiresGrad(true, true))
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return e, e.assign()
}

// Save writes the model folder dir, without a tokenizer.
func (e *Encoder) Save(dir string) error {
	return e.Model.Save(dir, func(i int) ([]float32, error) { return torch.Values[float32](e.Params[i]), nil })
}

// assign gives each parameter its place in the forward pass.
func (e *Encoder) assign() error {
	e.layers = make([]layer, e.Model.Config.Layers)
	for i, w := range e.Model.Weights() {
		place, err := e.place(w.Name)
		if err != nil {
			return err
		}
		*place = e.Params[i]
	}
	return nil
}

func (e *Encoder) place(name string) (**ts.Tensor, error) {
	switch name {
	case "embeddings.word_embeddings.weight":
		return &e.embeddings.word, nil
	case "embeddings.position_embeddings.weight":
		return &e.embeddings.position, nil
	case "embeddings.token_type_embeddings.weight":
		return &e.embeddings.kind, nil
	}
	stem, part, _ := cutLast(name)
	var of *affine
	var n int
	if _, err := fmt.Sscanf(stem, "encoder.layer.%d.", &n); err == nil && n >= 0 && n < len(e.layers) {
		_, inner, _ := strings.Cut(strings.TrimPrefix(stem, "encoder.layer."), ".")
		of = e.layers[n].part(inner)
	} else {
		switch stem {
		case "embeddings.LayerNorm":
			of = &e.embeddings.norm
		case "dense.linear":
			of = &e.dense
		}
	}
	switch {
	case of != nil && part == "weight":
		return &of.weight, nil
	case of != nil && part == "bias":
		return &of.bias, nil
	}
	return nil, fmt.Errorf("the encoder has no place for the weight %q", name)
}

// part returns the place of a layer's weights, by the name that they have in
// files.
func (l *layer) part(name string) *affine {
	switch name {
	case "attention.self.query":
		return &l.query
	case "attention.self.key":
		return &l.key
	case "attention.self.value":
		return &l.value
	case "attention.output.dense":
		return &l.attention
	case "attention.output.LayerNorm":
		return &l.attentionNorm
	case "intermediate.dense":
		return &l.up
	case "output.dense":
		return &l.down
	case "output.LayerNorm":
		return &l.norm
	default:
		return nil
	}
}

// FLOPs returns the floating-point operations of a forward pass over a text of
// so many tokens: two for each multiplication of a weight, and those between
// tokens in attention. A training step takes three times as many.
func (e *Encoder) FLOPs(tokens int) float64 {
	c := e.Model.Config
	n, h := float64(tokens), float64(c.Hidden)
	perToken := float64(c.Layers) * (4*h*h + 2*h*float64(c.Intermediate))
	return 2*n*perToken + 4*n*n*h*float64(c.Layers)
}

// Weights returns how many numbers the parameters are.
func (e *Encoder) Weights() int {
	n := 0
	for _, w := range e.Model.Weights() {
		size := 1
		for _, d := range w.Shape {
			size *= d
		}
		n += size
	}
	return n
}

func sizes(shape []int) []int64 {
	s := make([]int64, len(shape))
	for i, d := range shape {
		s[i] = int64(d)
	}
	return s
}

func cutLast(name string) (stem, part string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// padded is what is taken off the attention weight of padding: enough for its
// exponential to be 0, in float32 and in bfloat16.
const padded = math.MaxFloat32 / 4
