package dag_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/dag"
)

func edges(m map[int][]int) func(int) []int { return func(n int) []int { return m[n] } }

func TestSortPutsDependenciesFirst(t *testing.T) {
	t.Parallel()
	order, cycle := dag.Sort(4, edges(map[int][]int{0: {1, 2}, 1: {3}, 2: {3}}))
	if cycle != nil {
		t.Fatalf("cycle %v in a graph without one", cycle)
	}
	if diff := cmp.Diff([]int{3, 1, 2, 0}, order); diff != "" {
		t.Error(diff)
	}
}

func TestSortNamesTheCycle(t *testing.T) {
	t.Parallel()
	order, cycle := dag.Sort(5, edges(map[int][]int{0: {1}, 1: {2}, 2: {3}, 3: {1}}))
	if order != nil || !slices.Equal(cycle, []int{1, 2, 3}) {
		t.Errorf("order %v, cycle %v; want the cycle 1 2 3", order, cycle)
	}
	if _, self := dag.Sort(1, edges(map[int][]int{0: {0}})); !slices.Equal(self, []int{0}) {
		t.Errorf("cycle %v; want 0 on itself", self)
	}
}

func TestSortWalksAVeryLongChain(t *testing.T) {
	t.Parallel()
	const n = 1_000_000
	order, _ := dag.Sort(n, func(i int) []int {
		if i+1 < n {
			return []int{i + 1}
		}
		return nil
	})
	if len(order) != n || order[0] != n-1 {
		t.Errorf("%d nodes, first %d", len(order), order[0])
	}
}
