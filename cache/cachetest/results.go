package cachetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
)

func result(outputs ...string) *cache.Result {
	r := &cache.Result{
		Outputs:  map[string]cache.Artifact{},
		Log:      cache.Of([]byte("log")),
		Took:     1500 * time.Millisecond,
		Class:    cache.Deterministic,
		Recorded: time.Date(2024, 8, 20, 12, 0, 0, 123456789, time.UTC),
	}
	for i, text := range outputs {
		r.Outputs[fmt.Sprintf("port%d", i)] = cache.Artifact{Digest: cache.Of([]byte(text))}
	}
	return r
}

func resultComesBack(t *testing.T, s cache.Store) {
	full := result("a", "b")
	full.Outputs["größe\n"] = cache.Artifact{Digest: cache.Digest{Hash: [32]byte{1}, Size: 1 << 40}, Tree: true}
	for name, want := range map[string]*cache.Result{
		"full":  full,
		"bare":  {Outputs: map[string]cache.Artifact{}},
		"early": {Outputs: map[string]cache.Artifact{}, Took: -1, Recorded: time.Unix(-1, 5).UTC()},
	} {
		key := cache.Of([]byte(name))
		record(t, s, key, want)
		if diff := cmp.Diff(want, lookup(t, s, key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func missingResult(t *testing.T, s cache.Store) {
	key := cache.Of([]byte("never"))
	if _, err := s.Lookup(t.Context(), key); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("lookup: %v, want ErrMiss", err)
	}
	if all, err := s.History(t.Context(), key); err != nil || len(all) > 0 {
		t.Errorf("history: %v, %v; want none", all, err)
	}
}

func resultKeys(t *testing.T, s cache.Store) {
	// A blob and an action may have the same digest, and digests may differ in
	// their size only.
	key := put(t, s, []byte("both"))
	other := cache.Digest{Hash: key.Hash, Size: key.Size + 1}
	record(t, s, key, result("a"))
	mustHold(t, s, key)
	if _, err := s.Lookup(t.Context(), other); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("lookup of the other size: %v, want ErrMiss", err)
	}
	record(t, s, other, result("b"))
	if diff := cmp.Diff(result("a"), lookup(t, s, key)); diff != "" {
		t.Errorf("first key (-want +got):\n%s", diff)
	}
}

func history(t *testing.T, s cache.Store) {
	key := cache.Of([]byte("action"))
	first, second := result("a"), result("b")
	again := result("a")
	again.Took *= 2
	for i, step := range []struct {
		record, selected *cache.Result
		history          []*cache.Result
	}{
		{first, first, []*cache.Result{first}},
		{again, again, []*cache.Result{again}},
		{second, second, []*cache.Result{again, second}},
		{first, first, []*cache.Result{first, second}},
	} {
		record(t, s, key, step.record)
		if diff := cmp.Diff(step.selected, lookup(t, s, key)); diff != "" {
			t.Errorf("step %d: selected (-want +got):\n%s", i, diff)
		}
		all, err := s.History(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.history, all); diff != "" {
			t.Errorf("step %d: history (-want +got):\n%s", i, diff)
		}
		if err := s.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func resultIsolated(t *testing.T, s cache.Store) {
	key := cache.Of([]byte("action"))
	recorded := result("a")
	record(t, s, key, recorded)
	recorded.Outputs["port0"] = cache.Artifact{}
	lookup(t, s, key).Outputs["port0"] = cache.Artifact{}
	if diff := cmp.Diff(result("a"), lookup(t, s, key)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func concurrentRecords(t *testing.T, s cache.Store) {
	const writers, each = 4, 25
	key := cache.Of([]byte("action"))
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				if err := s.Record(t.Context(), key, result(fmt.Sprint(w, i))); err != nil {
					t.Errorf("record: %v", err)
				}
				if err := s.Sync(t.Context()); err != nil {
					t.Errorf("sync: %v", err)
				}
			}
		})
	}
	group.Wait()
	if all, err := s.History(t.Context(), key); err != nil || len(all) != writers*each {
		t.Errorf("history has %d results, %v; want %d", len(all), err, writers*each)
	}
}

func completeTrees(t *testing.T, s cache.Store) {
	here := put(t, s, []byte("here"))
	absent := cache.Of([]byte("absent"))
	whole := cache.Tree{{Path: "a", Digest: here}, {Path: "b/c", Digest: here}}
	torn := cache.Tree{{Path: "a", Digest: here}, {Path: "b/c", Digest: absent}}
	artifacts := map[string]cache.Artifact{
		"file":          {Digest: here},
		"lost file":     {Digest: absent},
		"folder":        {Digest: put(t, s, whole.Encode()), Tree: true},
		"torn folder":   {Digest: put(t, s, torn.Encode()), Tree: true},
		"empty folder":  {Digest: put(t, s, cache.Tree{}.Encode()), Tree: true},
		"lost manifest": {Digest: absent, Tree: true},
	}
	complete := map[string]bool{"file": true, "folder": true, "empty folder": true}
	for name, artifact := range artifacts {
		r := &cache.Result{Outputs: map[string]cache.Artifact{"file": {Digest: here}, "out": artifact}}
		got, err := cache.Complete(t.Context(), s, r)
		if err != nil || got != complete[name] {
			t.Errorf("%s: %v, %v; want %v", name, got, err, complete[name])
		}
	}
}

func completeLost(t *testing.T, s cache.Store) {
	if ok, err := cache.Complete(t.Context(), s, &cache.Result{}); err != nil || !ok {
		t.Errorf("a result without outputs: %v, %v; want true", ok, err)
	}
	if ok, err := cache.Complete(t.Context(), s, result("never put")); err != nil || ok {
		t.Errorf("a result with a lost output: %v, %v; want false", ok, err)
	}
}

func record(t *testing.T, s cache.Store, key cache.Digest, r *cache.Result) {
	t.Helper()
	if err := s.Record(t.Context(), key, r); err != nil {
		t.Fatalf("record: %v", err)
	}
}

func lookup(t *testing.T, s cache.Store, key cache.Digest) *cache.Result {
	t.Helper()
	r, err := s.Lookup(t.Context(), key)
	if err != nil {
		t.Fatalf("lookup: %v", err)
	}
	return r
}
