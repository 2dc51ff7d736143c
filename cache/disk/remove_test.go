package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
)

// stored returns all that lies in the store.
func stored(t testing.TB, s *disk.Store) []disk.Stored {
	t.Helper()
	var list []disk.Stored
	for blob, err := range s.Blobs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, blob)
	}
	return list
}

// onDisk returns the bytes of all files in a folder.
func onDisk(t testing.TB, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func TestRemoveTakesWhatItIsGivenAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	started := time.Now()
	blobs := map[string][]byte{}
	for _, name := range []string{"keep", "go"} {
		for size, n := range map[string]int{"small": 9000, "large": 90_000} {
			blobs[name+" "+size] = cachetest.Bytes(n, uint64(len(blobs)))
		}
	}
	digests := map[string]cache.Digest{}
	for name, b := range blobs {
		d, err := cache.PutBytes(t.Context(), s, b)
		if err != nil {
			t.Fatal(err)
		}
		digests[name] = d
	}
	key := cache.Of([]byte("action"))
	r := &cache.Result{Outputs: map[string]cache.Artifact{"out": {Digest: digests["go large"]}}}
	if err := s.Record(t.Context(), key, r); err != nil {
		t.Fatal(err)
	}
	leftover, damaged := filepath.Join(dir, "blobs", "ab", "abc"), filepath.Join(dir, "corrupt", "dead")
	for _, name := range []string{leftover, damaged} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, make([]byte, 10_000), 0o444); err != nil {
			t.Fatal(err)
		}
	}

	var doomed []disk.Stored
	seen := map[cache.Digest]disk.Stored{}
	for _, blob := range stored(t, s) {
		seen[blob.Digest] = blob
		if blob.Digest.IsZero() || blob.Digest == digests["go small"] || blob.Digest == digests["go large"] {
			doomed = append(doomed, blob)
		}
	}
	if len(seen) != 5 || len(doomed) != 4 {
		t.Fatalf("%d blobs and files that are none, %d of them to go: %+v", len(seen), len(doomed), seen)
	}
	large, small := seen[digests["keep large"]], seen[digests["keep small"]]
	if large.File != blobFile(dir, large.Digest) || large.Bytes < 90_000 || large.Changed.Before(started.Add(-time.Minute)) {
		t.Errorf("large: %+v", large)
	}
	if small.File != "" || small.Bytes != 9000 || !small.Changed.IsZero() {
		t.Errorf("small: %+v", small)
	}
	if err := s.Remove(t.Context(), doomed); err != nil {
		t.Fatal(err)
	}
	for range 2 { // by this process, and by the next
		for name, d := range digests {
			missing, err := s.Missing(t.Context(), []cache.Digest{d})
			if err != nil || (len(missing) == 1) != (name[:2] == "go") {
				t.Errorf("%s: missing %v, %v", name, missing, err)
			}
		}
		if got, err := s.Lookup(t.Context(), key); err != nil || !got.SameOutputs(r) {
			t.Errorf("the result: %+v, %v", got, err)
		} else if ok, err := cache.Complete(t.Context(), s, got); err != nil || ok {
			t.Errorf("the result is complete: %v, %v", ok, err)
		}
		if got := len(stored(t, s)); got != 2 {
			t.Errorf("%d blobs left, want 2", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, disk.Options{})
	}
	for _, name := range []string{leftover, damaged, blobFile(dir, digests["go large"])} {
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range blobs {
		if _, err := cache.PutBytes(t.Context(), s, b); err != nil {
			t.Fatal(err)
		}
		if got, err := cache.ReadBlob(t.Context(), s, digests[name]); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s, put again: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestActionsAreThoseWithResults(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), disk.Options{})
	want := map[cache.Digest]int{}
	for i := range 500 {
		key := cache.Of(fmt.Append(nil, i))
		want[key] = 1 + i%2
		for j := range want[key] {
			d, err := cache.PutBytes(t.Context(), s, fmt.Append(nil, i, j))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Record(t.Context(), key, &cache.Result{Outputs: map[string]cache.Artifact{"out": {Digest: d}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for known, err := range s.Actions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if len(known.Results) != want[known.Key] {
			t.Errorf("%s: %d results, want %d", known.Key, len(known.Results), want[known.Key])
		}
		delete(want, known.Key)
	}
	if len(want) > 0 {
		t.Errorf("%d actions were left out", len(want))
	}
}

func TestTheIndexShrinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	const count, size = 2000, 8 << 10
	for i := range count {
		if _, err := cache.PutBytes(t.Context(), s, cachetest.Bytes(size, uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, "index")
	before := onDisk(t, index)
	s = open(t, dir, disk.Options{})
	list := stored(t, s)
	if err := s.Remove(t.Context(), list[:count*9/10]); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after := onDisk(t, index)
	t.Logf("%d bytes before, %d after", before, after)
	if before < count*size || after > before/5 {
		t.Errorf("the index takes %d bytes after nine tenths of its %d were removed", after, before)
	}
	s = open(t, dir, disk.Options{})
	for _, blob := range list[count*9/10:] {
		if got, err := cache.ReadBlob(t.Context(), s, blob.Digest); err != nil || cache.Of(got) != blob.Digest {
			t.Errorf("a blob that stays: %v", err)
		}
	}
}

// removeMost removes every blob of the store but those of results whose number
// is a multiple of ten.
func removeMost(dir string) error {
	ctx := context.Background()
	s, err := disk.Open(dir, disk.Options{})
	if err != nil {
		return err
	}
	keep := map[cache.Digest]bool{}
	for i := 0; i < removeCount; i += 10 {
		for _, b := range crashBlobs(i) {
			keep[cache.Of(b)] = true
		}
	}
	var doomed []disk.Stored
	for blob, err := range s.Blobs(ctx) {
		if err != nil {
			return err
		}
		if !keep[blob.Digest] {
			doomed = append(doomed, blob)
		}
	}
	fmt.Println("removing", len(doomed))
	if err := s.Remove(ctx, doomed); err != nil {
		return err
	}
	fmt.Println("removed")
	return s.Close()
}

const removeCount = 200 // results

func TestKilledRemoveLeavesBlobsWholeOrMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill := func() {
		s := open(t, dir, disk.Options{})
		for i := range removeCount {
			r := &cache.Result{Outputs: map[string]cache.Artifact{}}
			for port, b := range crashBlobs(i) {
				d, err := cache.PutBytes(t.Context(), s, b)
				if err != nil {
					t.Fatal(err)
				}
				r.Outputs[port] = cache.Artifact{Digest: d}
			}
			if err := s.Record(t.Context(), crashKey(i), r); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const kills = 15
	midway := 0
	for range kills {
		fill()
		child := startChild(t, "remove", dir)
		child.line()
		time.Sleep(rand.N(80 * time.Millisecond))
		child.kill()

		var warned warnings
		s := open(t, dir, disk.Options{Warn: warned.add})
		whole := 0
		for i := range removeCount {
			r, err := s.Lookup(t.Context(), crashKey(i))
			if err != nil {
				t.Fatalf("result %d: %v", i, err)
			}
			complete, err := cache.Complete(t.Context(), s, r)
			if err != nil || (i%10 == 0 && !complete) {
				t.Fatalf("result %d, which stays, is complete: %v, %v", i, complete, err)
			}
			if !complete {
				continue
			}
			whole++
			for port, want := range crashBlobs(i) {
				got, err := cache.ReadBlob(t.Context(), s, r.Outputs[port].Digest)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("result %d: %s: %v", i, port, err)
				}
			}
		}
		if whole < removeCount && whole > removeCount/10 {
			midway++
		}
		if warned.String() != "" {
			t.Errorf("warned: %s", warned.String())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d kills came in the middle", midway, kills)
	// The next one ends what was begun.
	child := startChild(t, "remove", dir)
	child.line()
	child.line()
	child.kill()
	s := open(t, dir, disk.Options{})
	left := stored(t, s)
	if slices.ContainsFunc(left, func(b disk.Stored) bool { return b.Digest.IsZero() }) || len(left) != removeCount/10*3 {
		t.Errorf("%d blobs left, want %d: %+v", len(left), removeCount/10*3, left)
	}
}

// BenchmarkRemove100k removes half of 100,000 blobs, one in ten of them a file.
func BenchmarkRemove100k(b *testing.B) {
	const count = 100_000
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		s, err := disk.Open(dir, disk.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for i := range count {
			size := 1 << 10
			if i%10 == 0 {
				size = 17 << 10
			}
			if _, err := cache.PutBytes(b.Context(), s, cachetest.Bytes(size, uint64(i))); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		before := onDisk(b, dir)
		b.StartTimer()
		if s, err = disk.Open(dir, disk.Options{}); err != nil {
			b.Fatal(err)
		}
		listed := time.Now()
		list := stored(b, s)
		removed := time.Now()
		if err := s.Remove(b.Context(), list[:count/2]); err != nil {
			b.Fatal(err)
		}
		closed := time.Now()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(removed.Sub(listed).Seconds(), "list-s")
		b.ReportMetric(closed.Sub(removed).Seconds(), "remove-s")
		b.ReportMetric(time.Since(closed).Seconds(), "close-s")
		b.ReportMetric(float64(onDisk(b, dir))/float64(before), "left")
	}
}
