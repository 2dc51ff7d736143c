package cache

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Part names a field of an Action.
type Part string

// The parts of an Action that can differ.
const (
	PartKind     Part = "kind"
	PartVersion  Part = "version"
	PartParam    Part = "parameter"
	PartInput    Part = "input"
	PartOutput   Part = "output"
	PartEnv      Part = "environment"
	PartTool     Part = "tool"
	PartHardware Part = "hardware"
)

// Difference is one thing that two actions do not have alike.
type Difference struct {
	Part     Part
	Name     string // of the parameter, variable, tool or port; "" where a part has only one value
	Item     string // of an input: its position or name in the port
	Old, New string // the two values; of an input, digests
	Had, Has bool   // whether the old and the new action have it at all
}

// String returns the difference for people, values cut to what surrounds their
// first difference. Two digests say nothing to anybody: they "changed".
func (d Difference) String() string {
	what := string(d.Part)
	switch {
	case d.Part == PartParam, d.Part == PartTool && strings.HasPrefix(d.Name, "plugin "):
		what = d.Name
	case d.Part == PartInput && isDigits(d.Item):
		what += " " + d.Name + "[" + d.Item + "]"
	case d.Part == PartInput && d.Item != "":
		what += " " + d.Name + "." + d.Item
	case d.Name != "":
		what += " " + d.Name
	}
	switch {
	case !d.Had:
		return what + " is new"
	case !d.Has:
		return what + " is gone"
	case d.Part == PartInput && d.Item == "" && strings.Contains(d.Old, " "):
		return what + ": in another order"
	case d.Part == PartInput, strings.HasPrefix(d.New, "h1:"):
		return what + " changed"
	}
	if fields := compareObjects(d.Old, d.New); len(fields) > 0 {
		return what + "." + strings.Join(fields, ", "+what+".")
	}
	before, after := abbreviate(d.Old, d.New)
	return what + ": " + before + " → " + after
}

// compareObjects says which fields of two JSON objects differ, and nothing of
// other values.
func compareObjects(old, now string) []string {
	var a, b map[string]json.RawMessage
	if json.Unmarshal([]byte(old), &a) != nil || json.Unmarshal([]byte(now), &b) != nil {
		return nil
	}
	var list []string
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, had := a[name]
		after, has := b[name]
		switch {
		case !had:
			list = append(list, name+" is new")
		case !has:
			list = append(list, name+" is gone")
		case !bytes.Equal(before, after):
			x, y := abbreviate(string(before), string(after))
			list = append(list, name+": "+x+" → "+y)
		}
	}
	return list
}

// abbreviate cuts two different texts to what surrounds their first difference.
func abbreviate(before, after string) (string, string) {
	const (
		most = 40 // characters
		lead = 10 // of them before the difference
	)
	readable := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&") // JSON for HTML pages
	a, b := []rune(readable.Replace(before)), []rune(readable.Replace(after))
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	cut := func(text []rune) string {
		start := 0
		if len(text) > most {
			start = max(0, same-lead)
		}
		shown := string(text[start:min(len(text), start+most)])
		if start > 0 {
			shown = "…" + shown
		}
		if start+most < len(text) {
			shown += "…"
		}
		return shown
	}
	return cut(a), cut(b)
}

// Compare returns what now has otherwise than old, by part and name: none if
// their keys are equal.
func Compare(old, now *Action) []Difference {
	var list []Difference
	single := func(part Part, a, b string) {
		if a != b {
			list = append(list, Difference{Part: part, Old: a, New: b, Had: a != "", Has: b != ""})
		}
	}
	table := func(part Part, a, b map[string]string) {
		names := maps.Clone(a)
		if names == nil {
			names = map[string]string{}
		}
		maps.Copy(names, b)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			before, had := a[name]
			after, has := b[name]
			if had != has || before != after {
				list = append(list, Difference{Part: part, Name: name, Old: before, New: after, Had: had, Has: has})
			}
		}
	}
	single(PartKind, old.Kind, now.Kind)
	single(PartVersion, old.Version, now.Version)
	table(PartParam, old.Params, now.Params)
	table(PartTool, old.Tools, now.Tools)
	table(PartEnv, old.Env, now.Env)
	list = append(list, compareInputs(old.Inputs, now.Inputs)...)
	table(PartOutput, outputTable(old.Outputs), outputTable(now.Outputs))
	single(PartHardware, old.Hardware, now.Hardware)
	return list
}

// Nearest compares now with the stored actions of earlier keys, and returns the
// position of the one that differs least and what differs: of several, the
// first. Passed over are those that are not there, as a run may have died before
// it stored its action, that are damaged, and that another version of repro wrote
// in a format of its own; the position is -1 if none is left.
func Nearest(ctx context.Context, blobs Blobs, now *Action, earlier []Digest) (int, []Difference, error) {
	nearest := -1
	var least []Difference
	for i, key := range earlier {
		encoded, err := ReadBlob(ctx, blobs, key)
		if errors.Is(err, ErrMiss) || errors.Is(err, ErrCorrupt) {
			continue
		}
		if err != nil {
			return -1, nil, err
		}
		was, err := ParseAction(encoded)
		if err != nil {
			continue
		}
		if list := Compare(was, now); nearest < 0 || len(list) < len(least) {
			nearest, least = i, list
		}
	}
	return nearest, least, nil
}

// compareInputs compares port by port. The elements of a list are paired by
// position, but first those are set aside that both sides have: one file more
// at the front is one difference, not many.
func compareInputs(old, now []Input) []Difference {
	ports := map[string][2][]Input{}
	for side, inputs := range [][]Input{old, now} {
		for _, in := range inputs {
			both := ports[in.Port]
			both[side] = append(both[side], in)
			ports[in.Port] = both
		}
	}
	var list []Difference
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		list = append(list, comparePort(port, ports[port][0], ports[port][1])...)
	}
	return list
}

func comparePort(port string, old, now []Input) []Difference {
	before, after := without(old, now), without(now, old)
	byName := map[string]Input{}
	for _, in := range before {
		byName[in.Name] = in
	}
	var list []Difference
	for _, in := range after {
		d := Difference{Part: PartInput, Name: port, Item: in.Name, New: in.Artifact.Digest.String(), Has: true}
		if was, ok := byName[in.Name]; ok {
			delete(byName, in.Name)
			d.Old, d.Had = was.Artifact.Digest.String(), true
		}
		list = append(list, d)
	}
	for _, in := range before {
		if was, ok := byName[in.Name]; ok {
			list = append(list, Difference{Part: PartInput, Name: port, Item: in.Name, Old: was.Artifact.Digest.String(), Had: true})
		}
	}
	if a, b := order(old), order(now); len(list) == 0 && a != b {
		list = append(list, Difference{Part: PartInput, Name: port, Old: a, New: b, Had: true, Has: true})
	}
	return list
}

// without returns those of list that other does not have, each counted once.
// In a list port the position is no part of what an element is.
func without(list, other []Input) []Input {
	type content struct {
		name string
		Artifact
	}
	of := func(in Input) content {
		if isDigits(in.Name) {
			return content{"", in.Artifact}
		}
		return content{in.Name, in.Artifact}
	}
	have := map[content]int{}
	for _, in := range other {
		have[of(in)]++
	}
	var rest []Input
	for _, in := range list {
		if have[of(in)] > 0 {
			have[of(in)]--
			continue
		}
		rest = append(rest, in)
	}
	return rest
}

// order shows the order of a port's elements.
func order(list []Input) string {
	list = slices.SortedStableFunc(slices.Values(list), func(a, b Input) int { return compareNames(a.Name, b.Name) })
	var b strings.Builder
	for i, in := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(in.Artifact.Digest.Short())
	}
	return b.String()
}

func outputTable(outputs []Output) map[string]string {
	table := make(map[string]string, len(outputs))
	for _, out := range outputs {
		table[out.Port] = map[bool]string{false: "file", true: "folder"}[out.Tree]
	}
	return table
}
