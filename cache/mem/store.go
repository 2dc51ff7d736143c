// Package mem is a cache.Store in memory, for tests and for commands that keep
// nothing. In come blobs and results, out come the same ones, verified; all is
// gone with the process.
package mem

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"

	"repro/cache"
)

// Store is a cache.Store in memory. It is also a cache.Files, which hashes a
// file whenever it is asked for it. Its methods may be called concurrently.
type Store struct {
	mu      sync.RWMutex
	blobs   map[cache.Digest][]byte
	results map[cache.Digest]*results
}

// results are the distinct results of one action.
type results struct {
	all      []*cache.Result // oldest first
	selected int
}

var (
	_ cache.Store = (*Store)(nil)
	_ cache.Files = (*Store)(nil)
)

// New returns an empty Store.
func New() *Store {
	return &Store{blobs: map[cache.Digest][]byte{}, results: map[cache.Digest]*results{}}
}

// Missing returns those of want that the store does not hold, in order.
func (s *Store) Missing(ctx context.Context, want []cache.Digest) ([]cache.Digest, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var missing []cache.Digest
	for _, d := range want {
		if _, ok := s.blobs[d]; !ok {
			missing = append(missing, d)
		}
	}
	return missing, ctx.Err()
}

// Open returns the blob's bytes.
func (s *Store) Open(ctx context.Context, d cache.Digest) (io.ReadCloser, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.blobs[d]
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", d.Short(), cache.ErrMiss)
	}
	return io.NopCloser(bytes.NewReader(b)), ctx.Err()
}

// Put stores what r yields under d.
func (s *Store) Put(ctx context.Context, d cache.Digest, r io.Reader) error {
	if missing, err := s.Missing(ctx, []cache.Digest{d}); err != nil || len(missing) == 0 {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("store blob %s: %w", d.Short(), err)
	}
	if cache.Of(b) != d {
		return fmt.Errorf("store blob %s: %w", d.Short(), cache.ErrCorrupt)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[d] = b
	return ctx.Err()
}

// Lookup returns the selected result of the action with this key.
func (s *Store) Lookup(ctx context.Context, key cache.Digest) (*cache.Result, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.results[key]
	if !ok {
		return nil, fmt.Errorf("result of action %s: %w", key.Short(), cache.ErrMiss)
	}
	return clone(r.all[r.selected]), ctx.Err()
}

// Record adds r to the results of the action and selects it.
func (s *Store) Record(ctx context.Context, key cache.Digest, r *cache.Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.results[key]
	if known == nil {
		known = &results{}
		s.results[key] = known
	}
	known.selected = slices.IndexFunc(known.all, r.SameOutputs)
	if known.selected < 0 {
		known.selected = len(known.all)
		known.all = append(known.all, nil)
	}
	known.all[known.selected] = clone(r)
	return ctx.Err()
}

// History returns every distinct result of the action, oldest first.
func (s *Store) History(ctx context.Context, key cache.Digest) ([]*cache.Result, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []*cache.Result
	if known := s.results[key]; known != nil {
		for _, r := range known.all {
			all = append(all, clone(r))
		}
	}
	return all, ctx.Err()
}

// Sync does nothing: nothing outlives the process.
func (s *Store) Sync(ctx context.Context) error { return ctx.Err() }

// Close does nothing.
func (s *Store) Close() error { return nil }

// FileDigest returns the digest of the regular file name.
func (s *Store) FileDigest(_ context.Context, name string) (cache.Digest, error) {
	info, err := os.Stat(name)
	if err != nil {
		return cache.Digest{}, err
	}
	if !info.Mode().IsRegular() {
		return cache.Digest{}, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return cache.Digest{}, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return cache.OfReader(f)
}

// clone keeps callers from changing what is stored.
func clone(r *cache.Result) *cache.Result {
	c := *r
	c.Outputs = maps.Clone(r.Outputs)
	return &c
}
