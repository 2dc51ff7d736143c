// Package bundle writes and reads bundles: one zip file that holds the results
// of a workflow with all that a reader needs to look at them.
//
// In come files and the results of stages; out comes a zip file, the same bytes
// for the same state. On another machine the zip file comes in, and its results
// go into the store there, each only once all of its blobs are stored and have
// the digests that they should. docs/formats.md describes the files.
package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"repro/cache"
	"repro/cache/runs"
)

// Version is the version of the layout that this package writes and reads.
const Version = 1

// ErrInvalid: the file is not a bundle, is damaged, or holds what no bundle may.
var ErrInvalid = errors.New("not a usable bundle")

// SumsFile lists the SHA-256 of all other files, for sha256sum -c. Write makes it.
const SumsFile = "SHA256SUMS"

// The files that are read by their names. All others are found by digest.
const (
	headerFile  = "bundle.json"
	recordFile  = "run.json"
	resultsFile = "results.jsonl"
)

// blobsDir holds the blobs that have no better place in the bundle.
const blobsDir = "blobs/sha256/"

// File is one file of a bundle.
type File struct {
	Path   string // in the bundle: slash-separated, relative, clean
	Digest cache.Digest
	Exec   bool // executable by its owner
	Open   func(ctx context.Context) (io.ReadCloser, error)
}

// Bytes returns the file that holds b.
func Bytes(path string, b []byte) File {
	return File{Path: path, Digest: cache.Of(b), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}}
}

// Blob returns the file that holds the blob d, at its place by digest.
func Blob(blobs cache.Blobs, d cache.Digest) File {
	return BlobAt(BlobPath(d), blobs, d)
}

// BlobAt returns the file that holds the blob d at path.
func BlobAt(path string, blobs cache.Blobs, d cache.Digest) File {
	return File{Path: path, Digest: d, Open: func(ctx context.Context) (io.ReadCloser, error) { return blobs.Open(ctx, d) }}
}

// BlobPath returns the place of a blob by its digest.
func BlobPath(d cache.Digest) string { return blobsDir + d.Hex()[:2] + "/" + d.Hex() }

// Disk returns the file name of this machine, which has the digest d.
func Disk(path, name string, d cache.Digest, exec bool) File {
	return File{Path: path, Digest: d, Exec: exec, Open: func(context.Context) (io.ReadCloser, error) { return os.Open(name) }}
}

// Result is the result of one stage: a line of results.jsonl.
type Result struct {
	Addr   string        `json:"addr"`   // of the stage
	Key    cache.Digest  `json:"key"`    // digest of the action's bytes, which are a blob
	Result *cache.Result `json:"result"` // what the action gave
}

// header is bundle.json.
type header struct {
	Bundle  int            `json:"bundle"` // Version
	Repro   string         `json:"repro"`  // version of the repro that wrote it
	LeftOut []cache.Digest `json:"left_out,omitempty"`
}

// Contents returns the files that a bundle needs so that it can be imported,
// without the blobs that results name. leftOut are blobs that results name and
// the bundle lacks on purpose.
func Contents(run *runs.Run, results []Result, leftOut []cache.Digest) ([]File, error) {
	head, err := json.Marshal(header{Bundle: Version, Repro: run.Host.Repro, LeftOut: leftOut})
	if err != nil {
		return nil, err
	}
	record, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	for _, r := range results {
		line, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("result of %s: %w", r.Addr, err)
		}
		lines.Write(append(line, '\n'))
	}
	return []File{
		Bytes(headerFile, append(head, '\n')),
		Bytes(recordFile, append(record, '\n')),
		Bytes(resultsFile, lines.Bytes()),
	}, nil
}

// Blobs returns the digests of all blobs of a result: the action, the log and
// the outputs, folders with their files.
func (r *Result) Blobs(ctx context.Context, blobs cache.Blobs) ([]cache.Digest, error) {
	list := []cache.Digest{r.Key}
	if !r.Result.Log.IsZero() {
		list = append(list, r.Result.Log)
	}
	for port, a := range r.Result.Outputs {
		all, err := artifact(ctx, blobs, a)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", port, r.Addr, err)
		}
		list = append(list, all...)
	}
	return list, nil
}

// Outputs returns the digests of all blobs of the result's outputs.
func (r *Result) Outputs(ctx context.Context, blobs cache.Blobs) ([]cache.Digest, error) {
	only := Result{Addr: r.Addr, Key: r.Key, Result: &cache.Result{Outputs: r.Result.Outputs}}
	all, err := only.Blobs(ctx, blobs)
	if err != nil {
		return nil, err
	}
	return all[1:], nil
}

// artifact returns the blobs of an artifact.
func artifact(ctx context.Context, blobs cache.Blobs, a cache.Artifact) ([]cache.Digest, error) {
	list := []cache.Digest{a.Digest}
	if !a.Tree {
		return list, nil
	}
	tree, err := cache.LoadTree(ctx, blobs, a.Digest)
	if err != nil {
		return nil, err
	}
	for _, e := range tree {
		list = append(list, e.Digest)
	}
	return list, nil
}

// invalid returns an error that says what is wrong with a bundle.
func invalid(format string, args ...any) error {
	return &invalidError{fmt.Errorf(format, args...)}
}

// invalidError is an ErrInvalid that says why, and nothing else.
type invalidError struct{ err error }

func (e *invalidError) Error() string        { return e.err.Error() }
func (e *invalidError) Unwrap() error        { return e.err }
func (e *invalidError) Is(target error) bool { return target == ErrInvalid }

// clean reports whether path is one that a bundle may have.
func clean(path string) bool {
	return path != "" && !strings.ContainsAny(path, "\\\n\r\x00")
}
