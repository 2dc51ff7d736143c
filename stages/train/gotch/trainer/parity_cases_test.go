//go:build gotch

package trainer_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"repro/stages/hf"
	"repro/stages/tensor"
	"repro/stages/train"
	"repro/stages/train/gotch/trainer"
)

// parityCase is a training for both sides, as oracle.py reads it.
type parityCase struct {
	Name        string        `json:"name"`
	Model       string        `json:"model"`
	Out         string        `json:"out"`
	Batches     []parityBatch `json:"batches"`
	LR          float64       `json:"learning_rate"`
	Warmup      int           `json:"warmup"`
	Schedule    string        `json:"schedule"`
	Temperature float64       `json:"temperature"`
	WeightDecay float64       `json:"weight_decay"`
	LearnTemp   bool          `json:"learn_temperature"`
	ClipNorm    float64       `json:"clip_norm"`
	Accumulate  int           `json:"accumulate"`

	microBatch any
	m          *hf.Model
	dir        string // our model folder
	batches    []*trainer.Batch
	params     train.Params
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
		ModelType: "bert", Vocab: 97, Hidden: 36, Layers: 3, Heads: 3, Intermediate: 77, Positions: 29, Types: 2,
		Activation: "gelu", Epsilon: 1e-12,
	}
	xlmr := bert
	xlmr.ModelType, xlmr.Types, xlmr.Epsilon, xlmr.Pad, xlmr.Positions = "xlm-roberta", 1, 1e-5, 1, 31
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

// parityCases are trainings of ten steps.
func parityCases(t *testing.T) []*parityCase {
	t.Helper()
	variants := map[string]parityCase{
		"plain":               {Schedule: "linear", ClipNorm: 1, Accumulate: 1},
		"learned temperature": {Schedule: "cosine", ClipNorm: 1, Accumulate: 1, LearnTemp: true},
		"GradCache":           {Schedule: "linear", ClipNorm: 0, Accumulate: 1, microBatch: 5},
		"two batches a step":  {Schedule: "cosine", ClipNorm: 1, Accumulate: 2},
	}
	const steps, rows, hard = 10, 17, 7
	var all []*parityCase
	for _, shape := range slices.Sorted(maps.Keys(shapes())) {
		m := shapes()[shape]
		for _, name := range slices.Sorted(maps.Keys(variants)) {
			c := variants[name]
			c.Name, c.m = shape+"/"+name, m
			c.LR, c.Warmup, c.Temperature, c.WeightDecay = 1e-3, 3*c.Accumulate, 0.05, 0.1
			rng := rand.New(rand.NewPCG(uint64(len(all)), 1))
			c.dir, c.Out = save(t, m, rng.Uint64()), t.TempDir()
			c.Model = c.dir
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
				c.batches = append(c.batches, &trainer.Batch{
					Queries: b.Queries, Passages: b.Passages, Masked: func(i, j int) bool { return masked[[2]int{i, j}] },
				})
			}
			c.params = params(t, train.Params{
				LR: c.LR, Warmup: c.Warmup, Schedule: c.Schedule, Temperature: c.Temperature, WeightDecay: c.WeightDecay,
			}, map[string]any{
				"learn_temperature": c.LearnTemp, "clip_norm": c.ClipNorm, "accumulate": c.Accumulate, "micro_batch": c.microBatch,
			})
			all = append(all, &c)
		}
	}
	return all
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
