package stats

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// Options says how resampling is done. The zero value is ready for use.
type Options struct {
	Samples int     // how many samples are drawn; 10,000 if 0
	Level   float64 // confidence of intervals; 0.95 if 0
	Seed    uint64
}

func (o Options) withDefaults() Options {
	if o.Samples <= 0 {
		o.Samples = 10_000
	}
	if o.Level == 0 {
		o.Level = 0.95
	}
	return o
}

// chunk is how many samples share one stream of random numbers. It is part of
// what a seed means: another value gives other numbers.
const chunk = 50

// resample fills a slice of o.Samples statistics on all CPUs. draw is called at
// the same time for different parts of it.
func resample(o Options, draw func(rng *rand.PCG, part []float64)) []float64 {
	all := make([]float64, o.Samples)
	chunks := (len(all) + chunk - 1) / chunk
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), chunks) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= chunks {
					return
				}
				draw(stream(o.Seed, uint64(i)), all[i*chunk:min((i+1)*chunk, len(all))])
			}
		})
	}
	workers.Wait()
	return all
}

// stream returns the n-th stream of a seed. Seeds of PCG that differ in a few
// bits start at related places of one cycle, so they are mixed first.
func stream(seed, n uint64) *rand.PCG {
	a := mix(seed ^ 0x9e3779b97f4a7c15)
	b := mix(a + n)
	return rand.NewPCG(b, mix(b^a))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
