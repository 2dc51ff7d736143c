package search_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"repro/stages/search"
)

func TestKeysOrderAsScoresDo(t *testing.T) {
	t.Parallel()
	scores := []float32{float32(math.Inf(1)), 3, 2.0000002, 2, 1e-40, 0, -1e-40, -2, -3, float32(math.Inf(-1))}
	var keys []search.Key
	for _, score := range scores {
		for tie := range uint32(3) {
			k := search.NewKey(score, tie)
			if k.Score() != score || k.Tie() != tie {
				t.Errorf("score %v, tie %d: got %v, %d", score, tie, k.Score(), k.Tie())
			}
			keys = append(keys, k)
		}
	}
	if !slices.IsSortedFunc(keys, search.Descending) {
		t.Errorf("keys %x", keys)
	}
	if zero := float32(math.Copysign(0, -1)); search.NewKey(zero, 7) != search.NewKey(0, 7) {
		t.Error("0 and -0 differ")
	}
}

func TestTopKeepsTheBest(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{0, 1, 5, 50, 2000} {
		for _, most := range []int{1, 2, 7, 100} {
			top := search.NewTop(most)
			all := make([]search.Key, n)
			for i := range all {
				all[i] = search.NewKey(float32(rng.IntN(20)), uint32(i))
				top.Add(all[i])
			}
			slices.SortFunc(all, search.Descending)
			if got := top.Best(); !slices.Equal(got, all[:min(most, n)]) {
				t.Errorf("%d of %d: got %x", most, n, got)
			}
		}
	}
}
