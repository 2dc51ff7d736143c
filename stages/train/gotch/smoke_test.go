//go:build gotch

package main

import (
	"bytes"
	"testing"

	"github.com/sugarme/gotch/ts"

	"repro/stages/train/gotch/torch"
)

func TestMemoryStaysFlat(t *testing.T) {
	const warm, steps, most = 1000, 5000, 8 << 20
	var before, after int64
	var first, last float64
	tensors, scalars := ts.Live()
	_, err := smoke(t.Context(), options{torch: torch.Options{Threads: 1, Seed: 1}, steps: steps}, func(step int, loss float64, resident int64) {
		switch step {
		case 0:
			first = loss
		case warm:
			before = resident
		case steps - 1:
			after, last = resident, loss
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes at step %d, %d at step %d; loss from %.3f to %.3f", before, warm, after, steps, first, last)
	if after-before > most {
		t.Errorf("memory grew by %d bytes in %d steps", after-before, steps-warm)
	}
	if last > first/10 {
		t.Errorf("the loss went from %v to %v: it does not learn", first, last)
	}
	if moreTensors, moreScalars := ts.Live(); moreTensors != tensors || moreScalars != scalars {
		t.Errorf("%d tensors and %d scalars are left over", moreTensors-tensors, moreScalars-scalars)
	}
}

func TestEqualSeedsGiveEqualWeights(t *testing.T) {
	t.Parallel()
	train := func(seed uint64) []byte {
		t.Helper()
		digest, err := smoke(t.Context(), options{torch: torch.Options{Threads: 1, Seed: seed, Deterministic: true}, steps: 200}, func(int, float64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	one, again, other := train(1), train(1), train(2)
	if !bytes.Equal(one, again) {
		t.Errorf("seed 1 gave %x and %x", one, again)
	}
	if bytes.Equal(one, other) {
		t.Error("seeds 1 and 2 gave the same weights")
	}
}
