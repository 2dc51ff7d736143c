package stats

import (
	"cmp"
	"math"
	"slices"
)

// Holm adjusts the p-values of several tests so that the chance of at least one
// wrong rejection among them stays below the level that they are compared with
// (Holm, 1979). They come back in the order given. NaN stands for a test that
// could not be made: it stays, and does not count as a test.
func Holm(p []float64) []float64 {
	adjusted := slices.Clone(p)
	order := make([]int, 0, len(p))
	for i, value := range p {
		if !math.IsNaN(value) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	least := 0.0
	for rank, i := range order {
		least = max(least, min(1, p[i]*float64(len(order)-rank)))
		adjusted[i] = least
	}
	return adjusted
}
