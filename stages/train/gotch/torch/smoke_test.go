//go:build gotch

package torch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

type options struct {
	torch    torch.Options
	steps    int
	bfloat16 bool
}

// Sizes of the model and its batches.
const (
	inputs, hidden, batch = 32, 64, 64
)

// smoke trains a model of two layers, with dropout, to tell the sum of the first
// half of its inputs from that of the second. It calls report after each step,
// with the bytes that the process holds, and returns the digest of the weights.
func smoke(ctx context.Context, o options, report func(step int, loss float64, resident int64)) (digest []byte, err error) {
	err = torch.Run(ctx, o.torch, func(t *torch.Thread) error {
		params := []*ts.Tensor{weight(hidden, inputs), weight(hidden), weight(1, hidden), weight(1)}
		signs := make([]float32, inputs)
		for i := range signs {
			signs[i] = float32(1 - 2*(i%2))
		}
		truth := torch.Of(signs, inputs, 1)
		optimiser := torch.NewAdamW(params, 0.01)
		for step := range o.steps {
			var loss float64
			err := t.Arena(func() error {
				x := ts.MustRandn([]int64{batch, inputs}, gotch.Float, gotch.CPU)
				y := x.MustMatmul(truth, false)
				var l *ts.Tensor
				forward := func() {
					h := ts.MustDropout(ts.MustLinear(x, params[0], params[1]).MustTanh(false), 0.1, true)
					l = ts.MustLinear(h, params[2], params[3]).MustMseLoss(y, ts.ReductionMean, false)
				}
				if o.bfloat16 {
					t.Autocast(gotch.CPU, forward)
				} else {
					forward()
				}
				l.MustBackward()
				torch.ClipGradNorm(params, 1)
				optimiser.Step(1e-2)
				torch.ZeroGrad(params)
				loss = torch.Item(l)
				return ctx.Err()
			})
			if err != nil {
				return err
			}
			resident, err := torch.Resident()
			if err != nil {
				return err
			}
			report(step, loss, resident)
		}
		digest, err = digestOf(params)
		return err
	})
	return digest, err
}

// weight returns a new parameter.
func weight(shape ...int64) *ts.Tensor {
	return ts.MustRandn(shape, gotch.Float, gotch.CPU).MustMulScalar(ts.FloatScalar(0.1), true).MustSetRequiresGrad(true, true)
}

func digestOf(params []*ts.Tensor) ([]byte, error) {
	h := sha256.New()
	for _, p := range params {
		if err := binary.Write(h, binary.LittleEndian, torch.Values[float32](p)); err != nil {
			return nil, err
		}
	}
	return h.Sum(nil), nil
}

func TestMemoryStaysFlat(t *testing.T) {
	const warm, steps, most = 1000, 5000, 8 << 20
	var before, after int64
	var first, last float64
	tensors, scalars := ts.Live()
	_, err := smoke(t.Context(), options{torch: torch.Options{Threads: 1, Seed: 1}, steps: steps}, func(step int, loss float64, resident int64) {
		switch step {
		case 0:
			first = loss
		case warm:
			before = resident
		case steps - 1:
			after, last = resident, loss
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes at step %d, %d at step %d; loss from %.3f to %.3f", before, warm, after, steps, first, last)
	if after-before > most {
		t.Errorf("memory grew by %d bytes in %d steps", after-before, steps-warm)
	}
	if last > first/10 {
		t.Errorf("the loss went from %v to %v: it does not learn", first, last)
	}
	if moreTensors, moreScalars := ts.Live(); moreTensors != tensors || moreScalars != scalars {
		t.Errorf("%d tensors and %d scalars are left over", moreTensors-tensors, moreScalars-scalars)
	}
}

func TestEqualSeedsGiveEqualWeights(t *testing.T) {
	t.Parallel()
	train := func(seed uint64) []byte {
		t.Helper()
		digest, err := smoke(t.Context(), options{torch: torch.Options{Threads: 1, Seed: seed, Deterministic: true}, steps: 200}, func(int, float64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	one, again, other := train(1), train(1), train(2)
	if !bytes.Equal(one, again) {
		t.Errorf("seed 1 gave %x and %x", one, again)
	}
	if bytes.Equal(one, other) {
		t.Error("seeds 1 and 2 gave the same weights")
	}
}
