//go:build gotch

package trainer_test

import (
	"testing"
)

func TestItLearns(t *testing.T) {
	t.Parallel()
	job := must(t, tiny+`, "learning_rate": 0.003, "log_every": 20`,
		batches(t, `{"sampler": "hybrid", "steps": 300, "batch_size": 32}`, pairs(300, 1)))
	points := curve(t, job)
	first, last := points[0], points[len(points)-1]
	t.Logf("loss %.3f, %.3f in the end", first.Loss, last.Loss)
	if last.Loss > first.Loss/3 {
		t.Errorf("the loss went from %v to %v", first.Loss, last.Loss)
	}
}
