package cache

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors that callers decide on; implementations wrap them.
var (
	// ErrMiss: the store holds no such blob or result.
	ErrMiss = errors.New("not in the cache")
	// ErrCorrupt: the bytes do not have the digest that they were asked for by.
	ErrCorrupt = errors.New("does not match its digest")
	// ErrBusy: another process owns the store.
	ErrBusy = errors.New("cache is in use by another process")
)

// Determinism says what may be expected of a second run of the same action.
type Determinism string

// The classes of determinism, from strict to loose.
const (
	Deterministic Determinism = "deterministic" // the same bytes on every machine
	Tolerant      Determinism = "tolerant"      // equal within a stated tolerance
	Stochastic    Determinism = "stochastic"    // equal in distribution only
	Unknown       Determinism = "unknown"       // nothing was promised
)

// Known reports whether d is one of the classes.
func (d Determinism) Known() bool {
	return d == Deterministic || d == Tolerant || d == Stochastic || d == Unknown
}

// Result is what running an action gave.
type Result struct {
	Outputs  map[string]Artifact `json:"outputs"`  // by output port
	Log      Digest              `json:"log"`      // what the stage wrote to its log; zero if nothing
	Took     time.Duration       `json:"took"`     // wall time of the stage, in nanoseconds
	Class    Determinism         `json:"class"`    // what the stage promises of a second run
	Recorded time.Time           `json:"recorded"` // when it was made
}

// SameOutputs reports whether both results hold the same artifacts.
func (r *Result) SameOutputs(other *Result) bool {
	if len(r.Outputs) != len(other.Outputs) {
		return false
	}
	for port, a := range r.Outputs {
		if b, ok := other.Outputs[port]; !ok || a != b {
			return false
		}
	}
	return true
}

// Blobs keeps bytes by their digest. All methods may be called concurrently.
type Blobs interface {
	// Missing returns those of want that the store does not hold, in order.
	Missing(ctx context.Context, want []Digest) ([]Digest, error)
	// Open returns the blob's bytes. Reading to the end verifies them: the last
	// Read, or Open itself, wraps ErrCorrupt if they are not d's. It wraps
	// ErrMiss if there is no such blob.
	Open(ctx context.Context, d Digest) (io.ReadCloser, error)
	// Put stores what r yields under d, and wraps ErrCorrupt, storing nothing,
	// if r yields anything else. Putting a blob that is there does nothing.
	Put(ctx context.Context, d Digest, r io.Reader) error
}

// Results keeps what actions gave. All methods may be called concurrently.
type Results interface {
	// Lookup returns the selected result of the action with this key, or wraps
	// ErrMiss. It does not say whether the result's blobs are still there.
	Lookup(ctx context.Context, key Digest) (*Result, error)
	// Record adds r to the results of the action and selects it. Earlier,
	// different results are kept (see History); one with the same outputs is
	// replaced, as the log of the newer one is there for sure. The result is
	// visible to Lookup at once, and durable after all blobs put before it, at
	// the latest when Sync or Close returns.
	Record(ctx context.Context, key Digest, r *Result) error
	// History returns every distinct result recorded for the action, oldest
	// first, and none if there is none.
	History(ctx context.Context, key Digest) ([]*Result, error)
}

// Store is a complete cache.
type Store interface {
	Blobs
	Results
	// Sync makes everything recorded so far durable.
	Sync(ctx context.Context) error
	io.Closer
}

// Importer is a Blobs that can take over a file without copying it.
type Importer interface {
	// Import stores the regular file name, which may be moved away, and returns its digest.
	Import(ctx context.Context, name string) (Digest, error)
}

// Linker is a Blobs that can show a blob as a file without copying it.
type Linker interface {
	// Link makes the blob appear as a new read-only file at name. The file may
	// share its bytes with the store, so Verify must be called once whoever was
	// given it is done.
	Link(ctx context.Context, d Digest, name string) error
	// Verify returns an error wrapping ErrCorrupt, and drops the blob, if its
	// bytes were changed since they were stored.
	Verify(ctx context.Context, d Digest) error
}

// Files names files of the user's by their content, remembering what it has
// hashed for as long as a file's identity and times stay the same.
type Files interface {
	// FileDigest returns the digest of the regular file name.
	FileDigest(ctx context.Context, name string) (Digest, error)
}

// Complete reports whether all of the result's outputs can be had from blobs.
func Complete(ctx context.Context, blobs Blobs, r *Result) (bool, error) {
	want := make([]Digest, 0, len(r.Outputs))
	for _, a := range r.Outputs {
		want = append(want, a.Digest)
	}
	missing, err := blobs.Missing(ctx, want)
	if err != nil || len(missing) > 0 {
		return false, err
	}
	for _, a := range r.Outputs {
		if !a.Tree {
			continue
		}
		tree, err := LoadTree(ctx, blobs, a.Digest)
		if errors.Is(err, ErrMiss) || errors.Is(err, ErrCorrupt) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		files := make([]Digest, len(tree))
		for i, e := range tree {
			files[i] = e.Digest
		}
		missing, err := blobs.Missing(ctx, files)
		if err != nil || len(missing) > 0 {
			return false, err
		}
	}
	return true, nil
}
