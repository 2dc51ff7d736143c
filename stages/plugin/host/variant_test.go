package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
)

// counter is a backend of "train" that counts batches: its model is a number.
type counter struct{}

func (counter) Variant() stages.Variant {
	return stages.Variant{
		Name: "demo", Doc: "Counts batches.",
		Params: []stages.Param{{Name: "factor", Type: "number", Default: "2", Doc: "What each batch counts, at least 1."}},
		Inputs: []stages.Port{{Name: "words", Arity: stages.Optional, Doc: "Any file."}},
	}
}

func (counter) factor(p train.Params) (int, error) {
	var own struct {
		Factor int `json:"factor"`
	}
	err := stages.DecodeParams(p.Own, &own)
	return own.Factor, err
}

func (c counter) Check(p train.Params) error {
	factor, err := c.factor(p)
	if err == nil && factor < 1 {
		err = &stages.ParamError{Param: "factor", Problem: fmt.Sprintf("%d is too small", factor), Hint: "Give at least 1"}
	}
	return err
}

func (c counter) Train(_ context.Context, run *train.Run) error {
	factor, err := c.factor(run.Params)
	if err != nil {
		return err
	}
	n := 0
	for _, err := range run.Batches {
		if err != nil {
			return err
		}
		n += factor
		if err := run.Report(train.Step{LR: run.Params.LR}); err != nil {
			return err
		}
	}
	if err := os.Mkdir(run.Out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(run.Out, "count"), fmt.Append(nil, n), 0o644)
}

// TestVariantsDoTheWorkOfAKind: a backend of "train" in another process.
func TestVariantsDoTheWorkOfAKind(t *testing.T) {
	t.Parallel()
	drawn := stagetest.NewJob(t, sample.New(), `{"sampler": "x-y", "steps": 7, "batch_size": 4}`, pairs(9))
	if err := sample.New().Run(t.Context(), drawn); err != nil {
		t.Fatal(err)
	}
	batches := stagetest.Input{Port: "batches", From: drawn.Out["batches"]}
	s := stages.Extend(train.New(), open(t, "good").Variants()...)
	stagetest.Run(t, s, stagetest.Case{
		Params: `{"backend": "demo", "demo.factor": 3}`,
		Inputs: []stagetest.Input{batches, {Port: "demo.words", Content: "a\n"}},
	})
	job := stagetest.NewJob(t, s, `{"backend": "demo", "max_steps": 5}`, batches)
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	count, err := os.ReadFile(filepath.Join(job.Out["model"], "count"))
	if err != nil || string(count) != "10" {
		t.Errorf("the model is %q, %v", count, err)
	}
	var bad *stages.ParamError
	checked := stagetest.NewJob(t, s, `{"backend": "demo", "demo.factor": 0}`, batches)
	if err := s.(stages.Checker).Check(checked.Params); !errors.As(err, &bad) || bad.Param != "demo.factor" {
		t.Errorf("got %v, want an error at demo.factor", err)
	}
	checked = stagetest.NewJob(t, s, `{"backend": "demo", "learning_rate": -1}`, batches)
	if err := s.(stages.Checker).Check(checked.Params); !errors.As(err, &bad) || bad.Param != "learning_rate" {
		t.Errorf("got %v, want an error at learning_rate", err)
	}
	// The kind's own variants are as ever, and know nothing of the plugin.
	tools, err := s.(stages.Tooled).Tools(t.Context(), json.RawMessage(`{"backend": "static"}`))
	if err != nil || tools != nil {
		t.Errorf("tools of static: %v, %v", tools, err)
	}
	tools, err = s.(stages.Tooled).Tools(t.Context(), json.RawMessage(`{"backend": "demo"}`))
	if err != nil || !strings.HasPrefix(tools["plugin demo files"], "good") {
		t.Errorf("tools of demo: %v, %v", tools, err)
	}
}
