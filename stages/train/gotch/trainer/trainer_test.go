//go:build gotch

package trainer_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sugarme/gotch"

	"repro/stages"
	"repro/stages/hf"
	"repro/stages/stagetest"
	"repro/stages/tensor"
	"repro/stages/train/gotch/trainer"
)

func TestStageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, stage(&trainer.Backend{}), stagetest.Case{
		Params: `{` + tiny + `}`,
		Inputs: []stagetest.Input{batches(t, `{"sampler": "hybrid", "steps": 20, "batch_size": 10}`, pairs(40, 1))},
	})
}

func TestItLearns(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 300, "batch_size": 32}`, pairs(300, 1))
	for name, c := range map[string]struct {
		params string
		factor float64 // by which the loss has to fall
	}{
		"mean":     {``, 3},
		"bfloat16": {`, "transformer.precision": "bfloat16"`, 3},
		"cls":      {`, "transformer.pooling": "cls"`, 1.2}, // it has to learn first where to look
	} {
		job := must(t, tiny+`, "learning_rate": 0.003, "log_every": 20`+c.params, in)
		points := curve(t, job)
		first, last := points[0].Loss, points[len(points)-1].Loss
		t.Logf("%s: loss %.3f, %.3f in the end", name, first, last)
		if last > first/c.factor {
			t.Errorf("%s: the loss went from %v to %v", name, first, last)
		}
	}
}

func TestATemperatureCanBeLearned(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 200, "batch_size": 32}`, pairs(300, 1))
	const params = tiny + `, "learning_rate": 0.003, "temperature": 1, "log_every": 200`
	fixed, learned := curve(t, must(t, params, in)), curve(t, must(t, params+`, "transformer.learn_temperature": true`, in))
	if learned[0].Loss > 0.95*fixed[0].Loss {
		t.Errorf("the loss is %v with a temperature that is learned, %v with one that stays 1", learned[0].Loss, fixed[0].Loss)
	}
}

func TestSeedsDecide(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 30, "batch_size": 16}`, pairs(60, 1))
	one, again, other := must(t, tiny+`, "seed": 1`, in), must(t, tiny+`, "seed": 1`, in), must(t, tiny+`, "seed": 2`, in)
	if weights(t, one) != weights(t, again) {
		t.Error("the same seed gave other weights")
	}
	if weights(t, one) == weights(t, other) {
		t.Error("another seed gave the same weights")
	}
}

// distance is the root mean square of the differences between two models'
// weights. Single ones may differ by a step: where a gradient is 0 but for
// rounding, as that of a key's bias, Adam takes its sign.
func distance(t testing.TB, a, b *stages.Job) float64 {
	t.Helper()
	sum, n := 0.0, 0
	one, other := load(t, a), load(t, b)
	for name, x := range one.Tensors {
		for i, v := range x.Data {
			d := float64(v - other.Tensors[name].Data[i])
			sum, n = sum+d*d, n+1
		}
	}
	return math.Sqrt(sum / float64(n))
}

func load(t testing.TB, job *stages.Job) *tensor.Safetensors {
	t.Helper()
	s, err := tensor.LoadSafetensors(filepath.Join(job.Out["model"], "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSmallChunksGiveTheSameWeights(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 10, "batch_size": 24}`, pairs(60, 1))
	const params = tiny + `, "learning_rate": 0.001, "transformer.dropout": 0, "transformer.learn_temperature": true`
	whole, first := must(t, params, in), must(t, params+`, "max_steps": 0`, in)
	moved := distance(t, whole, first)
	for _, limit := range []int{1, 7, 48} {
		small := must(t, fmt.Sprintf(`%s, "transformer.micro_batch": %d`, params, limit), in)
		if d := distance(t, whole, small); d > moved/50 {
			t.Errorf("%d texts at once: weights differ by %v after moving by %v", limit, d, moved)
		}
	}
}

// Two batches to a step are seen by the same weights and share one gradient;
// what that is, the comparison with PyTorch shows.
func TestGradientsAccumulate(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 3, "batch_size": 24}`, pairs(60, 1))
	const params = tiny + `, "transformer.dropout": 0, "log_every": 1`
	still := curve(t, must(t, params+`, "learning_rate": 1e-30`, in))
	two := curve(t, must(t, params+`, "learning_rate": 0.01, "transformer.accumulate": 2`, in))
	if len(two) != 3 {
		t.Fatalf("%d of 3 batches were taken", len(two))
	}
	if still[0].Loss != two[0].Loss || still[1].Loss != two[1].Loss || still[2].Loss == two[2].Loss {
		t.Errorf("losses %+v, %+v where nothing moves", two, still)
	}
	if two[0].GradNorm != two[1].GradNorm {
		t.Errorf("gradient norms %v and %v of one step", two[0].GradNorm, two[1].GradNorm)
	}
}

func TestTheBestWeightsAreKept(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "x-x-mono", "steps": 200, "batch_size": 32}`, pairs(300, 1))
	held := stagetest.Input{Port: "validation", Content: lines(t, pairs(60, 2))}
	// A learning rate at which it learns, and then a few steps that spoil it.
	const params = tiny + `, "learning_rate": 0.003, "log_every": 10, "transformer.validate_every": 10`
	job := must(t, params+`, "transformer.patience": 3`, in, held)
	var losses []float64
	for _, p := range curve(t, job) {
		if p.Validation != nil {
			losses = append(losses, *p.Validation)
		}
	}
	if len(losses) < 4 {
		t.Fatalf("validation losses %v", losses)
	}
	best := 0
	for i, l := range losses {
		if l < losses[best] {
			best = i
		}
	}
	t.Logf("validation losses %.3f", losses)
	stopped := len(losses) < 20
	if stopped && len(losses)-1-best != 3 {
		t.Errorf("it stopped after %d validations, the best of which is number %d", len(losses), best+1)
	}
	// What a training of just so many steps gives is what was kept.
	short := must(t, fmt.Sprintf(`%s, "max_steps": %d`, params, (best+1)*10), in, held)
	if weights(t, job) != weights(t, short) {
		t.Errorf("the weights are not those after step %d", (best+1)*10)
	}
}

func TestItContinuesFromAModel(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 10, "batch_size": 16}`, pairs(60, 1))
	first := must(t, tiny+`, "transformer.query_prefix": "Query: "`, in)
	init := stagetest.Input{Port: "init", From: first.Out["model"]}
	same := must(t, `"max_steps": 0`, in, init)
	if weights(t, first) != weights(t, same) {
		t.Error("a training without steps changed the weights")
	}
	m, err := hf.Open(same.Out["model"])
	if err != nil {
		t.Fatal(err)
	}
	if m.Prompts["query"] != "Query: " {
		t.Errorf("prompts %v", m.Prompts)
	}
}

func TestBadInitialModels(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 2, "batch_size": 16}`, pairs(60, 1))
	good := must(t, tiny+`, "max_steps": 0`, in)
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"another shape": {func(dir string) error {
			return replace(dir, "config.json", `"intermediate_size": 64`, `"intermediate_size": 65`)
		},
			"encoder.layer.0.intermediate.dense.weight"},
		"more layers": {func(dir string) error {
			return replace(dir, "config.json", `"num_hidden_layers": 2`, `"num_hidden_layers": 3`)
		}, "encoder.layer.2.attention.self.query.weight"},
		"no tokenizer": {func(dir string) error { return os.Remove(filepath.Join(dir, "vocab.txt")) }, "vocab.txt"},
		"a large vocabulary": {func(dir string) error {
			f, err := os.OpenFile(filepath.Join(dir, "vocab.txt"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more\n")
			return errors.Join(err, f.Close())
		}, "the embedding matrix has"},
		"cut short": {func(dir string) error { return os.Truncate(filepath.Join(dir, "model.safetensors"), 5000) }, "model.safetensors"},
	} {
		dir := filepath.Join(t.TempDir(), "model")
		if err := os.CopyFS(dir, os.DirFS(good.Out["model"])); err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		_, err := run(t, "", in, stagetest.Input{Port: "init", From: dir})
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, stages.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func replace(dir, file, from, to string) error {
	name := filepath.Join(dir, file)
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), from) {
		return fmt.Errorf("%s has no %s:\n%s", file, from, text)
	}
	return os.WriteFile(name, []byte(strings.Replace(string(text), from, to, 1)), 0o644)
}

func TestADivergedTrainingSaysWhere(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 20, "batch_size": 16}`, pairs(60, 1))
	_, err := run(t, tiny+`, "learning_rate": 1e20`, in)
	if err == nil || !strings.Contains(err.Error(), "step 2") || !strings.Contains(err.Error(), "diverged") {
		t.Errorf("%v", err)
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "simcse", "steps": 2, "batch_size": 16}`, pairs(60, 1))
	if _, err := run(t, `"transformer.device": "cuda"`, in); !gotch.CUDA.IsAvailable() && (err == nil || !strings.Contains(err.Error(), "repro doctor")) {
		t.Errorf("without a GPU: %v", err)
	}
	for params, want := range map[string]string{
		`"transformer.device": "tpu"`:                                 "transformer.device",
		`"transformer.patience": 1`:                                   "transformer.patience",
		`"transformer.validate_every": 5`:                             "no pairs to validate on",
		`"transformer.learn_temperature": true, "temperature": 0.001`: "temperature",
		`"transformer.heads": 3`:                                      "heads",
		`"transformer.micro_batch": 0`:                                "transformer.micro_batch",
		`"transformer.dropout": 1`:                                    "transformer.dropout",
		`"transformer.pooling": "max"`:                                "cls, mean",
		`"transformer.dropout": 0`:                                    "pairs each text with itself",
		`"transformer.hidden": 10000000000`:                           "hidden",
	} {
		_, err := run(t, params, in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", params, err)
		}
	}
}
