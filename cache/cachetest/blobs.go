// Package cachetest checks that a cache does what the nouns of package cache
// promise. In comes a function that opens an empty store; out come the
// failures of the test that runs it.
package cachetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
)

// Run checks a store. Each call of open returns a new, empty one; Run closes
// it. What a store offers beyond cache.Store (cache.Importer, cache.Linker,
// cache.Files) is checked too.
func Run(t *testing.T, open func(t *testing.T) cache.Store) {
	t.Helper()
	tests := map[string]func(*testing.T, cache.Store){
		"a blob comes back":                    blobComesBack,
		"a missing blob is a miss":             missingBlob,
		"wrong bytes are refused":              wrongBytes,
		"a failing reader stores nothing":      failingReader,
		"missing keeps order and duplicates":   missingOrder,
		"same blob put at once":                concurrentPuts,
		"a cancelled put stores nothing":       cancelledPut,
		"a result comes back":                  resultComesBack,
		"a missing result is a miss":           missingResult,
		"results are kept apart by key":        resultKeys,
		"history keeps distinct results":       history,
		"a stored result cannot be changed":    resultIsolated,
		"concurrent records lose none":         concurrentRecords,
		"complete looks into folders":          completeTrees,
		"complete is false for a lost blob":    completeLost,
		"artifacts come back":                  artifactsComeBack,
		"import takes files":                   importFiles,
		"link shows blobs":                     linkBlobs,
		"verify finds a change through a link": verifyLinks,
		"files are named by content":           fileDigests,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			test(t, s)
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// Bytes returns n bytes that look random and are the same for equal seeds.
func Bytes(n int, seed uint64) []byte {
	b := make([]byte, n)
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
	return b
}

// sizes are below, at and above what stores treat differently.
var sizes = map[string]int{
	"empty": 0, "one byte": 1, "just small": 16 << 10, "just large": 16<<10 + 1, "large": 10 << 20,
}

func blobComesBack(t *testing.T, s cache.Store) {
	for name, size := range sizes {
		want := Bytes(size, 1)
		d := put(t, s, want)
		got, err := cache.ReadBlob(t.Context(), s, d)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %d bytes, %v; want %d bytes", name, len(got), err, size)
		}
		mustHold(t, s, d)
		if err := s.Put(t.Context(), d, iotest.ErrReader(errors.New("was read"))); err != nil {
			t.Errorf("%s: put again: %v", name, err)
		}
	}
}

func missingBlob(t *testing.T, s cache.Store) {
	d := put(t, s, []byte("there"))
	otherSize := cache.Digest{Hash: d.Hash, Size: d.Size + 1}
	for name, d := range map[string]cache.Digest{
		"never stored": cache.Of([]byte("absent")),
		"zero":         {},
		"other size":   otherSize,
	} {
		if _, err := s.Open(t.Context(), d); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("%s: open: %v, want ErrMiss", name, err)
		}
		mustMiss(t, s, d)
	}
}

func wrongBytes(t *testing.T, s cache.Store) {
	for name, size := range sizes {
		right := Bytes(size, 2)
		d := cache.Of(right)
		flipped := bytes.Clone(right)
		if size > 0 {
			flipped[size/2] ^= 1
		} else {
			flipped = []byte{0}
		}
		wrong := map[string][]byte{"a flipped bit": flipped, "a byte too many": append(bytes.Clone(right), 0)}
		if size > 0 {
			wrong["a byte too few"] = right[:size-1]
			wrong["nothing"] = nil
		}
		for what, b := range wrong {
			if err := s.Put(t.Context(), d, bytes.NewReader(b)); !errors.Is(err, cache.ErrCorrupt) {
				t.Errorf("%s: put of %s: %v, want ErrCorrupt", name, what, err)
			}
			mustMiss(t, s, d)
		}
		negative := cache.Digest{Hash: d.Hash, Size: -1}
		if err := s.Put(t.Context(), negative, bytes.NewReader(right)); !errors.Is(err, cache.ErrCorrupt) {
			t.Errorf("%s: put of a negative size: %v, want ErrCorrupt", name, err)
		}
	}
}

func failingReader(t *testing.T, s cache.Store) {
	broken := errors.New("connection lost")
	for name, size := range sizes {
		b := Bytes(size, 3)
		d := cache.Of(b)
		r := io.MultiReader(bytes.NewReader(b[:size/2]), iotest.ErrReader(broken))
		if err := s.Put(t.Context(), d, r); !errors.Is(err, broken) {
			t.Errorf("%s: put: %v, want %v", name, err, broken)
		}
		mustMiss(t, s, d)
	}
}

func missingOrder(t *testing.T, s cache.Store) {
	here := put(t, s, []byte("here"))
	a, b := cache.Of([]byte("a")), cache.Of([]byte("b"))
	got, err := s.Missing(t.Context(), []cache.Digest{b, here, a, here, b})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]cache.Digest{b, a, b}, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if got, err := s.Missing(t.Context(), nil); err != nil || len(got) > 0 {
		t.Errorf("missing of nothing: %v, %v", got, err)
	}
}

func concurrentPuts(t *testing.T, s cache.Store) {
	for _, size := range []int{100, 1 << 20} {
		want := Bytes(size, 4)
		d := cache.Of(want)
		var puts sync.WaitGroup
		for range 8 {
			puts.Go(func() {
				if err := s.Put(t.Context(), d, iotest.HalfReader(bytes.NewReader(want))); err != nil {
					t.Errorf("put: %v", err)
				}
			})
		}
		puts.Wait()
		if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, %v; want %d", len(got), err, size)
		}
	}
}

func cancelledPut(t *testing.T, s cache.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := cache.Of([]byte("late"))
	if err := s.Put(ctx, d, strings.NewReader("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v, want context.Canceled", err)
	}
	mustMiss(t, s, d)
}

func put(t *testing.T, s cache.Blobs, b []byte) cache.Digest {
	t.Helper()
	d, err := cache.PutBytes(t.Context(), s, b)
	if err != nil {
		t.Fatalf("put of %d bytes: %v", len(b), err)
	}
	return d
}

func mustHold(t *testing.T, s cache.Blobs, d cache.Digest) {
	t.Helper()
	if missing, err := s.Missing(t.Context(), []cache.Digest{d}); err != nil || len(missing) > 0 {
		t.Errorf("blob of %d bytes is missing (%v)", d.Size, err)
	}
}

func mustMiss(t *testing.T, s cache.Blobs, d cache.Digest) {
	t.Helper()
	if missing, err := s.Missing(t.Context(), []cache.Digest{d}); err != nil || len(missing) != 1 {
		t.Errorf("blob of %d bytes is not missing (%v)", d.Size, err)
	}
}
