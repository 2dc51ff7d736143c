package sample_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages/sample"
)

// The values below must never change: every batch of every workflow follows
// from them.
func TestRandIsTheSameForEver(t *testing.T) {
	t.Parallel()
	r := sample.NewRand(7, 3)
	var ints []int
	for range 8 {
		ints = append(ints, r.IntN(1000))
	}
	if diff := cmp.Diff([]int{7, 99, 604, 420, 535, 187, 830, 605}, ints); diff != "" {
		t.Errorf("IntN (-want +got):\n%s", diff)
	}
	if got := r.Float64(); got != 0.8980024483111729 {
		t.Errorf("Float64() = %v", got)
	}
	if diff := cmp.Diff([]int{211122, 184987, 485568, 946589, 6133}, r.Sample(1_000_000, 5)); diff != "" {
		t.Errorf("Sample (-want +got):\n%s", diff)
	}
}

func TestStepsAndSeedsAreIndependent(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for seed := range uint64(30) {
		for step := range 30 {
			n := sample.NewRand(seed, step).IntN(math.MaxInt)
			if seen[n] {
				t.Fatalf("seed %d, step %d begins like another one", seed, step)
			}
			seen[n] = true
		}
	}
}

func TestIntNIsUniform(t *testing.T) {
	t.Parallel()
	r := sample.NewRand(1, 0)
	counts := make([]int, 7)
	for range 70_000 {
		counts[r.IntN(len(counts))]++
	}
	checkUniform(t, counts)
}

func TestSampleDrawsWithoutReplacementAndUniformly(t *testing.T) {
	t.Parallel()
	r := sample.NewRand(1, 0)
	first, each := make([]int, 10), make([]int, 10)
	for range 20_000 {
		chosen := r.Sample(10, 4)
		first[chosen[0]]++
		for _, n := range chosen {
			each[n]++
		}
		slices.Sort(chosen)
		if len(slices.Compact(chosen)) != 4 {
			t.Fatalf("%v has duplicates", chosen)
		}
	}
	checkUniform(t, first)
	checkUniform(t, each)
	all := r.Sample(5, 5)
	slices.Sort(all)
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4}, all); diff != "" {
		t.Errorf("5 of 5 (-want +got):\n%s", diff)
	}
}

func TestWeightedFollowsTheWeights(t *testing.T) {
	t.Parallel()
	r := sample.NewRand(1, 0)
	counts := make([]int, 4)
	for range 60_000 {
		counts[r.Weighted([]int{1, 0, 2, 3})]++
	}
	if counts[1] != 0 {
		t.Errorf("an index of weight 0 came %d times", counts[1])
	}
	checkShares(t, []int{counts[0], counts[2], counts[3]}, []float64{1. / 6, 2. / 6, 3. / 6})
}

func checkUniform(t *testing.T, counts []int) {
	t.Helper()
	shares := make([]float64, len(counts))
	for i := range shares {
		shares[i] = 1 / float64(len(shares))
	}
	checkShares(t, counts, shares)
}

// checkShares fails if a chi-square test says that the counts would differ so
// much from the shares in fewer than one of a million draws. Seeds are fixed, so
// it either always fails or never.
func checkShares(t *testing.T, counts []int, shares []float64) {
	t.Helper()
	total := 0
	for _, n := range counts {
		total += n
	}
	chi2 := 0.0
	for i, n := range counts {
		want := shares[i] * float64(total)
		chi2 += (float64(n) - want) * (float64(n) - want) / want
	}
	// Wilson and Hilferty's approximation of the quantile; 4.75 is the normal one.
	df := float64(len(counts) - 1)
	c := 2 / (9 * df)
	limit := df * math.Pow(1-c+4.75*math.Sqrt(c), 3)
	if chi2 > limit {
		t.Errorf("counts %v, want shares %v: chi-square %.1f above %.1f", counts, shares, chi2, limit)
	}
}
