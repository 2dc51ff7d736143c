package static

import (
	"math"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas/blas32"
)

func vector(x []float32) blas32.Vector { return blas32.Vector{N: len(x), Inc: 1, Data: x} }

// dot returns the product of x and y, of equal length.
func dot(x, y []float32) float32 { return blas32.Dot(vector(x), vector(y)) }

// axpy adds a·x to y, of equal length.
func axpy(a float32, x, y []float32) { blas32.Axpy(a, vector(x), vector(y)) }

// scale multiplies x by a.
func scale(a float32, x []float32) { blas32.Scal(a, vector(x)) }

// normalize gives v the length 1, unless it is zero, and returns what it was
// multiplied by.
func normalize(v []float32) float32 {
	length := math.Sqrt(float64(dot(v, v)))
	if length == 0 {
		return 0
	}
	factor := float32(1 / length)
	scale(factor, v)
	return factor
}

// forEach calls do for every integer of [0, n) from so many goroutines, each
// integer once. What do writes for one integer must not depend on others.
func forEach(threads, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(threads, n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wg.Wait()
}
