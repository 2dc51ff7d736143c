package sample

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Rand is the source of chance for one step. Its methods give the same values
// on every machine and with every release of Go: only the ChaCha8 stream, whose
// bytes are specified, comes from the standard library.
type Rand struct{ src *rand.ChaCha8 }

// NewRand returns the source for a step. Sources of different seeds or steps
// are independent, so a batch does not depend on those before it.
func NewRand(seed uint64, step int) *Rand {
	b := []byte("repro sample 1\n")
	b = binary.BigEndian.AppendUint64(b, seed)
	b = binary.BigEndian.AppendUint64(b, uint64(step))
	return &Rand{src: rand.NewChaCha8(sha256.Sum256(b))}
}

// IntN returns a uniform integer in [0, n); n must be positive. It rejects
// without bias: Lemire, arXiv 1805.10941.
func (r *Rand) IntN(n int) int {
	bound := uint64(n)
	hi, lo := bits.Mul64(r.src.Uint64(), bound)
	if lo < bound {
		for threshold := -bound % bound; lo < threshold; {
			hi, lo = bits.Mul64(r.src.Uint64(), bound)
		}
	}
	return int(hi)
}

// Float64 returns a uniform number in [0, 1).
func (r *Rand) Float64() float64 { return float64(r.src.Uint64()>>11) / (1 << 53) }

// Sample returns k different integers of [0, n) in random order; k must not
// exceed n. It takes time and memory proportional to k, whatever n is: a
// Fisher–Yates shuffle that stores only the places it has touched.
func (r *Rand) Sample(n, k int) []int {
	moved := make(map[int]int, k)
	at := func(i int) int {
		if v, ok := moved[i]; ok {
			return v
		}
		return i
	}
	chosen := make([]int, k)
	for i := range k {
		j := i + r.IntN(n-i)
		chosen[i] = at(j)
		moved[j] = at(i)
	}
	return chosen
}

// Weighted returns an index with probability proportional to its weight. The
// weights must not be negative and must not all be zero.
func (r *Rand) Weighted(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	at := r.IntN(total)
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1 // not reached
}
