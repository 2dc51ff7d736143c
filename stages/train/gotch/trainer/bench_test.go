//go:build gotch

package trainer_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"repro/stages/hf"
	"repro/stages/train"
	"repro/stages/train/gotch/trainer"
)

// BenchmarkStep times training steps over batches of 100 pairs of ids, dropout
// included, and the same model, batches and steps in Python's PyTorch beside it:
// texts of up to 64 tokens on one thread of the CPU, or, with
// REPRO_BENCH_DEVICE=cuda, of up to 256 in XLM-R base on the GPU in bfloat16, where
// the peer is transformers' model if Python has it. They take turns; medians over
// rounds are reported.
//
//	pairs/s, peer-pairs/s  the trainer's, and PyTorch's where questions and passages are each padded to their longest
//	×peer                  their ratio
//	×peer-same-chunks      the ratio where PyTorch gets the trainer's groups of texts of like length
//	×…-cpu                 of the time on processors instead: other programs disturb it less
//	TFLOP/s, %MFU          of the trainer; model FLOPs, without padding. The share is of REPRO_BENCH_PEAK_TFLOPS
//
// Run it as the recipe test-gotch of the Justfile runs the tests, with -run '^$'
// -bench Step -benchtime 1x -v.
func BenchmarkStep(b *testing.B) {
	if os.Getenv("REPRO_BENCH_DEVICE") == "cuda" {
		b.Run("XLM-R", func(b *testing.B) {
			benchmarkStep(b, benchmark{
				shape: hf.Config{
					ModelType: "xlm-roberta", Vocab: 250_002, Hidden: 768, Layers: 12, Heads: 12, Intermediate: 3072, Positions: 514, Types: 1,
					Epsilon: 1e-5, Pad: 1,
				},
				device: "cuda", precision: "bfloat16", length: 256, steps: 10,
			})
		})
		return
	}
	small := hf.Config{
		ModelType: "bert", Vocab: benchVocab, Hidden: 128, Layers: 2, Heads: 4, Intermediate: 512, Positions: 512, Types: 2, Epsilon: 1e-12,
	}
	medium := small
	medium.Hidden, medium.Layers, medium.Intermediate = 256, 4, 1024
	b.Run("small", func(b *testing.B) {
		benchmarkStep(b, benchmark{shape: small, device: "cpu", precision: "float32", length: 64, steps: 3})
	})
	b.Run("medium", func(b *testing.B) {
		benchmarkStep(b, benchmark{shape: medium, device: "cpu", precision: "float32", length: 64, steps: 1})
	})
}

const (
	benchVocab  = 16_000
	benchRows   = 100
	benchRounds = 5
)

type benchmark struct {
	shape             hf.Config // all but activation and dropout
	device, precision string
	length            int // tokens of a text at most
	steps             int // in a round, each of a batch of its own
}

// took is the time of a round.
type took struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"` // on all processors
}

func benchmarkStep(b *testing.B, o benchmark) {
	python := pytorch(b)
	o.shape.Activation, o.shape.Dropout, o.shape.AttentionDropout = "gelu", 0.1, 0.1
	dir := save(b, &hf.Model{Config: o.shape, Pooling: hf.Mean, MaxLength: o.shape.MaxLength()}, 1)
	batches := pairsOfIDs(b, o)
	p := params(b, train.Params{LR: 1e-5, Schedule: "constant", Temperature: 0.05, WeightDecay: 0.01},
		map[string]any{"device": o.device, "precision": o.precision})
	run := onIDs(p, dir, o.steps, func(train.Step) {})
	err := trainer.TrainOnIDs(b.Context(), run, func(training *trainer.OnIDs) error {
		peer := startPeer(b, python, o, dir, batches)
		ours := func() took {
			began, cpu := time.Now(), processorTime(b)
			for _, batch := range batches {
				if err := training.Step(b.Context(), []*trainer.Batch{batch}); err != nil {
					b.Fatal(err)
				}
			}
			training.Wait()
			return took{time.Since(began).Seconds(), processorTime(b) - cpu}
		}
		sides := []func() took{ours, func() took { return peer("longest") }, func() took { return peer("chunks") }}
		for _, side := range sides {
			side() // memory is allocated, kernels are chosen
		}
		times := make([][]took, len(sides))
		for b.Loop() {
			for range benchRounds {
				for i, side := range sides {
					times[i] = append(times[i], side())
				}
			}
		}
		flops := 0.0
		for _, batch := range batches {
			for _, texts := range [][][]int32{batch.Queries, batch.Passages} {
				for _, text := range texts {
					flops += 3 * training.Encoder().FLOPs(len(text))
				}
			}
		}
		report(b, o, times, flops)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func report(b *testing.B, o benchmark, times [][]took, flops float64) {
	seconds := func(t took) float64 { return t.Seconds }
	cpu := func(t took) float64 { return t.CPU }
	ours, longest, chunks := median(times[0], seconds), median(times[1], seconds), median(times[2], seconds)
	b.ReportMetric(0, "ns/op") // is that of all sides
	b.ReportMetric(float64(o.steps*benchRows)/ours, "pairs/s")
	b.ReportMetric(float64(o.steps*benchRows)/longest, "peer-pairs/s")
	b.ReportMetric(longest/ours, "×peer")
	b.ReportMetric(chunks/ours, "×peer-same-chunks")
	b.ReportMetric(median(times[1], cpu)/median(times[0], cpu), "×peer-cpu")
	b.ReportMetric(median(times[2], cpu)/median(times[0], cpu), "×peer-same-chunks-cpu")
	b.ReportMetric(flops/ours/1e12, "TFLOP/s")
	if peak, err := strconv.ParseFloat(os.Getenv("REPRO_BENCH_PEAK_TFLOPS"), 64); err == nil {
		b.ReportMetric(100*flops/ours/1e12/peak, "%MFU")
	}
	for i, side := range []string{"ours", "peer, longest", "peer, chunks"} {
		b.Logf("%-14s %.3f s/step, from %.3f to %.3f", side, median(times[i], seconds)/float64(o.steps),
			slices.MinFunc(times[i], bySeconds).Seconds/float64(o.steps), slices.MaxFunc(times[i], bySeconds).Seconds/float64(o.steps))
	}
}

func bySeconds(a, b took) int { return cmp.Compare(a.Seconds, b.Seconds) }

func median(times []took, of func(took) float64) float64 {
	var all []float64
	for _, t := range times {
		all = append(all, of(t))
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// processorTime is what the process has taken.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// startPeer starts peer.py, and returns a function that lets it take a round.
func startPeer(b *testing.B, python string, o benchmark, dir string, batches []*trainer.Batch) func(padding string) took {
	b.Helper()
	type batch struct {
		parityBatch
		Chunks [][]int `json:"chunks"`
	}
	var all []batch
	for _, x := range batches {
		all = append(all, batch{parityBatch{Queries: x.Queries, Passages: x.Passages, Masked: [][2]int{}}, x.Chunks()})
	}
	text, err := json.Marshal(map[string]any{
		"model": dir, "device": o.device, "bfloat16": o.precision == "bfloat16", "threads": 1, "batches": all,
	})
	if err != nil {
		b.Fatal(err)
	}
	job := filepath.Join(b.TempDir(), "job.json")
	if err := os.WriteFile(job, text, 0o644); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), python, "-B", "testdata/peer.py", job)
	cmd.Env = append(cmd.Environ(), "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()               //nolint:errcheck // asks it to end
		io.Copy(io.Discard, out) //nolint:errcheck // until it has
		cmd.Wait()               //nolint:errcheck // what it said is known
	})
	answers := json.NewDecoder(bufio.NewReader(out))
	var about struct{ About string }
	if err := answers.Decode(&about); err != nil {
		b.Fatalf("peer.py: %v", err)
	}
	b.Log(about.About)
	return func(padding string) took {
		var t took
		if _, err := fmt.Fprintln(in, padding, o.steps); err != nil {
			b.Fatal(err)
		}
		if err := answers.Decode(&t); err != nil {
			b.Fatalf("peer.py: %v", err)
		}
		return t
	}
}
