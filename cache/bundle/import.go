package bundle

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"repro/cache"
)

// Imported says what Import did.
type Imported struct {
	Recorded int      // results that the store has now
	New      int      // of them, those that it did not have
	Blobs    int      // blobs that it did not have
	LeftOut  []string // stages whose outputs the bundle leaves out: they run again
	Differ   []string // stages that the store has another result of, which stays selected
}

// Options says how a bundle is imported. The zero value is ready for use.
type Options struct {
	// Room returns an error if the store has no room for so many bytes more.
	Room func(size int64) error
}

// Import puts the bundle's results into the store. Every file of the bundle is
// read and verified; only then are results recorded, so that a damaged bundle
// leaves no result behind, and neither does a process that is killed: what it
// leaves are blobs, each whole. Stages of r.Run whose outputs neither the bundle
// nor the store has are left without. The error wraps ErrInvalid if the bundle is at
// fault.
func (r *Reader) Import(ctx context.Context, store cache.Store, o Options) (*Imported, error) {
	done, err := r.restore(ctx, store, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	return done, nil
}

func (r *Reader) restore(ctx context.Context, store cache.Store, o Options) (*Imported, error) {
	done := &Imported{}
	var whole []Result
	wanted := map[cache.Digest]bool{}
	r.needed = map[cache.Artifact]bool{}
	for _, result := range r.Results {
		complete, err := r.want(&result, wanted)
		if err != nil {
			return nil, err
		}
		if complete {
			whole = append(whole, result)
		} else {
			done.LeftOut = append(done.LeftOut, result.Addr)
		}
	}
	for _, d := range r.named() {
		wanted[d] = true
	}
	var err error
	if done.Blobs, err = r.store(ctx, store, wanted, o); err != nil {
		return nil, err
	}
	if err := r.forget(ctx, store); err != nil {
		return nil, err
	}
	for _, result := range whole {
		if err := record(ctx, store, &result, done); err != nil {
			return nil, err
		}
	}
	return done, store.Sync(ctx)
}

// forget drops outputs from the record that the store lacks.
func (r *Reader) forget(ctx context.Context, store cache.Store) error {
	for i := range r.Run.Stages {
		s := &r.Run.Stages[i]
		whole, err := cache.Complete(ctx, store, &cache.Result{Outputs: s.Outputs})
		if err != nil {
			return fmt.Errorf("%s: %w", s.Addr, err)
		}
		if !whole {
			s.Outputs = nil
		}
	}
	return nil
}

// named returns the blobs that the record names, besides results, and that the
// bundle has: logs of stages that failed, and published numbers.
func (r *Reader) named() []cache.Digest {
	var list []cache.Digest
	for _, s := range r.Run.Stages {
		list = append(list, s.Log)
	}
	for _, report := range r.Run.Reports {
		list = append(list, report.Published)
	}
	for _, claim := range r.Run.Claims {
		list = append(list, claim.Published)
	}
	return slices.DeleteFunc(list, func(d cache.Digest) bool { return r.files[d] == nil })
}

// want checks a result and notes the blobs that it needs. It reports whether
// the bundle has them all.
func (r *Reader) want(result *Result, wanted map[cache.Digest]bool) (complete bool, err error) {
	encoded, err := r.item(result.Key)
	if err != nil {
		return false, fmt.Errorf("%s: %w", result.Addr, err)
	}
	action, err := cache.ParseAction(encoded)
	if err != nil {
		return false, invalid("%s: %w", result.Addr, err)
	}
	if err := fits(action, result.Result); err != nil {
		return false, invalid("the result of %s %w", result.Addr, err)
	}
	needed := []cache.Artifact{{Digest: result.Key}}
	if !result.Result.Log.IsZero() {
		needed = append(needed, cache.Artifact{Digest: result.Result.Log})
	}
	complete = true
	for _, a := range result.Result.Outputs {
		if r.leftOut[a.Digest] {
			complete = false
			continue
		}
		needed = append(needed, a)
	}
	for _, a := range needed {
		ok, err := r.need(a, wanted)
		if err != nil {
			return false, fmt.Errorf("%s: %w", result.Addr, err)
		}
		complete = complete && ok
	}
	// Files of the user's are in the bundle too, but the result is whole without.
	for _, in := range action.Inputs {
		if r.files[in.Artifact.Digest] == nil {
			continue
		}
		if _, err := r.need(in.Artifact, wanted); err != nil {
			return false, fmt.Errorf("%s: %w", result.Addr, err)
		}
	}
	return complete, nil
}

// fits refuses a result that does not have the outputs that its action declares.
func fits(action *cache.Action, result *cache.Result) error {
	for _, out := range action.Outputs {
		if a, ok := result.Outputs[out.Port]; !ok || a.Tree != out.Tree {
			return fmt.Errorf("lacks the output %s that its action declares", out.Port)
		}
	}
	if len(action.Outputs) != len(result.Outputs) {
		return errors.New("has outputs that its action does not declare")
	}
	return nil
}

// need notes the blobs of an artifact, and reports whether the bundle has them
// all: those that it lacks must be left out on purpose.
func (r *Reader) need(a cache.Artifact, wanted map[cache.Digest]bool) (complete bool, err error) {
	if known, ok := r.needed[a]; ok {
		return known, nil // many stages read the same
	}
	defer func() { r.needed[a] = complete }()
	wanted[a.Digest] = true
	if !a.Tree {
		return true, r.has(a.Digest)
	}
	b, err := r.item(a.Digest)
	if err != nil {
		return false, err
	}
	tree, err := cache.ParseTree(b)
	if err != nil {
		return false, invalid("%s: %w", r.files[a.Digest].Name, err)
	}
	complete = true
	for _, e := range tree {
		if r.leftOut[e.Digest] {
			complete = false
			continue
		}
		if err := r.has(e.Digest); err != nil {
			return false, err
		}
		wanted[e.Digest] = true
	}
	return complete, nil
}

func (r *Reader) has(d cache.Digest) error {
	if r.files[d] == nil {
		return invalid("the bundle lacks the blob %s", d)
	}
	return nil
}

// item returns the verified bytes of a small blob.
func (r *Reader) item(d cache.Digest) ([]byte, error) {
	if err := r.has(d); err != nil {
		return nil, err
	}
	return verified(r.files[d], d, mostItem)
}

// store stores those of the wanted blobs that the store lacks, verifies all
// other files, and returns how many it stored.
func (r *Reader) store(ctx context.Context, store cache.Store, wanted map[cache.Digest]bool, o Options) (int, error) {
	list := make([]cache.Digest, 0, len(wanted))
	for d := range wanted {
		list = append(list, d)
	}
	missing, err := store.Missing(ctx, list)
	if err != nil {
		return 0, err
	}
	put := make(map[*zip.File]bool, len(missing))
	var size int64
	for _, d := range missing {
		put[r.files[d]] = true
		size += d.Size
	}
	if o.Room != nil {
		if err := o.Room(size); err != nil {
			return 0, fmt.Errorf("%.1f MB would have to be stored: %w", float64(size)/1e6, err)
		}
	}
	files := make([]*zip.File, 0, len(r.digests))
	for f := range r.digests {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) }) // the order on the disk
	for _, f := range files {
		if err := r.take(ctx, store, f, put[f]); err != nil {
			return 0, err
		}
	}
	// Results are recorded next: nothing that they need may be missing.
	left, err := store.Missing(ctx, list)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("the blob %s was not stored", left[0])
	}
	return len(missing), err
}

// take stores a file under its digest, or only verifies that it has it.
func (r *Reader) take(ctx context.Context, store cache.Store, f *zip.File, put bool) (err error) {
	in, err := open(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	from := &source{Reader: contextReader{ctx, in}}
	d := r.digests[f]
	if put {
		err = store.Put(ctx, d, from)
	} else {
		var got cache.Digest
		if got, err = cache.OfReader(from); err == nil && got != d {
			err = cache.ErrCorrupt
		}
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case from.err != nil: // before what the store makes of it
		return damaged(f, from.err)
	case errors.Is(err, cache.ErrCorrupt):
		return damaged(f, cache.ErrCorrupt)
	}
	return err
}

// record adds the result to those of its action. A result that the store has
// already stays selected: what was made here is never replaced in silence.
func record(ctx context.Context, store cache.Store, result *Result, done *Imported) error {
	own, err := store.Lookup(ctx, result.Key)
	if err != nil && !errors.Is(err, cache.ErrMiss) {
		return err
	}
	if own != nil {
		whole, err := cache.Complete(ctx, store, own)
		if err != nil {
			return err
		}
		if !whole {
			own = nil
		}
	}
	done.Recorded++
	if own != nil && own.SameOutputs(result.Result) {
		return nil
	}
	done.New++
	if err := store.Record(ctx, result.Key, result.Result); err != nil || own == nil {
		return err
	}
	done.Differ = append(done.Differ, result.Addr)
	return store.Record(ctx, result.Key, own)
}
