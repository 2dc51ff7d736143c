//go:build gotch

package trainer

import (
	"math"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train"
	"repro/stages/train/gotch/encoder"
	"repro/stages/train/gotch/torch"
)

// optimiser is AdamW without weight decay for biases, layer norms and the
// temperature.
type optimiser struct {
	all      []*ts.Tensor // parameters, in the order of the encoder's; the temperature is last, if it is trained
	decayed  *torch.AdamW
	others   *torch.AdamW
	logScale *ts.Tensor // ln(1/τ), one element
	learned  bool       // whether the temperature is trained
	clip     float64    // 0: no limit
}

// minTemperature bounds a trained temperature, as CLIP's (arXiv 2103.00020).
const minTemperature = 0.01

func newOptimiser(e *encoder.Encoder, p train.Params, o *params) *optimiser {
	opt := &optimiser{clip: o.ClipNorm, learned: o.LearnTemp}
	var decayed, others []*ts.Tensor
	for i, w := range e.Model.Weights() {
		if w.Decay {
			decayed = append(decayed, e.Params[i])
		} else {
			others = append(others, e.Params[i])
		}
	}
	opt.all = append(opt.all, e.Params...)
	opt.logScale = torch.Of([]float32{float32(-math.Log(p.Temperature))}, 1).MustTo(e.Device, true)
	if o.LearnTemp {
		opt.logScale = opt.logScale.MustSetRequiresGrad(true, true)
		others = append(others, opt.logScale)
		opt.all = append(opt.all, opt.logScale)
	}
	opt.decayed = torch.NewAdamW(decayed, p.WeightDecay)
	opt.others = torch.NewAdamW(others, 0)
	return opt
}

// scale returns 1/τ.
func (o *optimiser) scale() *ts.Tensor { return o.logScale.MustExp(false) }

// temperature returns τ.
func (o *optimiser) temperature() float64 {
	return math.Exp(-float64(torch.Values[float32](o.logScale.MustTotype(gotch.Float, false))[0]))
}

// norm clips the gradients and returns their norm before.
func (o *optimiser) norm() float64 {
	most := o.clip
	if most == 0 {
		most = math.Inf(1)
	}
	return torch.ClipGradNorm(o.all, most)
}

// step moves the parameters at learning rate lr and forgets their gradients.
func (o *optimiser) step(t *torch.Thread, lr float64) {
	o.decayed.Step(lr)
	o.others.Step(lr)
	if o.learned {
		t.NoGrad(func() { o.logScale.MustClampMax_(ts.FloatScalar(-math.Log(minTemperature))) })
	}
	torch.ZeroGrad(o.all)
}

// state returns the tensors that a checkpoint has to keep, by name.
func (o *optimiser) state() map[string][]*ts.Tensor {
	return map[string][]*ts.Tensor{
		"weight":         o.all,
		"decayed.first":  o.decayed.First,
		"decayed.second": o.decayed.Second,
		"others.first":   o.others.First,
		"others.second":  o.others.Second,
	}
}
