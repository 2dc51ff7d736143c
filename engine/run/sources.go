package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"repro/cache"
	"repro/engine/plan"
)

// atOnce is how many files of the user's are copied into the store at once.
const atOnce = 2

// sources brings files of the user's into the store: each once in a run,
// however many stages read it.
type sources struct {
	store cache.Store
	slots chan struct{}

	mu   sync.Mutex
	done map[string]func() error // by path
}

func newSources(store cache.Store) *sources {
	return &sources{store: store, slots: make(chan struct{}, atOnce), done: map[string]func() error{}}
}

// ingest stores a file or folder, which must still be what it was when the
// plan was made.
func (s *sources) ingest(ctx context.Context, source plan.Source) error {
	s.mu.Lock()
	once, ok := s.done[source.Path]
	if !ok {
		once = sync.OnceValue(func() error {
			s.slots <- struct{}{}
			defer func() { <-s.slots }()
			if source.Artifact.Tree {
				return s.folder(ctx, source)
			}
			return s.file(ctx, source.Path, source.Artifact.Digest)
		})
		s.done[source.Path] = once
	}
	s.mu.Unlock()
	return once()
}

func (s *sources) file(ctx context.Context, name string, d cache.Digest) error {
	missing, err := s.store.Missing(ctx, []cache.Digest{d})
	if err != nil || len(missing) == 0 {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	err = s.store.Put(ctx, d, f)
	if errors.Is(err, cache.ErrCorrupt) {
		return changed(name)
	}
	return err
}

func (s *sources) folder(ctx context.Context, source plan.Source) error {
	tree, err := cache.WalkTree(source.Path, func(file string) (cache.Digest, error) {
		d, err := cache.OfFile(file)
		if err != nil {
			return d, err
		}
		return d, s.file(ctx, file, d)
	})
	if err != nil {
		return err
	}
	d, err := cache.PutBytes(ctx, s.store, tree.Encode())
	if err == nil && d != source.Artifact.Digest {
		return changed(source.Path)
	}
	return err
}

func changed(name string) error {
	return fmt.Errorf("%s changed while the run was going on: run again", name)
}
