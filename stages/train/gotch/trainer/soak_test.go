//go:build gotch

package trainer_test

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/sugarme/gotch/ts"

	"repro/stages/stagetest"
	"repro/stages/train/gotch/torch"
	"repro/stages/train/gotch/trainer"
)

// soakSteps is how many steps the soak takes: REPRO_SOAK_STEPS, or few.
func soakSteps(t *testing.T) int {
	t.Helper()
	text := os.Getenv("REPRO_SOAK_STEPS")
	if text == "" {
		return 1500
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func resident(t testing.TB) int64 {
	t.Helper()
	n, err := torch.Resident()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Texts differ in length from batch to batch, so that every step asks for
// memory of other sizes.
func TestMemoryStaysFlatWhileItTrains(t *testing.T) {
	steps := soakSteps(t)
	in := batches(t, fmt.Sprintf(`{"sampler": "hybrid", "steps": %d, "batch_size": 16}`, steps), pairs(2000, 1))
	s := stage(&trainer.Backend{})
	job := stagetest.NewJob(t, s, "{"+tiny+`, "log_every": 1000, "learning_rate": 0.0001, "transformer.micro_batch": 20}`, in)
	job.Log = io.Discard
	var before, after int64
	job.OnProgress = func(done, total int64, _ string) {
		switch done {
		case min(1000, total/2):
			before = resident(t)
		case total:
			after = resident(t)
		}
	}
	tensors, scalars := ts.Live()
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB early in %d steps, %.1f MB at the end", float64(before)/1e6, steps, float64(after)/1e6)
	if after-before > 24<<20 {
		t.Errorf("memory grew by %d bytes", after-before)
	}
	if moreTensors, moreScalars := ts.Live(); moreTensors != tensors || moreScalars != scalars {
		t.Errorf("%d tensors and %d scalars are left over", moreTensors-tensors, moreScalars-scalars)
	}
}

func TestManyTrainingsLeaveNothingBehind(t *testing.T) {
	in := batches(t, `{"sampler": "hybrid", "steps": 5, "batch_size": 16}`, pairs(60, 1))
	s := stage(&trainer.Backend{})
	tensors, scalars := ts.Live()
	var before int64
	for i := range 100 {
		job := stagetest.NewJob(t, s, "{"+tiny+"}", in)
		job.Log = io.Discard
		if err := s.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if i == 30 {
			before = resident(t)
		}
	}
	after := resident(t)
	t.Logf("%.1f MB after 31 trainings, %.1f MB after 100", float64(before)/1e6, float64(after)/1e6)
	if after-before > 24<<20 {
		t.Errorf("memory grew by %d bytes", after-before)
	}
	if moreTensors, moreScalars := ts.Live(); moreTensors != tensors || moreScalars != scalars {
		t.Errorf("%d tensors and %d scalars are left over", moreTensors-tensors, moreScalars-scalars)
	}
}
