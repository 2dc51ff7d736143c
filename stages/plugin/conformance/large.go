package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"repro/stages"
	"repro/stages/sample"
	"repro/stages/stagetest"
)

const (
	smallPool = 1000 // pairs
	// copies is how often a plugin may have the pool's file in memory: once
	// because it is mapped, once more in a form of its own.
	copies = 2
	// spare is for all that a plugin keeps besides texts, in bytes.
	spare = 128 << 20
)

// large draws from a small and a large pool and compares the memory that it
// takes. It may grow by twice the pool's file and 128 MiB: a plugin that keeps
// more cannot be used on real data.
func (s *suite) large(ctx context.Context, w *work, sampler string) (string, error) {
	if s.noHand != nil {
		return "", s.noHand
	}
	dir, err := s.scratch()
	if err != nil {
		return "", err
	}
	var peaks, sizes [2]int64
	for i, pairs := range []int{smallPool, s.options.Large} {
		file := filepath.Join(dir, fmt.Sprintf("pool-%d.safetensors", pairs))
		if err := image(file, pairs); err != nil {
			return "", err
		}
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		sizes[i] = info.Size()
		if peaks[i], err = s.peak(ctx, w, sampler, file); err != nil {
			return "", fmt.Errorf("%d pairs: %w", pairs, err)
		}
		if err := os.Remove(file); err != nil {
			return "", err
		}
	}
	const mib = 1 << 20
	seen := fmt.Sprintf("%d MiB of memory for %d pairs, %d MiB for %d in a file of %d MiB",
		peaks[0]/mib, smallPool, peaks[1]/mib, s.options.Large, sizes[1]/mib)
	if most := peaks[0] + copies*sizes[1] + spare; peaks[1] > most {
		return "", problemf("Look texts up when they are needed: the pool is a file that is mapped into memory, and may be larger than that",
			"%s: want at most %d MiB", seen, most/mib)
	}
	return seen, nil
}

// peak draws from the pool in a file, without the engine, and returns the
// memory that it took, in bytes.
func (s *suite) peak(ctx context.Context, w *work, sampler, pool string) (int64, error) {
	own := map[string]json.RawMessage{}
	for name, value := range w.params {
		if strings.HasPrefix(name, w.prefix) {
			own[w.short(name)] = value
		}
	}
	params, err := json.Marshal(own)
	if err != nil {
		return 0, err
	}
	dir, err := s.scratch()
	if err != nil {
		return 0, err
	}
	job := &stages.Job{Params: params, Dir: dir, Threads: 1}
	for _, in := range w.inputs {
		if strings.HasPrefix(in.Port, w.prefix) {
			in.Port = w.short(in.Port)
			job.In = append(job.In, in)
		}
	}
	log := &stagetest.Log{}
	program := &byHandSampler{byHand: byHand{s.program}, name: sampler}
	peak, err := program.run(ctx, program.request(pool, filepath.Join(dir, "draws.jsonl"), sample.Draw{Steps: steps, Size: batchSize}, job), log)
	if err != nil {
		return 0, withLog(err, log)
	}
	return peak, nil
}
