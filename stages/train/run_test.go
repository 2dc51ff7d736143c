package train_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/stagetest"
	"repro/stages/train"
)

// The factors of 2 steps of warm-up and 8 steps, by the formulas of transformers;
// only the warm-up, which begins at 0 there, is a step ahead here.
func TestSchedulesAreThoseOfTransformers(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string][]float64{
		"constant": {.5, 1, 1, 1, 1, 1, 1, 1},
		"linear":   {.5, 1, 1, 5. / 6, 4. / 6, 3. / 6, 2. / 6, 1. / 6},
		"cosine":   {.5, 1, 1, .9330127018922194, .75, .5, .25, .0669872981077807},
	} {
		p := train.Params{LR: 3e-5, Warmup: 2, Schedule: schedule}
		for step, factor := range want {
			if got := p.Rate(step, len(want)); math.Abs(got/p.LR-factor) > 1e-12 {
				t.Errorf("%s, step %d: %v times the rate, want %v", schedule, step, got/p.LR, factor)
			}
		}
	}
	// All of it is warm-up.
	if got := (train.Params{LR: 1, Warmup: 9, Schedule: "linear"}).Rate(2, 3); got != 3./9 {
		t.Errorf("rate %v", got)
	}
}

// backend is a backend that a test writes.
type backend func(run *train.Run) error

func (backend) Variant() stages.Variant  { return stages.Variant{Name: "fake", Doc: "Trains nothing."} }
func (backend) Check(train.Params) error { return nil }
func (b backend) Train(_ context.Context, run *train.Run) error {
	if err := b(run); err != nil {
		return err
	}
	return os.Mkdir(run.Out, 0o755)
}

func TestValidationHasItsLinesInTheCurve(t *testing.T) {
	t.Parallel()
	pairs := stagetest.Input{Port: "validation", Content: `{"dataset": "d", "id": "1", "lang": "en", "query": "q", "passage": "p"}` + "\n"}
	s := train.NewKind("fake", backend(func(run *train.Run) error {
		if text := read(t, run.Validation[0]); !strings.Contains(text, `"passage"`) {
			t.Errorf("the validation pairs are %q", text)
		}
		for i := range 9 {
			step := train.Step{Loss: float64(i), LR: 1, GradNorm: 2}
			if i == 2 || i == 6 {
				loss := float64(10 - i)
				step.Validation = &loss
			}
			if err := run.Report(step); err != nil {
				return err
			}
		}
		run.Stop("that is enough")
		return nil
	}))
	job, err := run(t, s, `{"log_every": 4}`, batches(t, `{"sampler": "x-y", "steps": 20, "batch_size": 4}`, 12), pairs, pairs)
	if err != nil {
		t.Fatal(err)
	}
	at := func(x float64) *float64 { return &x }
	want := []point{
		{Step: 3, Loss: 1, LR: 1, GradNorm: 2, Validation: at(8)},
		{Step: 4, Loss: 3, LR: 1, GradNorm: 2},
		{Step: 7, Loss: 5, LR: 1, GradNorm: 2, Validation: at(4)},
		{Step: 8, Loss: 7, LR: 1, GradNorm: 2},
		{Step: 9, Loss: 8, LR: 1, GradNorm: 2},
	}
	if diff := cmp.Diff(want, curve(t, job)); diff != "" {
		t.Errorf("curve (-want +got):\n%s", diff)
	}
	if strings.Count(read(t, job.Out["curve"]), "validation_loss") != 2 {
		t.Error("lines without a validation speak of one")
	}
	if log := job.Log.(*stagetest.Log).String(); !strings.Contains(log, "stopped early: that is enough") ||
		!strings.Contains(log, "step 7 of 20: loss 5.0000, gradient norm 2.0000, validation loss 4.0000") {
		t.Errorf("the log is %s", log)
	}
}

func TestAValidationThatIsNoNumberStopsWithTheStep(t *testing.T) {
	t.Parallel()
	s := train.NewKind("fake", backend(func(run *train.Run) error {
		bad := math.NaN()
		return run.Report(train.Step{Loss: 1, Validation: &bad})
	}))
	_, err := run(t, s, `{}`, batches(t, `{"sampler": "x-y", "steps": 2, "batch_size": 4}`, 12))
	if err == nil || !strings.Contains(err.Error(), "step 1: loss NaN on the validation pairs") {
		t.Errorf("got %v", err)
	}
}

func TestTheStaticBackendRefusesValidation(t *testing.T) {
	t.Parallel()
	_, err := run(t, train.New(), `{`+small+`}`, batches(t, `{"sampler": "x-y", "steps": 2, "batch_size": 4}`, 12),
		stagetest.Input{Port: "validation", Content: "{}\n"})
	if err == nil || !strings.Contains(err.Error(), "leave out the input validation") {
		t.Errorf("got %v", err)
	}
}

func TestABackendHasWhatTheJobHas(t *testing.T) {
	t.Parallel()
	s := train.NewKind("fake", backend(func(run *train.Run) error {
		run.Note("loss 1")
		run.SetClass("stochastic")
		if err := os.MkdirAll(run.Checkpoint, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(run.Checkpoint, "state"), []byte("kept"), 0o644)
	}))
	job := stagetest.NewJob(t, s, `{"max_steps": 0}`, batches(t, `{"sampler": "x-y", "steps": 2, "batch_size": 4}`, 12))
	var said []string
	job.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	job.OnNote = func(text string) { said = append(said, text) }
	job.OnClass = func(class string) { said = append(said, class) }
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"loss 1", "stochastic"}, said); diff != "" {
		t.Error(diff)
	}
	if got := read(t, job.Checkpoint, "state"); got != "kept" {
		t.Errorf("the checkpoint has %q", got)
	}
}
