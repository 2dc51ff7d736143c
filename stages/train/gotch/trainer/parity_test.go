//go:build gotch

package trainer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages/train"
	"repro/stages/train/gotch/trainer"
)

// Same weights and ids, same numbers as Python's PyTorch: with a model written
// there from the papers, and with transformers' where that is installed. What
// PyTorch itself loses to rounding is measured by its results in float64.
func TestParityWithPyTorch(t *testing.T) {
	t.Parallel()
	cases := parityCases(t)
	askPyTorch(t, cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			ours, exact := c.ours(t), c.reference(t, "float64")
			for _, peer := range []string{"float32", "transformers"} {
				t.Run(peer, func(t *testing.T) {
					theirs := c.reference(t, peer)
					if theirs == nil {
						t.Skip("Python has no module " + peer)
					}
					worst, problems := c.compare(t, ours, theirs, exact)
					t.Log(worst)
					for _, p := range problems {
						t.Error(p)
					}
				})
			}
		})
	}
}

// The comparison finds what people get wrong.
func TestParityNoticesADifference(t *testing.T) {
	t.Parallel()
	all := map[string]*parityCase{}
	for _, c := range parityCases(t) {
		c.batches, c.Batches = c.batches[:1], c.Batches[:1]
		all[c.Name] = c
	}
	var cases []*parityCase
	for name, edit := range map[string]struct{ of, from, to string }{
		"epsilon":    {"BERT/plain", `"layer_norm_eps": 1e-12`, `"layer_norm_eps": 1e-5`},
		"positions":  {"XLM-R/plain", `"model_type": "xlm-roberta"`, `"model_type": "bert"`},
		"activation": {"LaBSE/plain", `"hidden_act": "gelu"`, `"hidden_act": "relu"`},
	} {
		c := *all[edit.of]
		c.Name, c.Model, c.Out = name, t.TempDir(), t.TempDir()
		if err := os.CopyFS(c.Model, os.DirFS(c.dir)); err != nil {
			t.Fatal(err)
		}
		if err := replace(c.Model, "config.json", edit.from, edit.to); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, &c)
	}
	askPyTorch(t, cases)
	for _, c := range cases {
		theirs := c.reference(t, "float32")
		worst, problems := c.compare(t, c.ours(t), theirs, c.reference(t, "float64"))
		if len(problems) < 10 {
			t.Errorf("another %s gave %s and %d problems:\n%s", c.Name, worst, len(problems), strings.Join(problems, "\n"))
		}
	}
}

// askPyTorch lets oracle.py train the cases.
func askPyTorch(t *testing.T, cases []*parityCase) {
	t.Helper()
	python := pytorch(t)
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(python, "-B", "testdata/oracle.py", file)
	cmd.Stderr, cmd.Stdout = &said, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("oracle.py: %v\n%s", err, said.String())
	}
	t.Logf("PyTorch %s", &said)
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
	if differences > 0 {
		d.share = math.Sqrt(differences / all)
	}
	return d
}

// What is allowed, as shares of a tensor's norm. Rounding alone leaves 4e-7 of
// vectors, 2e-7 of losses, 8e-7 of norms and 5e-6 of gradients. AdamW divides a
// gradient by its own size, and so passes on the noise of those numbers in it
// that are near 0: 3e-4 of the change of weights in ten steps.
const (
	vectorsMay  = 1e-5
	lossesMay   = 1e-6
	normsMay    = 5e-6
	gradientMay = 2e-5
	changeMay   = 2e-3
	trainedMay  = 2e-5
)

// A bias of keys adds the same to all attention weights of a query, which
// softmax takes away again. Its gradient is 0, and all that is computed of it is
// noise: up to this share of the norm of all gradients. AdamW makes steps of full
// length of it.
const (
	keyBias          = "attention.self.key.bias"
	keyBiasMay       = 1e-8
	keyBiasChangeMay = 2 // steps at the full learning rate, for each of the steps
)

// compare says what of ours is too far from a peer's, and how far the farthest
// of each kind are.
func (c *parityCase) compare(t *testing.T, ours, theirs, exact map[string][]float32) (worst string, problems []string) {
	t.Helper()
	before := c.before(t)
	apart := map[string]float64{}
	if len(ours) != len(theirs) {
		problems = append(problems, fmt.Sprintf("%d tensors, want %d", len(ours), len(theirs)))
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		got, want, truth := ours[name], theirs[name], exact[name]
		if len(got) != len(want) {
			problems = append(problems, fmt.Sprintf("%s: %d numbers, want %d", name, len(got), len(want)))
			continue
		}
		kind, _, _ := strings.Cut(name, ".")
		if kind == "weight" {
			got, want, truth = minus(got, before[name]), minus(want, before[name]), minus(truth, before[name])
		}
		d, theirOwn := between(got, want), between(want, truth)
		may := map[string]float64{
			"vectors": vectorsMay, "losses": lossesMay, "norms": normsMay, "grad": gradientMay, "weight": changeMay, "trained": trainedMay,
		}[kind]
		what := d.share
		if strings.HasSuffix(name, keyBias) {
			kind, what, may = kind+" of key biases", d.most, keyBiasMay*float64(theirs["norms"][0])
			if strings.HasPrefix(kind, "weight") {
				may = keyBiasChangeMay * c.LR * float64(len(theirs["norms"]))
			}
		} else {
			apart[kind+" of PyTorch from float64"] = max(apart[kind+" of PyTorch from float64"], theirOwn.share)
		}
		apart[kind] = max(apart[kind], what)
		if !(what <= may) {
			problems = append(problems, fmt.Sprintf("%s: apart by %.1e of the norm, %.1e at most; PyTorch from float64 by %.1e, %.1e; allowed are %.1e",
				name, d.share, d.most, theirOwn.share, theirOwn.most, may))
		}
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(apart)) {
		parts = append(parts, fmt.Sprintf("%s %.1e", kind, apart[kind]))
	}
	return "farthest: " + strings.Join(parts, ", "), problems
}

// before returns the weights before training.
func (c *parityCase) before(t *testing.T) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{"weight.log_scale": {float32(-math.Log(c.Temperature))}}
	err := c.m.Load(c.dir, func(i int, values []float32) error {
		all["weight."+c.m.Weights()[i].Name] = slices.Clone(values)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func minus(a, b []float32) []float32 {
	c := make([]float32, len(a))
	for i := range a {
		c[i] = a[i] - b[i]
	}
	return c
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
	err := trainer.TrainOnIDs(t.Context(), onIDs(c.params, c.dir, len(c.batches), report), func(o *trainer.OnIDs) (err error) {
		if out["vectors"], err = o.Vectors(c.batches[0]); err != nil {
			return err
		}
		gradients, err := o.Gradients(c.batches[:window])
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(c.batches, window) {
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
		out["trained"], err = o.Vectors(c.batches[0])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
