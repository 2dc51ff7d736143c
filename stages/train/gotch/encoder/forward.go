//go:build gotch

package encoder

import (
	"fmt"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/hf"
	"repro/stages/train/gotch/torch"
)

// Forward returns the vectors of texts, [len(texts), Dim], each of Euclidean
// length 1. A text is its ids between the ends that the model wants; at most
// Model.Config.MaxLength of them. With train, dropout is on.
func (e *Encoder) Forward(texts [][]int32, train bool) *ts.Tensor {
	in := e.pad(texts)
	var states *ts.Tensor
	hidden := func() { states = e.hidden(in, train) }
	if e.Autocast {
		e.thread.Autocast(e.Device, hidden)
		states = states.MustTotype(gotch.Float, false)
	} else {
		hidden()
	}
	pooled := e.pool(states, in)
	if e.Model.Dense != nil {
		pooled = e.dense.linear(pooled)
		if e.Model.Dense.Activation == "tanh" {
			pooled = pooled.MustTanh(false)
		}
	}
	norm := pooled.MustNormScalaroptDim(ts.FloatScalar(2), []int64{1}, true, false)
	return pooled.MustDiv(norm.MustClampMin(ts.FloatScalar(1e-12), false), false)
}

// input is a batch of texts, filled up to one length.
type input struct {
	ids    *ts.Tensor // [texts, length], int64
	real   *ts.Tensor // [texts, length], float32: 1 for a token, 0 for padding; nil if nothing is padding
	length int64
}

func (e *Encoder) pad(texts [][]int32) input {
	length := 0
	for _, t := range texts {
		length = max(length, len(t))
	}
	if most := e.Model.Config.MaxLength(); length > most {
		panic(ts.Failure{Err: fmt.Errorf("a text of %d tokens: the model has positions for %d", length, most)})
	}
	ids := make([]int64, len(texts)*length)
	tokens := make([]float32, len(texts)*length)
	padding := false
	for i, t := range texts {
		row := ids[i*length : (i+1)*length]
		for j := range row {
			if j < len(t) {
				row[j], tokens[i*length+j] = int64(t[j]), 1
			} else {
				row[j], padding = int64(e.Model.Config.Pad), true
			}
		}
	}
	shape := []int64{int64(len(texts)), int64(length)}
	in := input{ids: torch.Of(ids, shape...).MustTo(e.Device, true), length: int64(length)}
	if padding {
		in.real = torch.Of(tokens, shape...).MustTo(e.Device, true)
	}
	return in
}

// hidden returns the states behind the last layer, [texts, length, hidden].
func (e *Encoder) hidden(in input, train bool) *ts.Tensor {
	c := &e.Model.Config
	// Texts have no second part, and positions count up from the first, also for
	// padding, which nobody sees.
	places := e.embeddings.position.MustNarrow(0, int64(c.FirstPosition()), in.length, false).
		MustAdd(e.embeddings.kind.MustSelect(0, 0, false), false)
	x := ts.MustEmbedding(e.embeddings.word, in.ids, -1, false, false).MustAdd(places, false)
	x = dropout(e.norm(x, e.embeddings.norm), c.Dropout, train)

	var mask *ts.Tensor // added to attention weights
	if in.real != nil {
		mask = in.real.MustAddScalar(ts.FloatScalar(-1), false).MustMulScalar(ts.FloatScalar(padded), false).
			MustView([]int64{-1, 1, 1, in.length}, false)
		if e.Autocast {
			mask = mask.MustTotype(gotch.BFloat16, false)
		}
	}
	for i := range e.layers {
		x = e.layer(&e.layers[i], x, mask, train)
	}
	return x
}

func (e *Encoder) layer(l *layer, x, mask *ts.Tensor, train bool) *ts.Tensor {
	c := &e.Model.Config
	attention := 0.0
	if train {
		attention = c.AttentionDropout
	}
	heads := func(x *ts.Tensor) *ts.Tensor { // [texts, length, hidden] → [texts, heads, length, hidden/heads]
		size := x.MustSize()
		return x.MustView([]int64{size[0], size[1], int64(c.Heads), -1}, false).MustTranspose(1, 2, false)
	}
	seen := torch.Attention(heads(l.query.linear(x)), heads(l.key.linear(x)), heads(l.value.linear(x)), mask, attention)
	seen = seen.MustTranspose(1, 2, false).MustReshape(x.MustSize(), false)
	x = e.norm(dropout(l.attention.linear(seen), c.Dropout, train).MustAdd(x, false), l.attentionNorm)

	wide := activate(l.up.linear(x), c.Activation)
	return e.norm(dropout(l.down.linear(wide), c.Dropout, train).MustAdd(x, false), l.norm)
}

func (e *Encoder) norm(x *ts.Tensor, a affine) *ts.Tensor {
	return ts.MustLayerNorm(x, []int64{int64(e.Model.Config.Hidden)}, a.weight, a.bias, e.Model.Config.Epsilon, true)
}

// pool returns one vector for each text, [texts, hidden].
func (e *Encoder) pool(x *ts.Tensor, in input) *ts.Tensor {
	if e.Model.Pooling == hf.CLS {
		return x.MustSelect(1, 0, false)
	}
	if in.real == nil {
		return x.MustSumDimIntlist([]int64{1}, false, gotch.Float, false).MustDivScalar(ts.FloatScalar(float64(in.length)), false)
	}
	sum := in.real.MustUnsqueeze(1, false).MustBmm(x, false).MustSelect(1, 0, false)
	return sum.MustDiv(in.real.MustSumDimIntlist([]int64{1}, true, gotch.Float, false), false)
}

func dropout(x *ts.Tensor, p float64, train bool) *ts.Tensor {
	if !train || p == 0 {
		return x
	}
	return torch.Dropout(x, p)
}

func activate(x *ts.Tensor, name string) *ts.Tensor {
	switch name {
	case "relu":
		return x.MustRelu(false)
	case "gelu_new":
		return x.MustGelu("tanh", false)
	default:
		return x.MustGelu("none", false)
	}
}
