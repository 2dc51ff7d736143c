package bundle_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/bundle"
	"repro/cache/mem"
	"repro/cache/runs"
)

// made is a bundle of two stages: one whose output is a file, and one that
// makes a folder of it.
type made struct {
	store   *mem.Store
	run     *runs.Run
	results []bundle.Result
	files   []bundle.File
	leftOut []cache.Digest
}

func put(t *testing.T, s cache.Store, text string) cache.Digest {
	t.Helper()
	d, err := cache.PutBytes(t.Context(), s, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newMade(t *testing.T) *made {
	t.Helper()
	m := &made{store: mem.New(), run: runs.New()}
	m.run.Status = runs.Done
	input := put(t, m.store, "an input")
	text := cache.Artifact{Digest: put(t, m.store, "a text")}
	tree := cache.Tree{{Path: "a/b", Digest: put(t, m.store, strings.Repeat("large ", 10_000))}, {Path: "run", Digest: text.Digest, Exec: true}}
	folder := cache.Artifact{Digest: put(t, m.store, string(tree.Encode())), Tree: true}
	m.add(t, "exec.text", &cache.Action{Kind: "exec", Inputs: []cache.Input{{Port: "in", Artifact: cache.Artifact{Digest: input}}}, Outputs: []cache.Output{{Port: "text"}}},
		map[string]cache.Artifact{"text": text})
	m.add(t, "exec.folder", &cache.Action{Kind: "exec", Inputs: []cache.Input{{Port: "in", Artifact: text}}, Outputs: []cache.Output{{Port: "folder", Tree: true}}},
		map[string]cache.Artifact{"folder": folder})
	have := map[cache.Digest]bool{}
	for _, r := range m.results {
		blobs, err := r.Blobs(t.Context(), m.store)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range blobs {
			if !have[d] {
				m.files = append(m.files, bundle.Blob(m.store, d))
			}
			have[d] = true
		}
	}
	m.files = append(m.files, bundle.BlobAt("workflow/input.txt", m.store, input))
	return m
}

func (m *made) add(t *testing.T, addr string, a *cache.Action, outputs map[string]cache.Artifact) {
	t.Helper()
	key := put(t, m.store, string(a.Encode()))
	r := &cache.Result{Outputs: outputs, Log: put(t, m.store, "log of "+addr), Class: cache.Unknown, Took: time.Second, Recorded: time.Unix(1e9, 0).UTC()}
	m.results = append(m.results, bundle.Result{Addr: addr, Key: key, Result: r})
}

// write writes the bundle and returns its bytes.
func (m *made) write(t *testing.T) []byte {
	t.Helper()
	contents, err := bundle.Contents(m.run, m.results, m.leftOut)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := bundle.Write(t.Context(), &b, append(contents, m.files...)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func save(t *testing.T, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bundle.zip")
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// take imports a bundle into a store.
func take(t *testing.T, b []byte, store cache.Store) (*bundle.Imported, error) {
	t.Helper()
	r, err := bundle.Open(save(t, b))
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	return r.Import(t.Context(), store, bundle.Options{})
}

func TestWhatWasExportedIsImported(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	b := m.write(t)
	if !bytes.Equal(b, m.write(t)) {
		t.Error("the same state gave other bytes the second time")
	}
	got, err := take(t, b, there)
	if err != nil {
		t.Fatal(err)
	}
	// Two actions, two logs, a text that is in the folder too, a large file, a manifest, an input.
	if diff := cmp.Diff(&bundle.Imported{Recorded: 2, New: 2, Blobs: 8}, got); diff != "" {
		t.Error(diff)
	}
	for _, want := range m.results {
		r, err := there.Lookup(t.Context(), want.Key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Result, r); diff != "" {
			t.Error(diff)
		}
		if whole, err := cache.Complete(t.Context(), there, r); !whole || err != nil {
			t.Errorf("%s is not complete: %v", want.Addr, err)
		}
	}
	again, err := take(t, b, there)
	if diff := cmp.Diff(&bundle.Imported{Recorded: 2}, again); diff != "" || err != nil {
		t.Errorf("the second time: %v\n%s", err, diff)
	}
}

func TestWhatTheRecordNamesComesToo(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	last, published, claimed := put(t, m.store, "last words"), put(t, m.store, "metric,value\n"), put(t, m.store, "of a claim")
	m.run.Stages = []runs.Stage{{Addr: "exec.failed", State: runs.Failed, Log: last}, {Addr: "exec.lost", Log: cache.Of([]byte("lost"))}}
	m.run.Reports = []runs.Report{{Name: "map", Published: published}, {Name: "none"}}
	m.run.Claims = []runs.Claim{{Name: "best", Published: claimed}, {Name: "none"}}
	m.files = append(m.files, bundle.Blob(m.store, claimed), bundle.BlobAt("logs/exec.failed.txt", m.store, last), bundle.BlobAt("workflow/published.csv", m.store, published))
	if _, err := take(t, m.write(t), there); err != nil {
		t.Fatal(err)
	}
	if missing, err := there.Missing(t.Context(), []cache.Digest{last, published, claimed}); err != nil || len(missing) > 0 {
		t.Errorf("%v are missing, %v", missing, err)
	}
}

func TestLeftOutOutputsAreNoResults(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	text := m.results[0].Result.Outputs["text"].Digest
	m.leftOut = []cache.Digest{text}
	kept := m.files[:0]
	for _, f := range m.files {
		if f.Digest != text {
			kept = append(kept, f)
		}
	}
	m.files = kept
	got, err := take(t, m.write(t), there)
	// The folder has the text in it too.
	if diff := cmp.Diff(&bundle.Imported{Blobs: 7, LeftOut: []string{"exec.text", "exec.folder"}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	m.leftOut = nil // then it is missing
	if _, err := take(t, m.write(t), there); !errors.Is(err, bundle.ErrInvalid) || !strings.Contains(err.Error(), "lacks the blob "+text.String()) {
		t.Errorf("a bundle without a blob: %v", err)
	}
}

// forgetful is a store that loses a blob.
type forgetful struct {
	*mem.Store
	lost cache.Digest
}

func (f forgetful) Put(ctx context.Context, d cache.Digest, r io.Reader) error {
	if d == f.lost {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	return f.Store.Put(ctx, d, r)
}

func TestNothingIsRecordedOfWhatWasNotStored(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	text := m.results[0].Result.Outputs["text"].Digest
	if _, err := take(t, m.write(t), forgetful{there, text}); err == nil || !strings.Contains(err.Error(), text.String()+" was not stored") {
		t.Errorf("%v", err)
	}
	if _, err := there.Lookup(t.Context(), m.results[0].Key); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("recorded: %v", err)
	}
}

func TestRoomIsAskedForFirst(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	b, err := bundle.Open(save(t, m.write(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // opened for reading only
	full := errors.New("the disk is full")
	var asked int64
	_, err = b.Import(t.Context(), there, bundle.Options{Room: func(size int64) error { asked = size; return full }})
	if !errors.Is(err, full) || asked < 60_000 || !strings.Contains(err.Error(), "0.1 MB would have to be stored") {
		t.Errorf("%v (%d bytes)", err, asked)
	}
	if missing, err := there.Missing(t.Context(), []cache.Digest{m.results[0].Key}); err != nil || len(missing) == 0 {
		t.Errorf("blobs were stored: %v", err)
	}
}

// What a record says that stages made has to be there.
func TestARecordNamesNoOutputsThatNobodyHas(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	here := cache.Artifact{Digest: put(t, there, "made here")}
	m.run.Stages = []runs.Stage{
		{Addr: "exec.text", Outputs: m.results[0].Result.Outputs},
		{Addr: "exec.here", Outputs: map[string]cache.Artifact{"a": here}},
		{Addr: "exec.lost", Outputs: map[string]cache.Artifact{"a": {Digest: cache.Of([]byte("lost"))}}},
	}
	b, err := bundle.Open(save(t, m.write(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // opened for reading only
	if _, err := b.Import(t.Context(), there, bundle.Options{}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, false} {
		if got := b.Run.Stages[i].Outputs != nil; got != want {
			t.Errorf("%s has outputs: %v", b.Run.Stages[i].Addr, got)
		}
	}
}

func TestAnotherResultStaysSelected(t *testing.T) {
	t.Parallel()
	m, there := newMade(t), mem.New()
	own := &cache.Result{Outputs: map[string]cache.Artifact{"text": {Digest: put(t, there, "my own")}}, Class: cache.Unknown}
	key := m.results[0].Key
	if err := there.Record(t.Context(), key, own); err != nil {
		t.Fatal(err)
	}
	got, err := take(t, m.write(t), there)
	if diff := cmp.Diff(&bundle.Imported{Recorded: 2, New: 2, Blobs: 8, Differ: []string{"exec.text"}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	selected, err := there.Lookup(t.Context(), key)
	if err != nil || !selected.SameOutputs(own) {
		t.Errorf("the bundle's result is selected: %v, %v", selected, err)
	}
	if all, err := there.History(t.Context(), key); err != nil || len(all) != 2 {
		t.Errorf("%d results are kept, %v; want 2", len(all), err)
	}
}

func TestAFileThatChangesWhileItIsExportedIsFound(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, []byte("now"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := bundle.Write(t.Context(), io.Discard, []bundle.File{bundle.Disk("workflow/data", name, cache.Of([]byte("then")), false)})
	if !errors.Is(err, cache.ErrCorrupt) || !strings.Contains(err.Error(), "workflow/data") {
		t.Errorf("%v, want an error that names the file", err)
	}
}

func TestPathsAreChecked(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", ".", "/etc/passwd", "../up", "a/../../up", "a//b", `a\b`, "a\nb"} {
		if err := bundle.Write(t.Context(), io.Discard, []bundle.File{bundle.Bytes(path, nil)}); err == nil {
			t.Errorf("%q was written", path)
		}
	}
	twice := []bundle.File{bundle.Bytes("a", nil), bundle.Bytes("a", nil)}
	if err := bundle.Write(t.Context(), io.Discard, twice); err == nil {
		t.Error("two files of one path were written")
	}
}

func TestInterruptsEndIt(t *testing.T) {
	t.Parallel()
	m := newMade(t)
	b := m.write(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	if err := bundle.Write(ctx, io.Discard, m.files); !errors.Is(err, stopped) {
		t.Errorf("writing: %v", err)
	}
	r, err := bundle.Open(save(t, b))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	if _, err := r.Import(ctx, mem.New(), bundle.Options{}); !errors.Is(err, stopped) && !errors.Is(err, context.Canceled) {
		t.Errorf("importing: %v", err)
	}
}

// entries returns the files of a zip file, by path.
func entries(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if all[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
