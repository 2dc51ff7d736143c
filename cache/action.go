package cache

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Everything in this file is part of the cache key. A change of the bytes that
// Encode returns makes every stage of every user run again: it needs a new
// domain, an entry under "Cache keys" in CHANGELOG.md and a new golden test.

// actionDomain separates action keys from every other use of SHA-256.
const actionDomain = "repro/action/v1\n"

// Action is everything that may change what a stage produces, and nothing
// else: no stage name, commit, host, absolute path, attempt, memory, time-out
// or retry. Its parts are kept apart, so that two actions can be compared and
// the part that differs be named.
type Action struct {
	Kind     string            // kind of the stage, "sample"
	Version  string            // version of the stage's code
	Params   map[string]string // parameters that the stage reads, as canonical JSON
	Inputs   []Input           // what each input port is given
	Outputs  []Output          // what the stage has to produce
	Env      map[string]string // allow-listed environment variables
	Tools    map[string]string // programs outside this module, by name: version or digest
	Hardware string            // class of hardware, if the stage declares that it matters
}

// Input is one artifact at an input port.
type Input struct {
	Port     string
	Name     string // position in a list port ("0", "1", …), name in a map port, else empty
	Artifact Artifact
}

// Output is one declared output port.
type Output struct {
	Port string
	Tree bool
}

// Tags of the encoded fields. They are never reused; a field that is empty is
// not encoded, so that a later field leaves the keys of today's actions alone.
const (
	tagKind byte = iota + 1
	tagVersion
	tagParam
	tagInput
	tagOutput
	tagEnv
	tagTool
	tagHardware
)

// Encode returns the action's canonical bytes: the domain, then fields in the
// order of their tags and names, each a tag, a length-prefixed name and a
// length-prefixed value. Equal actions have equal bytes whatever the order of
// their maps and slices.
func (a *Action) Encode() []byte {
	var b bytes.Buffer
	b.WriteString(actionDomain)
	field := func(tag byte, name, value string) {
		b.WriteByte(tag)
		writeString(&b, name)
		writeString(&b, value)
	}
	field(tagKind, "", a.Kind)
	field(tagVersion, "", a.Version)
	table := func(tag byte, m map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			field(tag, name, m[name])
		}
	}
	table(tagParam, a.Params)
	inputs := slices.Clone(a.Inputs)
	slices.SortStableFunc(inputs, func(x, y Input) int {
		return cmp.Or(cmp.Compare(x.Port, y.Port), compareNames(x.Name, y.Name))
	})
	for _, in := range inputs {
		var value bytes.Buffer
		writeString(&value, in.Name)
		value.WriteByte(boolByte(in.Artifact.Tree))
		value.Write(in.Artifact.Digest.Hash[:])
		value.Write(binary.AppendUvarint(nil, uint64(in.Artifact.Digest.Size)))
		field(tagInput, in.Port, value.String())
	}
	outputs := slices.Clone(a.Outputs)
	slices.SortFunc(outputs, func(x, y Output) int { return cmp.Compare(x.Port, y.Port) })
	for _, out := range outputs {
		field(tagOutput, out.Port, string([]byte{boolByte(out.Tree)}))
	}
	table(tagEnv, a.Env)
	table(tagTool, a.Tools)
	if a.Hardware != "" {
		field(tagHardware, "", a.Hardware)
	}
	return b.Bytes()
}

// Key returns the digest of the action's canonical bytes: the content key.
func (a *Action) Key() Digest { return Of(a.Encode()) }

// ParseAction reads what Encode wrote.
func ParseAction(b []byte) (*Action, error) {
	rest, ok := bytes.CutPrefix(b, []byte(actionDomain))
	if !ok {
		return nil, errors.New("action: unknown format")
	}
	a := &Action{}
	put := func(m *map[string]string, name, value string) {
		if *m == nil {
			*m = map[string]string{}
		}
		(*m)[name] = value
	}
	for len(rest) > 0 {
		tag := rest[0]
		name, after, err := readString(rest[1:])
		if err != nil {
			return nil, err
		}
		value, after, err := readString(after)
		if err != nil {
			return nil, err
		}
		rest = after
		switch tag {
		case tagKind:
			a.Kind = value
		case tagVersion:
			a.Version = value
		case tagParam:
			put(&a.Params, name, value)
		case tagInput:
			in, err := parseInput(name, value)
			if err != nil {
				return nil, err
			}
			a.Inputs = append(a.Inputs, in)
		case tagOutput:
			a.Outputs = append(a.Outputs, Output{Port: name, Tree: value == "\x01"})
		case tagEnv:
			put(&a.Env, name, value)
		case tagTool:
			put(&a.Tools, name, value)
		case tagHardware:
			a.Hardware = value
		default:
			return nil, fmt.Errorf("action: unknown field %d", tag)
		}
	}
	if !bytes.Equal(a.Encode(), b) {
		return nil, errors.New("action: not in canonical form")
	}
	return a, nil
}

func parseInput(port, value string) (Input, error) {
	name, rest, err := readString([]byte(value))
	if err != nil {
		return Input{}, err
	}
	in := Input{Port: port, Name: name}
	const hashLen = len(in.Artifact.Digest.Hash)
	if len(rest) < 1+hashLen {
		return Input{}, errors.New("action: input is cut short")
	}
	in.Artifact.Tree = rest[0] == 1
	copy(in.Artifact.Digest.Hash[:], rest[1:])
	size, n := binary.Uvarint(rest[1+hashLen:])
	if n <= 0 || size > math.MaxInt64 {
		return Input{}, errors.New("action: input has no size")
	}
	in.Artifact.Digest.Size = int64(size)
	return in, nil
}

// compareNames orders list positions as numbers, before all other names, and
// those as text: shorter digits first is numeric order without leading zeros.
func compareNames(a, b string) int {
	switch digitsA, digitsB := isDigits(a), isDigits(b); {
	case digitsA && digitsB:
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case digitsA != digitsB:
		return cmp.Compare(boolByte(digitsB), boolByte(digitsA))
	default:
		return cmp.Compare(a, b)
	}
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func writeString(b *bytes.Buffer, s string) {
	b.Write(binary.AppendUvarint(nil, uint64(len(s))))
	b.WriteString(s)
}

func readString(b []byte) (string, []byte, error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, errors.New("action: cut short")
	}
	end := used + int(n)
	return string(b[used:end]), b[end:], nil
}
