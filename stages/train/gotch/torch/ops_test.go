//go:build gotch

package torch_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sugarme/gotch"
	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

func randn(shape ...int64) *ts.Tensor { return ts.MustRandn(shape, gotch.Float, gotch.CPU) }

func param(shape ...int64) *ts.Tensor { return randn(shape...).MustSetRequiresGrad(true, true) }

func TestValuesGoInAndOut(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		x := torch.Of([]int64{1, 2, 3, 4, 5, 6}, 2, 3)
		if got, want := torch.Values[int64](x.MustTranspose(0, 1, false)), []int64{1, 4, 2, 5, 3, 6}; !cmp.Equal(got, want) {
			t.Errorf("transposed: %v, want %v", got, want)
		}
		if got := torch.Item(torch.Of([]float64{7})); got != 7 {
			t.Errorf("a tensor without dimensions holds %v", got)
		}
		if got := torch.Values[float32](torch.Of([]float32{}, 0, 3)); len(got) != 0 {
			t.Errorf("an empty tensor holds %v", got)
		}
		for name, bad := range map[string]func(){
			"shape": func() { torch.Of([]float32{1, 2}, 3) },
			"type":  func() { torch.Values[float32](x) },
		} {
			if err := th.Arena(func() error { bad(); return nil }); err == nil {
				t.Errorf("a wrong %s was accepted", name)
			}
		}
	})
}

func TestAttentionIsSoftmaxOfProducts(t *testing.T) {
	t.Parallel()
	run(t, func(*torch.Thread) {
		const batch, heads, length, d = 2, 3, 5, 4
		q, k, v := param(batch, heads, length, d), param(batch, heads, length, d), param(batch, heads, length, d)
		all := []*ts.Tensor{q, k, v}
		hidden := torch.Of([]float32{0, 0, 0, 0, 0, 0, 0, 0, -1e9, -1e9}, batch, 1, 1, length)
		for name, mask := range map[string]*ts.Tensor{"no mask": nil, "mask": hidden} {
			weights := q.MustMatmul(k.MustTranspose(-2, -1, false), false).MustMulScalar(ts.FloatScalar(1/math.Sqrt(d)), false)
			if mask != nil {
				weights = weights.MustAdd(mask, false)
			}
			want := weights.MustSoftmax(-1, gotch.Float, false).MustMatmul(v, false)
			got := torch.Attention(q, k, v, mask, 0)
			near := cmpopts.EquateApprox(0, 1e-6)
			if diff := cmp.Diff(torch.Values[float32](want), torch.Values[float32](got), near); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", name, diff)
			}
			if diff := cmp.Diff(gradients(want, all), gradients(got, all), cmpopts.EquateApprox(0, 1e-5)); diff != "" {
				t.Errorf("%s: gradients (-want +got)\n%s", name, diff)
			}
		}
		dropped := torch.Values[float32](torch.Attention(q, k, v, nil, 0.5))
		if cmp.Equal(dropped, torch.Values[float32](torch.Attention(q, k, v, nil, 0))) {
			t.Error("dropout changes nothing")
		}
	})
}

func TestDropoutKeepsTheMean(t *testing.T) {
	t.Parallel()
	run(t, func(*torch.Thread) {
		for _, c := range []struct {
			n int64
			p float64
		}{{100_003, 0.1}, {100_001, 0.5}, {7, 0.9}, {5, 1e-9}, {0, 0.1}} {
			x := ones(c.n).MustSetRequiresGrad(true, true)
			torch.Seed(3)
			y := torch.Dropout(x, c.p)
			torch.Seed(3)
			if !cmp.Equal(torch.Values[float32](y), torch.Values[float32](torch.Dropout(x, c.p))) {
				t.Errorf("p %v: an equal seed drops other elements", c.p)
			}
			if cmp.Equal(torch.Values[float32](y), torch.Values[float32](torch.Dropout(x, c.p))) && c.n > 100 {
				t.Errorf("p %v: a second call drops the same elements", c.p)
			}
			dropped, at := 0, [8]int{}
			for i, v := range torch.Values[float32](y) {
				if v == 0 {
					dropped++
					at[i%8]++
				} else if math.Abs(float64(v)*(1-c.p)-1) > 2e-5 {
					t.Fatalf("p %v: a kept element is %v", c.p, v)
				}
			}
			// Four standard deviations.
			within := func(got int, n float64) bool { return math.Abs(float64(got)-n*c.p) <= 4*math.Sqrt(n*c.p*(1-c.p)) }
			if !within(dropped, float64(c.n)) {
				t.Errorf("p %v: %d of %d elements are dropped", c.p, dropped, c.n)
			}
			for lane, n := range at {
				if c.n > 100 && !within(n, float64(c.n)/8) {
					t.Errorf("p %v: %d of the elements 8k+%d are dropped", c.p, n, lane)
				}
			}
			y.MustSum(gotch.Float, false).MustBackward()
			if diff := cmp.Diff(torch.Values[float32](y), torch.Values[float32](x.MustGrad(false))); diff != "" {
				t.Errorf("p %v: gradient (-want +got)\n%s", c.p, diff)
			}
		}
	})
}

// gradients returns those of the sum of squares of y.
func gradients(y *ts.Tensor, params []*ts.Tensor) [][]float32 {
	torch.ZeroGrad(params)
	y.MustMul(y, false).MustSum(gotch.Float, false).MustBackward()
	var all [][]float32
	for _, p := range params {
		all = append(all, torch.Values[float32](p.MustGrad(false)))
	}
	return all
}

func TestClipGradNormScalesAllGradients(t *testing.T) {
	t.Parallel()
	run(t, func(*torch.Thread) {
		params := []*ts.Tensor{param(10, 3), param(7), param(2)} // the last has no gradient
		loss := params[0].MustMul(params[0], false).MustSum(gotch.Float, false).
			MustAdd(params[1].MustMul(params[1], false).MustSum(gotch.Float, false), false)
		loss.MustBackward()
		norm := func() float64 {
			var sum float64
			for _, p := range params[:2] {
				for _, g := range torch.Values[float32](p.MustGrad(false)) {
					sum += float64(g) * float64(g)
				}
			}
			return math.Sqrt(sum)
		}
		before := norm()
		if got := torch.ClipGradNorm(params, 0.5); math.Abs(got-before) > 1e-5*before {
			t.Errorf("the norm is %v, want %v", got, before)
		}
		if got := norm(); math.Abs(got-0.5) > 1e-5 {
			t.Errorf("the norm after clipping is %v, want 0.5", got)
		}
		if torch.ClipGradNorm(params, 100); math.Abs(norm()-0.5) > 1e-5 {
			t.Errorf("a norm that is small enough was changed to %v", norm())
		}
	})
}

func TestAdamWIsLibtorchs(t *testing.T) {
	t.Parallel()
	run(t, func(th *torch.Thread) {
		ours := []*ts.Tensor{param(6, 4), param(4)}
		var theirs []*ts.Tensor
		reference, err := ts.AdamW(0.01, 0.9, 0.999, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		defer reference.Drop()
		for _, p := range ours {
			theirs = append(theirs, torch.Of(torch.Values[float32](p), p.MustSize()...).MustSetRequiresGrad(true, true))
			if err := reference.AddParameter(theirs[len(theirs)-1], 0); err != nil {
				t.Fatal(err)
			}
		}
		optimiser := torch.NewAdamW(ours, 0.1)
		for step := range 20 {
			err := th.Arena(func() error {
				x := randn(3, 6)
				for _, params := range [][]*ts.Tensor{ours, theirs} {
					torch.ZeroGrad(params)
					y := x.MustMatmul(params[0], false).MustAdd(params[1], false)
					y.MustMul(y, false).MustMean(gotch.Float, false).MustBackward()
				}
				optimiser.Step(0.01)
				return reference.Step()
			})
			if err != nil {
				t.Fatal(err)
			}
			for i := range ours {
				if diff := cmp.Diff(torch.Values[float32](theirs[i]), torch.Values[float32](ours[i])); diff != "" {
					t.Fatalf("step %d, parameter %d: (-libtorch +ours)\n%s", step, i, diff)
				}
			}
		}
	})
}

func TestOperationsInPlaceDoNotLeak(t *testing.T) {
	// Not in parallel: it reads the memory of the process.
	const n, bytes = 300, 4 << 20
	resident := func() int64 {
		r, err := torch.Resident()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run(t, func(th *torch.Thread) {
		grow := func(n int) {
			for range n {
				err := th.Arena(func() error {
					x := ones(bytes / 4)
					x.MustMulScalar_(ts.FloatScalar(2))
					x.MustAdd_(x)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		grow(10)
		before := resident()
		grow(n)
		if grown := resident() - before; grown > n*bytes/10 {
			t.Errorf("%d operations on %d bytes left %d bytes behind", 2*n, bytes, grown)
		}
	})
}
