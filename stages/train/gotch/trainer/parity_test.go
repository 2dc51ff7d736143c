//go:build gotch

package trainer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages/hf"
	"repro/stages/tensor"
	"repro/stages/train"
	"repro/stages/train/gotch/trainer"
)

// pytorch returns a Python that has PyTorch, and skips without one.
func pytorch(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import torch").Run() == nil {
			return name
		}
	}
	t.Skip("no peer: no python3 with the module torch (Debian: python3-torch)")
	return ""
}

// params are all parameters of a training; own ones are over the defaults.
func params(t testing.TB, p train.Params, own map[string]any) train.Params {
	t.Helper()
	all := map[string]any{}
	for _, d := range (&trainer.Backend{}).Variant().Params {
		all[d.Name] = json.RawMessage(d.Default)
	}
	maps.Copy(all, own)
	var err error
	if p.Own, err = json.Marshal(all); err != nil {
		t.Fatal(err)
	}
	return p
}

// onIDs is a run of steps batches that starts from a model folder.
func onIDs(p train.Params, dir string, steps int, report func(train.Step)) *train.Run {
	return &train.Run{
		Params: p, Steps: steps, Init: dir, Threads: 1,
		Logf:     func(string, ...any) {},
		Report:   func(s train.Step) error { report(s); return nil },
		Note:     func(string) {},
		SetClass: func(string) {},
	}
}

// save writes a model with random weights, large enough for every term of the
// formula to show.
func save(t testing.TB, m *hf.Model, seed uint64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	rng := rand.New(rand.NewPCG(seed, 0))
	err := m.Save(dir, func(i int) ([]float32, error) {
		w := m.Weights()[i]
		size, centre, spread := 1, 0.0, 0.1
		for _, d := range w.Shape {
			size *= d
		}
		switch {
		case strings.HasSuffix(w.Name, "LayerNorm.weight"):
			centre = 1
		case strings.Contains(w.Name, "embeddings"):
			spread = 0.02 // where epsilon counts
		case len(w.Shape) == 2:
			spread = 1 / math.Sqrt(float64(w.Shape[1]))
		}
		values := make([]float32, size)
		for k := range values {
			values[k] = float32(centre + spread*rng.NormFloat64())
		}
		return values, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// parityCase is a training for both sides, as oracle.py reads it.
type parityCase struct {
	Name         string        `json:"name"`
	Model        string        `json:"model"`
	Out          string        `json:"out"`
	Batches      []parityBatch `json:"batches"`
	LR           float64       `json:"learning_rate"`
	Warmup       int           `json:"warmup"`
	Schedule     string        `json:"schedule"`
	Temperature  float64       `json:"temperature"`
	WeightDecay  float64       `json:"weight_decay"`
	LearnTemp    bool          `json:"learn_temperature"`
	ClipNorm     float64       `json:"clip_norm"`
	Accumulate   int           `json:"accumulate"`
	microBatch   any
	m            *hf.Model
	ourBatches   []*trainer.Batch
	ourParams    train.Params
	optimisation int // optimiser steps
}

type parityBatch struct {
	Queries  [][]int32 `json:"queries"`
	Passages [][]int32 `json:"passages"`
	Masked   [][2]int  `json:"masked"`
}

// shapes are BERT's with mean pooling, XLM-R's and LaBSE's, in sizes that share
// no factor.
func shapes() map[string]*hf.Model {
	bert := hf.Config{
		ModelType: "bert", Vocab: 97, Hidden: 36, Layers: 3, Heads: 3, Intermediate: 77, Positions: 41, Types: 2,
		Activation: "gelu", Epsilon: 1e-12,
	}
	xlmr := bert
	xlmr.ModelType, xlmr.Types, xlmr.Epsilon, xlmr.Pad, xlmr.Positions = "xlm-roberta", 1, 1e-5, 1, 43
	labse := bert
	labse.Hidden, labse.Heads = 44, 4
	return map[string]*hf.Model{
		"BERT":  {Config: bert, Pooling: hf.Mean, MaxLength: bert.MaxLength()},
		"XLM-R": {Config: xlmr, Pooling: hf.CLS, MaxLength: xlmr.MaxLength()},
		"LaBSE": {
			Config: labse, Pooling: hf.CLS, MaxLength: labse.MaxLength(),
			Dense: &hf.Dense{In: 44, Out: 44, Bias: true, Activation: "tanh"},
		},
	}
}

// text is random ids but padding, of a random length.
func text(rng *rand.Rand, c *hf.Config, most int) []int32 {
	ids := make([]int32, 2+rng.IntN(most-1))
	for i := range ids {
		ids[i] = int32(c.Pad + 1 + rng.IntN(c.Vocab-c.Pad-1))
	}
	return ids
}

// parityCases are trainings of ten steps.
func parityCases(t *testing.T) []*parityCase {
	t.Helper()
	variants := map[string]parityCase{
		"plain":               {Schedule: "linear", ClipNorm: 1, Accumulate: 1},
		"learned temperature": {Schedule: "cosine", ClipNorm: 1, Accumulate: 1, LearnTemp: true},
		"GradCache":           {Schedule: "linear", ClipNorm: 0, Accumulate: 1, microBatch: 5},
		"two batches a step":  {Schedule: "cosine", ClipNorm: 1, Accumulate: 2},
	}
	const steps, rows, hard = 10, 23, 9
	var all []*parityCase
	for _, shape := range slices.Sorted(maps.Keys(shapes())) {
		m := shapes()[shape]
		for _, name := range slices.Sorted(maps.Keys(variants)) {
			c := variants[name]
			c.Name, c.m, c.optimisation = shape+"/"+name, m, steps
			c.LR, c.Warmup, c.Temperature, c.WeightDecay = 1e-3, 3*c.Accumulate, 0.05, 0.1
			rng := rand.New(rand.NewPCG(uint64(len(all)), 1))
			c.Model, c.Out = save(t, m, rng.Uint64()), t.TempDir()
			for range steps * c.Accumulate {
				var b parityBatch
				masked := map[[2]int]bool{}
				for i := range rows + hard {
					if i < rows {
						b.Queries = append(b.Queries, text(rng, &m.Config, 13))
					}
					b.Passages = append(b.Passages, text(rng, &m.Config, m.MaxLength))
				}
				for len(masked) < 17 {
					if i, j := rng.IntN(rows), rng.IntN(rows+hard); i != j && !masked[[2]int{i, j}] {
						masked[[2]int{i, j}] = true
						b.Masked = append(b.Masked, [2]int{i, j})
					}
				}
				c.Batches = append(c.Batches, b)
				c.ourBatches = append(c.ourBatches, &trainer.Batch{
					Queries: b.Queries, Passages: b.Passages, Masked: func(i, j int) bool { return masked[[2]int{i, j}] },
				})
			}
			c.ourParams = params(t, train.Params{
				LR: c.LR, Warmup: c.Warmup, Schedule: c.Schedule, Temperature: c.Temperature, WeightDecay: c.WeightDecay,
			}, map[string]any{
				"learn_temperature": c.LearnTemp, "clip_norm": c.ClipNorm, "accumulate": c.Accumulate, "micro_batch": c.microBatch,
			})
			all = append(all, &c)
		}
	}
	return all
}

// ours trains a case and returns what oracle.py writes of it.
func (c *parityCase) ours(t *testing.T) map[string][]float32 {
	t.Helper()
	out := map[string][]float32{}
	window := c.Accumulate
	report := func(s train.Step) {
		if len(out["losses"])%window == 0 {
			out["norms"] = append(out["norms"], float32(s.GradNorm))
		}
		out["losses"] = append(out["losses"], float32(s.Loss))
	}
	err := trainer.TrainOnIDs(t.Context(), onIDs(c.ourParams, c.Model, len(c.ourBatches), report), func(o *trainer.OnIDs) (err error) {
		if out["vectors"], err = o.Vectors(c.ourBatches[0]); err != nil {
			return err
		}
		gradients, err := o.Gradients(c.ourBatches[:window])
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(c.ourBatches, window) {
			if err := o.Step(t.Context(), batch); err != nil {
				return err
			}
		}
		for name, values := range gradients {
			out["grad."+name] = values
		}
		for name, values := range o.Weights() {
			out["weight."+name] = values
		}
		out["trained"], err = o.Vectors(c.ourBatches[0])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// reference reads what oracle.py wrote, nil if it did not.
func (c *parityCase) reference(t *testing.T, name string) map[string][]float32 {
	t.Helper()
	r, err := tensor.OpenSafetensors(filepath.Join(c.Out, name+".safetensors"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	all := map[string][]float32{}
	for _, name := range r.Names() {
		if all[name], err = r.Floats(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// difference is how far values are from others: at most, and the norm of the
// difference as a share of the others' norm.
type difference struct{ most, share float64 }

func between(got, want []float32) (d difference) {
	var differences, all float64
	for i, w := range want {
		delta := float64(got[i]) - float64(w)
		d.most = max(d.most, math.Abs(delta))
		differences += delta * delta
		all += float64(w) * float64(w)
	}
	d.share = math.Sqrt(differences / all)
	return d
}

func minus(a, b []float32) []float32 {
	c := make([]float32, len(a))
	for i := range a {
		c[i] = a[i] - b[i]
	}
	return c
}

func TestExplore(t *testing.T) {
	cases := parityCases(t)
	askPyTorch(t, cases)
	for _, c := range cases {
		ours := c.ours(t)
		r32, r64 := c.reference(t, "float32"), c.reference(t, "float64")
		initial := map[string][]float32{}
		if err := c.m.Load(c.Model, func(i int, v []float32) error {
			initial["weight."+c.m.Weights()[i].Name] = slices.Clone(v)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if c.LearnTemp {
			initial["weight.log_scale"] = []float32{float32(-math.Log(c.Temperature))}
		}
		fmt.Println("==", c.Name, len(ours), len(r32))
		for _, n := range slices.Sorted(maps.Keys(r32)) {
			a, b, f := ours[n], r32[n], r64[n]
			if i, ok := initial[n]; ok {
				a, b, f = minus(a, i), minus(b, i), minus(f, i)
			}
			x, y, z := between(a, b), between(a, f), between(b, f)
			fmt.Printf("%-60s ours-32 %.1e %.1e  ours-64 %.1e %.1e  32-64 %.1e %.1e\n", n, x.most, x.share, y.most, y.share, z.most, z.share)
		}
	}
}

// askPyTorch lets oracle.py train the cases.
func askPyTorch(t *testing.T, cases []*parityCase) {
	t.Helper()
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(pytorch(t), "-B", "testdata/oracle.py", file)
	cmd.Stderr, cmd.Stdout = &said, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("oracle.py: %v\n%s", err, said.String())
	}
	t.Logf("PyTorch %s", &said)
}
