package search_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"repro/stages/search"
	"repro/stages/stagetest"
)

// The sizes of FiQA in BEIR with the vectors of a base encoder.
const (
	benchQueries = 648
	benchDocs    = 57_638
	benchDim     = 768
)

// flops are the multiplications and additions of a search.
const flops = 2.0 * benchQueries * benchDocs * benchDim

// BenchmarkSearch reports the speed of the whole stage, files included.
func BenchmarkSearch(b *testing.B) {
	in := random(1, benchQueries, benchDocs, benchDim).inputs(b, plain)
	for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				job := stagetest.NewJob(b, search.New(), `{"k": 1000}`, in...)
				job.Threads = threads
				b.StartTimer()
				if err := search.New().Run(b.Context(), job); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// BenchmarkNumPy is the same in NumPy: a product of matrices, tile by tile,
// argpartition and a sort.
func BenchmarkNumPy(b *testing.B) {
	const program = `
import sys, time
import numpy as np
queries, docs = (np.load(f"{sys.argv[1]}/{name}.npy", mmap_mode="r") for name in ("queries", "corpus"))
k = 1000
begin = time.perf_counter()
best = np.full((len(queries), k), -np.inf, dtype=np.float32)
where = np.zeros((len(queries), k), dtype=np.int64)
for start in range(0, len(docs), 8192):
    scores = np.hstack([best, np.asarray(queries) @ docs[start : start + 8192].T])
    ids = np.hstack([where, np.broadcast_to(np.arange(start, start + scores.shape[1] - k), (len(queries), scores.shape[1] - k))])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    best, where = np.take_along_axis(scores, top, 1), np.take_along_axis(ids, top, 1)
order = np.argsort(-best, axis=1, kind="stable")
print(time.perf_counter() - begin)
`
	if exec.Command("/usr/bin/python3", "-c", "import numpy").Run() != nil {
		b.Skip("NumPy is not installed")
	}
	in := random(1, benchQueries, benchDocs, benchDim).inputs(b, plain)
	script := filepath.Join(b.TempDir(), "search.py")
	if err := os.WriteFile(script, []byte(program), 0o600); err != nil {
		b.Fatal(err)
	}
	seconds := 0.0
	for b.Loop() {
		out, err := exec.Command("/usr/bin/python3", script, in[1].From).Output()
		if err != nil {
			b.Fatal(err)
		}
		var took float64
		if _, err := fmt.Sscan(string(out), &took); err != nil {
			b.Fatal(err)
		}
		seconds += took
	}
	b.ReportMetric(flops*float64(b.N)/seconds/1e9, "GFLOP/s")
	b.ReportMetric(float64(time.Duration(seconds*1e9/float64(b.N))), "ns/op")
}
