package gc

import (
	"context"
	"errors"
	"fmt"

	"repro/cache"
	"repro/cache/disk"
	"repro/cache/runs"
)

// Kinds of blobs besides the outputs of stages, which are of the stage's kind.
const (
	Logs     = "logs"
	Read     = "files read"     // of the user's, which entered the store
	Other    = "other"          // actions, published numbers
	Unnamed  = "of no run"      // nothing on record leads to them
	Leftover = "left or broken" // files that are no blobs
)

// reach goes from records to all blobs that they lead to.
type reach struct {
	store *disk.Store
	visit func(kind string, d cache.Digest)
	trees map[cache.Digest]bool // folders that it has looked into
	keys  map[cache.Digest]bool // actions that it has looked into
}

func newReach(store *disk.Store, visit func(kind string, d cache.Digest)) *reach {
	return &reach{store: store, visit: visit, trees: map[cache.Digest]bool{}, keys: map[cache.Digest]bool{}}
}

// run visits what a record names: what its stages made, and are given today.
func (r *reach) run(ctx context.Context, record *runs.Run) error {
	for i := range record.Stages {
		s := &record.Stages[i]
		if err := r.result(ctx, s.Kind, &cache.Result{Outputs: s.Outputs, Log: s.Log}); err != nil {
			return err
		}
	}
	for i := range record.Stages {
		s := &record.Stages[i]
		if err := r.action(ctx, s.Kind, s.Key); err != nil {
			return err
		}
	}
	for _, report := range record.Reports {
		r.visit(Other, report.Published)
	}
	for _, claim := range record.Claims {
		r.visit(Other, claim.Published)
	}
	return ctx.Err()
}

// action visits the action with this key, the files of the user's that it reads,
// and the result that a stage with it would be given: it may be another than
// that of an earlier run, if the stage is not deterministic.
func (r *reach) action(ctx context.Context, kind string, key cache.Digest) error {
	if key.IsZero() || r.keys[key] {
		return nil
	}
	r.keys[key] = true
	r.visit(Other, key)
	result, err := r.store.Lookup(ctx, key)
	if err != nil && !gone(err) {
		return err
	}
	encoded, err := cache.ReadBlob(ctx, r.store, key)
	if err != nil && !gone(err) {
		return err
	}
	if action, err := cache.ParseAction(encoded); err == nil {
		kind = action.Kind
		for _, in := range action.Inputs {
			if err := r.artifact(ctx, Read, in.Artifact); err != nil {
				return err
			}
		}
	}
	if result == nil {
		return nil
	}
	return r.result(ctx, kind, result)
}

func (r *reach) result(ctx context.Context, kind string, result *cache.Result) error {
	for _, a := range result.Outputs {
		if err := r.artifact(ctx, kind, a); err != nil {
			return err
		}
	}
	r.visit(Logs, result.Log)
	return nil
}

func (r *reach) artifact(ctx context.Context, kind string, a cache.Artifact) error {
	r.visit(kind, a.Digest)
	if !a.Tree || r.trees[a.Digest] {
		return nil
	}
	r.trees[a.Digest] = true
	tree, err := cache.LoadTree(ctx, r.store, a.Digest)
	if gone(err) {
		return nil // nobody can have the folder's files by it any more
	}
	if err != nil {
		return fmt.Errorf("folder %s: %w", a.Digest.Short(), err)
	}
	for _, e := range tree {
		r.visit(kind, e.Digest)
	}
	return nil
}

func gone(err error) bool { return errors.Is(err, cache.ErrMiss) || errors.Is(err, cache.ErrCorrupt) }
