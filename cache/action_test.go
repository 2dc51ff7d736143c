package cache_test

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/internal/testkit"
)

// sampleAction has something in every field, in no particular order.
func sampleAction() *cache.Action {
	pairs := func(i int) cache.Artifact { return cache.Artifact{Digest: cache.Of(fmt.Append(nil, "pairs", i))} }
	return &cache.Action{
		Kind:    "sample",
		Version: "3",
		Params:  map[string]string{"seed": "7", "batch_size": "100", "größe": `"ä\n"`},
		Inputs: []cache.Input{
			{Port: "pairs", Name: "10", Artifact: pairs(10)},
			{Port: "pairs", Name: "9", Artifact: pairs(9)},
			{Port: "corpus", Artifact: cache.Artifact{Digest: cache.Of([]byte("tree")), Tree: true}},
			{Port: "byname", Name: "b", Artifact: pairs(1)},
			{Port: "byname", Name: "a", Artifact: pairs(2)},
		},
		Outputs:  []cache.Output{{Port: "model", Tree: true}, {Port: "batches"}},
		Env:      map[string]string{"LANG": "C", "EMPTY": ""},
		Tools:    map[string]string{"apertium": "3.8.3"},
		Hardware: "cuda-9.0",
	}
}

// The golden file is what every cache in the world holds keys of. If this test
// fails, read the head of action.go before writing it anew.
func TestActionBytesStayTheSame(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, a := range []*cache.Action{sampleAction(), {}} {
		fmt.Fprintf(&got, "%s%s\n", hex.Dump(a.Encode()), a.Key())
	}
	testkit.Golden(t, "action.golden", got.String())
}

func TestActionKeyIgnoresOrder(t *testing.T) {
	t.Parallel()
	want := sampleAction().Key()
	a := sampleAction()
	slices.Reverse(a.Inputs)
	slices.Reverse(a.Outputs)
	if got := a.Key(); got != want {
		t.Errorf("key %s with inputs and outputs reversed, %s before", got, want)
	}
	if before := a.Inputs[0].Name; before != "a" {
		t.Errorf("Key reordered the action's inputs: %q is first", before)
	}
}

// Every field of an action has to be in its key: this finds each one by
// reflection, changes it, and expects another key.
func TestEveryFieldOfAnActionIsInItsKey(t *testing.T) {
	t.Parallel()
	mutants := map[cache.Digest]string{sampleAction().Key(): "nothing changed"}
	fields := 0
	for path, change := range mutations(reflect.TypeFor[cache.Action]()) {
		fields++
		a := sampleAction()
		change(reflect.ValueOf(a).Elem())
		key := a.Key()
		if other, ok := mutants[key]; ok {
			t.Errorf("%s: the key is the same as with %s", path, other)
		}
		mutants[key] = path
		parsed, err := cache.ParseAction(a.Encode())
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if parsed.Key() != key {
			t.Errorf("%s: another key after parsing", path)
		}
	}
	if fields < 15 {
		t.Errorf("only %d fields found", fields)
	}
}

// mutations returns, for every field that can be reached from a struct type, a
// function that changes it in a value whose slices and maps are not empty.
func mutations(typ reflect.Type) map[string]func(reflect.Value) {
	all := map[string]func(reflect.Value){}
	add := func(path string, change func(reflect.Value)) { all[typ.Name()+path] = change }
	switch typ.Kind() {
	case reflect.String:
		add("", func(v reflect.Value) { v.SetString(v.String() + "x") })
	case reflect.Bool:
		add("", func(v reflect.Value) { v.SetBool(!v.Bool()) })
	case reflect.Int64:
		add("", func(v reflect.Value) { v.SetInt(v.Int() + 1) })
	case reflect.Uint8:
		add("", func(v reflect.Value) { v.SetUint(v.Uint() ^ 1) })
	case reflect.Struct:
		for i := range typ.NumField() {
			for path, change := range mutations(typ.Field(i).Type) {
				add("."+typ.Field(i).Name+path, func(v reflect.Value) { change(v.Field(i)) })
			}
		}
	case reflect.Array, reflect.Slice:
		for path, change := range mutations(typ.Elem()) {
			add("[0]"+path, func(v reflect.Value) { change(v.Index(0)) })
			add("[last]"+path, func(v reflect.Value) { change(v.Index(v.Len() - 1)) })
		}
		if typ.Kind() == reflect.Slice {
			add("[cut]", func(v reflect.Value) { v.SetLen(v.Len() - 1) })
		}
	case reflect.Map: // of strings
		first := func(v reflect.Value) reflect.Value {
			keys := v.MapKeys()
			return slices.MinFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		}
		add("[value]", func(v reflect.Value) {
			key := first(v)
			v.SetMapIndex(key, reflect.ValueOf(v.MapIndex(key).String()+"x"))
		})
		add("[key]", func(v reflect.Value) {
			key := first(v)
			value := v.MapIndex(key)
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(reflect.ValueOf(key.String()+"x"), value)
		})
		add("[gone]", func(v reflect.Value) { v.SetMapIndex(first(v), reflect.Value{}) })
		add("[more]", func(v reflect.Value) { v.SetMapIndex(reflect.ValueOf("more"), reflect.ValueOf("")) })
	default:
		panic("an action has a field of kind " + typ.Kind().String() + ": teach this test to change it")
	}
	return all
}

// Moving text from one field to its neighbour must not give the same bytes.
func TestActionFieldsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	d := cache.Artifact{Digest: cache.Of(nil)}
	actions := []*cache.Action{
		{Kind: "ab", Version: "c"},
		{Kind: "a", Version: "bc"},
		{Params: map[string]string{"a": "bc"}},
		{Params: map[string]string{"ab": "c"}},
		{Params: map[string]string{"a": "", "b": "c"}},
		{Env: map[string]string{"a": "bc"}},
		{Tools: map[string]string{"a": "bc"}},
		{Inputs: []cache.Input{{Port: "ab", Name: "c", Artifact: d}}},
		{Inputs: []cache.Input{{Port: "a", Name: "bc", Artifact: d}}},
		{Inputs: []cache.Input{{Port: "a", Name: "b", Artifact: d}, {Port: "a", Name: "c", Artifact: d}}},
		{Outputs: []cache.Output{{Port: "a"}, {Port: "b"}}},
		{Outputs: []cache.Output{{Port: "ab"}}},
		{Hardware: "a"},
		{},
	}
	seen := map[string]int{}
	for i, a := range actions {
		if j, ok := seen[string(a.Encode())]; ok {
			t.Errorf("actions %d and %d have the same bytes", i, j)
		}
		seen[string(a.Encode())] = i
	}
}

func TestActionComesBackFromItsBytes(t *testing.T) {
	t.Parallel()
	got, err := cache.ParseAction(sampleAction().Encode())
	if err != nil {
		t.Fatal(err)
	}
	want := sampleAction()
	// In the order of the encoding: list positions are numbers.
	want.Inputs = []cache.Input{want.Inputs[4], want.Inputs[3], want.Inputs[2], want.Inputs[1], want.Inputs[0]}
	slices.Reverse(want.Outputs)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDamagedActionIsRefused(t *testing.T) {
	t.Parallel()
	whole := sampleAction().Encode()
	// Where a field ends, what is before it is an action of its own.
	for n := range whole {
		if a, err := cache.ParseAction(whole[:n]); err == nil && string(a.Encode()) != string(whole[:n]) {
			t.Errorf("the first %d of %d bytes were read as something else", n, len(whole))
		}
	}
	negative := sampleAction()
	negative.Inputs[0].Artifact.Digest.Size = -1
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"other domain":    []byte("repro/action/v0\n"),
		"unknown field":   append(slices.Clone(whole), 99, 0, 0),
		"fields swapped":  []byte("repro/action/v1\n\x02\x00\x011\x01\x00\x01a"),
		"length too long": append(slices.Clone(whole), 8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
		"negative size":   negative.Encode(),
	} {
		if a, err := cache.ParseAction(b); err == nil {
			t.Errorf("%s: read as %+v", name, a)
		}
	}
}

func FuzzParseAction(f *testing.F) {
	f.Add(sampleAction().Encode())
	f.Add((&cache.Action{}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := cache.ParseAction(b)
		if err != nil {
			return
		}
		if string(a.Encode()) != string(b) {
			t.Errorf("%q is read as an action with other bytes", b)
		}
		for _, in := range a.Inputs {
			if in.Artifact.Digest.Size < 0 {
				t.Errorf("input %s has a negative size", in.Port)
			}
		}
	})
}
