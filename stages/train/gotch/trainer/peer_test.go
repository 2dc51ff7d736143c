//go:build gotch

package trainer_test

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"repro/stages/hf"
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

// text is random ids but padding, of a random length.
func text(rng *rand.Rand, c *hf.Config, most int) []int32 {
	ids := make([]int32, 2+rng.IntN(most-1))
	for i := range ids {
		ids[i] = int32(c.Pad + 1 + rng.IntN(c.Vocab-c.Pad-1))
	}
	return ids
}
