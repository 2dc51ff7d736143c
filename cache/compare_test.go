package cache_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
)

func input(port, name, content string) cache.Input {
	return cache.Input{Port: port, Name: name, Artifact: cache.Artifact{Digest: cache.Of([]byte(content))}}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	base := func() *cache.Action {
		return &cache.Action{
			Kind: "train", Version: "1",
			Params:  map[string]string{"temperature": "0.05", "seed": "0", "env": `{"A":"1","B":"2","C":"3"}`},
			Inputs:  []cache.Input{input("batches", "", "b"), input("validation", "0", "x"), input("validation", "1", "y")},
			Outputs: []cache.Output{{Port: "model", Tree: true}},
			Tools:   map[string]string{"apertium": "3.8", "plugin torch files": "h1:aaa"},
		}
	}
	cases := map[string]struct {
		change func(a *cache.Action)
		want   []string
	}{
		"nothing":     {func(*cache.Action) {}, nil},
		"parameter":   {func(a *cache.Action) { a.Params["temperature"] = "1" }, []string{"temperature: 0.05 → 1"}},
		"version":     {func(a *cache.Action) { a.Version = "2" }, []string{"version: 1 → 2"}},
		"new":         {func(a *cache.Action) { a.Params["lr"] = "3" }, []string{"lr is new"}},
		"gone":        {func(a *cache.Action) { delete(a.Params, "seed") }, []string{"seed is gone"}},
		"tool":        {func(a *cache.Action) { a.Tools["apertium"] = "3.9" }, []string{"tool apertium: 3.8 → 3.9"}},
		"plugin":      {func(a *cache.Action) { a.Tools["plugin torch files"] = "h1:bbb" }, []string{"plugin torch files changed"}},
		"environment": {func(a *cache.Action) { a.Env = map[string]string{"LANG": "C"} }, []string{"environment LANG is new"}},
		"input":       {func(a *cache.Action) { a.Inputs[0] = input("batches", "", "c") }, []string{"input batches changed"}},
		"element":     {func(a *cache.Action) { a.Inputs[2] = input("validation", "1", "z") }, []string{"input validation[1] changed"}},
		"order": {func(a *cache.Action) {
			a.Inputs[1], a.Inputs[2] = input("validation", "0", "y"), input("validation", "1", "x")
		}, []string{"input validation: in another order"}},
		"output":     {func(a *cache.Action) { a.Outputs = append(a.Outputs, cache.Output{Port: "curve"}) }, []string{"output curve is new"}},
		"first gone": {func(a *cache.Action) { a.Inputs = []cache.Input{a.Inputs[0], input("validation", "0", "y")} }, []string{"input validation[0] is gone"}},
		"one in front": {func(a *cache.Action) {
			a.Inputs = []cache.Input{a.Inputs[0], input("validation", "0", "w"), input("validation", "1", "x"), input("validation", "2", "y")}
		}, []string{"input validation[0] is new"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := base()
			c.change(now)
			var got []string
			for _, d := range cache.Compare(base(), now) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if (len(got) == 0) != (base().Key() == now.Key()) {
				t.Error("differences and keys do not agree")
			}
		})
	}
}

// unreadable is a store that fails.
type unreadable struct{ cache.Blobs }

var errUnreadable = errors.New("the disk is gone")

func (unreadable) Open(context.Context, cache.Digest) (io.ReadCloser, error) {
	return nil, errUnreadable
}

func TestNearest(t *testing.T) {
	t.Parallel()
	action := func(params map[string]string) *cache.Action { return &cache.Action{Kind: "train", Params: params} }
	now := action(map[string]string{"seed": "0", "batch": "8", "rate": "1"})
	far := action(map[string]string{"seed": "1", "batch": "9", "rate": "1"})
	near := action(map[string]string{"seed": "0", "batch": "9", "rate": "1"})
	other := action(map[string]string{"seed": "0", "batch": "8", "rate": "2"}) // as near
	store := mem.New()
	for _, a := range []*cache.Action{now, far, near, other} {
		if _, err := cache.PutBytes(t.Context(), store, a.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	lost := action(map[string]string{"seed": "0", "batch": "8"}).Key()
	foreign, err := cache.PutBytes(t.Context(), store, []byte("repro/action/v9\n"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		earlier []cache.Digest
		at      int
		differs []string
	}{
		"none":            {nil, -1, nil},
		"not stored":      {[]cache.Digest{lost}, -1, nil},
		"another format":  {[]cache.Digest{foreign, near.Key()}, 1, []string{"batch: 9 → 8"}},
		"fewest":          {[]cache.Digest{far.Key(), lost, near.Key()}, 2, []string{"batch: 9 → 8"}},
		"first of equals": {[]cache.Digest{other.Key(), near.Key()}, 0, []string{"rate: 2 → 1"}},
		"itself":          {[]cache.Digest{near.Key(), now.Key()}, 1, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, differences, err := cache.Nearest(t.Context(), store, now, c.earlier)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range differences {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.differs, got); at != c.at || diff != "" {
				t.Errorf("at %d, want %d; %s", at, c.at, diff)
			}
		})
	}
	if _, _, err := cache.Nearest(t.Context(), unreadable{store}, now, []cache.Digest{near.Key()}); !errors.Is(err, errUnreadable) {
		t.Errorf("a store that fails gave %v", err)
	}
}
