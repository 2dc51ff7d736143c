package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
)

const small = `"static.dim": 32, "static.buckets": 4096, "log_every": 4`

// batches draws from n items in three languages, of which every other shares
// its passage with the one before it in English.
func batches(t testing.TB, params string, n int) stagetest.Input {
	t.Helper()
	var input strings.Builder
	enc := json.NewEncoder(&input)
	for i := range n {
		for _, lang := range []string{"de", "en", "fr"} {
			passage := fmt.Sprintf("%s passage %d about thing%d", lang, i, i)
			if lang == "en" {
				passage = fmt.Sprintf("%s passage %d about thing%d", lang, i/2, i/2)
			}
			err := enc.Encode(corpus.Pair{
				Dataset: "d", ID: fmt.Sprintf("%03d", i), Lang: lang,
				Query: fmt.Sprintf("%s question %d thing%d", lang, i, i), Passage: passage,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	s := sample.New()
	job := stagetest.NewJob(t, s, params, stagetest.Input{Port: "input", Content: input.String()})
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: "batches", From: job.Out["batches"]}
}

func run(t testing.TB, s stages.Stage, params string, inputs ...stagetest.Input) (*stages.Job, error) {
	t.Helper()
	job := stagetest.NewJob(t, s, params, inputs...)
	return job, s.Run(t.Context(), job)
}

type point struct {
	Step     int
	Loss     float64
	LR       float64
	GradNorm float64 `json:"grad_norm"`

	Validation *float64 `json:"validation_loss"`
}

func curve(t testing.TB, job *stages.Job) []point {
	t.Helper()
	points, err := corpus.LoadLines[point](job.Out["curve"])
	if err != nil {
		t.Fatal(err)
	}
	return points
}

func TestStageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, train.New(), stagetest.Case{
		Params: `{` + small + `}`,
		Inputs: []stagetest.Input{batches(t, `{"sampler": "hybrid", "steps": 20, "batch_size": 10}`, 30)},
	})
}

func TestCurveSumsUpSteps(t *testing.T) {
	t.Parallel()
	job, err := run(t, train.New(), `{`+small+`, "warmup": 5, "learning_rate": 0.01}`,
		batches(t, `{"sampler": "x-y", "steps": 10, "batch_size": 10}`, 30))
	if err != nil {
		t.Fatal(err)
	}
	points := curve(t, job)
	var at []int
	var rates []float64
	for _, p := range points {
		at = append(at, p.Step)
		rates = append(rates, p.LR)
		if p.Loss <= 0 || p.GradNorm <= 0 {
			t.Errorf("point %+v", p)
		}
	}
	if diff := cmp.Diff([]int{4, 8, 10}, at); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{.008, .01, .01}, rates); diff != "" {
		t.Errorf("learning rates (-want +got):\n%s", diff)
	}
	if points[2].Loss >= points[0].Loss {
		t.Errorf("the loss went from %v to %v", points[0].Loss, points[2].Loss)
	}
}

func TestMaxStepsZeroKeepsTheInitialWeights(t *testing.T) {
	t.Parallel()
	var models []string
	for _, arm := range []string{"x-y", "x-x-mono"} {
		job, err := run(t, train.New(), `{`+small+`, "max_steps": 0}`,
			batches(t, `{"sampler": "`+arm+`", "steps": 10, "batch_size": 10}`, 30))
		if err != nil {
			t.Fatal(err)
		}
		if points := curve(t, job); len(points) != 0 {
			t.Errorf("%s: a curve of %v", arm, points)
		}
		models = append(models, read(t, job.Out["model"], "model.safetensors"))
	}
	if models[0] != models[1] {
		t.Error("the untrained models of two arms differ")
	}
}

func read(t testing.TB, elem ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTrainingContinuesFromAModel(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "x-y", "steps": 10, "batch_size": 10}`, 30)
	first, err := run(t, train.New(), `{`+small+`}`, in)
	if err != nil {
		t.Fatal(err)
	}
	init := stagetest.Input{Port: "init", From: first.Out["model"]}
	same, err := run(t, train.New(), `{"max_steps": 0}`, in, init)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"config.json", "model.safetensors"} {
		if read(t, first.Out["model"], file) != read(t, same.Out["model"], file) {
			t.Errorf("%s changed in no step", file)
		}
	}
	more, err := run(t, train.New(), `{"log_every": 4}`, in, init)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := curve(t, first), curve(t, more); b[0].Loss >= a[0].Loss {
		t.Errorf("the second training began with loss %v, the first with %v", b[0].Loss, a[0].Loss)
	}
}

func TestCheckRefusesBadParameters(t *testing.T) {
	t.Parallel()
	s := train.New()
	for params, want := range map[string]string{
		`{"backend": "statik"}`:          "backend",
		`{"backend": "transformer"}`:     "backend", // a plugin's
		`{"learning_rate": 0}`:           "learning_rate",
		`{"temperature": -1}`:            "temperature",
		`{"weight_decay": -0.1}`:         "weight_decay",
		`{"max_steps": -1}`:              "max_steps",
		`{"log_every": 0}`:               "log_every",
		`{"warmup": -1}`:                 "warmup",
		`{"schedule": "step"}`:           "schedule",
		`{"static.dim": 100}`:            "static.dim",
		`{"static.ngram_max": 2}`:        "static.ngram_max",
		`{"static.buckets": 1000000000}`: "static.buckets",
	} {
		job := stagetest.NewJob(t, s, params, stagetest.Input{Port: "batches", Files: map[string]string{}})
		var param *stages.ParamError
		if err := s.Check(job.Params); !errors.As(err, &param) || param.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
}

// fake is a backend that hands each batch to a function.
type fake struct {
	step func(b train.Batch) train.Step
}

func (fake) Variant() stages.Variant  { return stages.Variant{Name: "fake", Doc: "Trains nothing."} }
func (fake) Check(train.Params) error { return nil }
func (f fake) Train(_ context.Context, run *train.Run) error {
	for b, err := range run.Batches {
		if err != nil {
			return err
		}
		if err := run.Report(f.step(b)); err != nil {
			return err
		}
	}
	return os.Mkdir(run.Out, 0o755)
}

func TestPassagesThatAnswerTheQuestionTooAreMasked(t *testing.T) {
	t.Parallel()
	masked, total := 0, 0
	s := train.NewKind("fake", fake{func(b train.Batch) train.Step {
		for i := range b.Passages {
			for j := range b.Passages {
				if i == j {
					continue
				}
				total++
				// In English, items 2k and 2k+1 share a passage.
				want := strings.HasPrefix(b.Passages[i], "en") && item(b.Queries[i])/2 == item(b.Queries[j])/2
				if b.Masked(i, j) != want {
					t.Errorf("question %q, passage %q of %q: masked %v", b.Queries[i], b.Passages[j], b.Queries[j], !want)
				}
				if want {
					masked++
				}
			}
		}
		return train.Step{}
	}})
	if _, err := run(t, s, `{}`, batches(t, `{"sampler": "x-y", "steps": 20, "batch_size": 10}`, 12)); err != nil {
		t.Fatal(err)
	}
	if masked == 0 || masked == total {
		t.Errorf("%d of %d negatives are masked", masked, total)
	}
}

// item returns the number of the item that a question belongs to.
func item(query string) (n int) {
	var lang string
	fmt.Sscanf(query, "%s question %d", &lang, &n) //nolint:errcheck // a wrong number fails the test
	return n
}

func TestDivergingTrainingStopsWithTheStep(t *testing.T) {
	t.Parallel()
	for _, loss := range []float64{math.NaN(), math.Inf(1)} {
		steps := 0
		s := train.NewKind("fake", fake{func(train.Batch) train.Step {
			if steps++; steps == 3 {
				return train.Step{Loss: loss}
			}
			return train.Step{Loss: 1}
		}})
		_, err := run(t, s, `{}`, batches(t, `{"sampler": "x-y", "steps": 9, "batch_size": 4}`, 12))
		if err == nil || !strings.Contains(err.Error(), "step 3") || steps != 3 {
			t.Errorf("loss %v: got %v after %d steps", loss, err, steps)
		}
	}
}

func TestMaxStepsTakesTheFirstBatches(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "x-y", "steps": 9, "batch_size": 4}`, 12)
	var all, some []string
	for params, queries := range map[string]*[]string{`{}`: &all, `{"max_steps": 4}`: &some} {
		s := train.NewKind("fake", fake{func(b train.Batch) train.Step {
			*queries = append(*queries, b.Queries...)
			return train.Step{}
		}})
		if _, err := run(t, s, params, in); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) != 36 || !slices.Equal(all[:16], some) {
		t.Errorf("%d rows in all, the first four batches %v", len(all), some)
	}
}

func TestABackendThatStopsEarlyIsFoundOut(t *testing.T) {
	t.Parallel()
	s := train.NewKind("lazy", lazy{})
	_, err := run(t, s, `{}`, batches(t, `{"sampler": "x-y", "steps": 9, "batch_size": 4}`, 12))
	if err == nil || !strings.Contains(err.Error(), "0 steps of 9") {
		t.Errorf("got %v", err)
	}
}

type lazy struct{ fake }

func (lazy) Train(_ context.Context, run *train.Run) error { return os.Mkdir(run.Out, 0o755) }

func TestTrainingStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := train.New()
	job := stagetest.NewJob(t, s, `{`+small+`}`, batches(t, `{"sampler": "x-y", "steps": 30, "batch_size": 10}`, 30))
	job.OnProgress = func(done, _ int64, _ string) {
		if done == 2 {
			cancel()
		}
	}
	if err := s.Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := os.Stat(job.Out["model"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a model was left: %v", err)
	}
}
