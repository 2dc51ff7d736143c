package disk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
)

// BenchmarkNoop10k is what a run does in which nothing has to run: for each of
// 10,000 stages the digest of a file, a result and whether its outputs are
// there, half of them small and half of them files.
func BenchmarkNoop10k(b *testing.B) {
	const stages = 10_000
	dir := b.TempDir()
	s, err := disk.Open(filepath.Join(dir, "cache"), disk.Options{})
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]cache.Digest, stages)
	files := make([]string, stages)
	longAgo := time.Now().Add(-time.Hour)
	for i := range keys {
		keys[i] = cache.Of(fmt.Append(nil, "action", i))
		files[i] = filepath.Join(dir, fmt.Sprint("file", i))
		if err := os.WriteFile(files[i], fmt.Append(nil, i), 0o644); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(files[i], longAgo, longAgo); err != nil {
			b.Fatal(err)
		}
		r := &cache.Result{Outputs: map[string]cache.Artifact{}, Class: cache.Deterministic, Recorded: longAgo}
		for port, size := range map[string]int{"small": 4 << 10, "large": 17 << 10} {
			d, err := cache.PutBytes(b.Context(), s, cachetest.Bytes(size, uint64(i)))
			if err != nil {
				b.Fatal(err)
			}
			r.Outputs[port] = cache.Artifact{Digest: d}
		}
		if err := s.Record(b.Context(), keys[i], r); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(3 * time.Second) // files younger than that are not remembered
	for _, file := range files {
		if _, err := s.FileDigest(b.Context(), file); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := disk.Open(filepath.Join(dir, "cache"), disk.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for i, key := range keys {
			if _, err := s.FileDigest(b.Context(), files[i]); err != nil {
				b.Fatal(err)
			}
			r, err := s.Lookup(b.Context(), key)
			if err != nil {
				b.Fatal(err)
			}
			if ok, err := cache.Complete(b.Context(), s, r); err != nil || !ok {
				b.Fatal(ok, err)
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecord1k stores 1,000 small blobs and results from two goroutines.
func BenchmarkRecord1k(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{})
	round := 0
	for b.Loop() {
		round++
		var writers sync.WaitGroup
		for w := range 2 {
			writers.Go(func() {
				for i := range 500 {
					text := fmt.Append(nil, round, w, i)
					d, err := cache.PutBytes(b.Context(), s, text)
					if err != nil {
						b.Error(err)
					}
					r := &cache.Result{Outputs: map[string]cache.Artifact{"out": {Digest: d}}}
					if err := s.Record(b.Context(), d, r); err != nil {
						b.Error(err)
					}
				}
			})
		}
		writers.Wait()
		if err := s.Sync(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkImportLarge moves a file of 256 MiB into the store.
func BenchmarkImportLarge(b *testing.B) {
	const size = 256 << 20
	s := open(b, b.TempDir(), disk.Options{})
	work, err := s.WorkDir()
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, size)
	b.SetBytes(size)
	round := byte(0)
	for b.Loop() {
		b.StopTimer()
		round++
		data[0] = round
		file := filepath.Join(work, "file")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := s.Import(b.Context(), file); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenEmpty opens and closes a store that has nothing in it.
func BenchmarkOpenEmpty(b *testing.B) {
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		s, err := disk.Open(filepath.Join(dir, fmt.Sprint(i)), disk.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
