package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Addr names one instance of a stage in a workflow, for people; it is never
// part of a key.
type Addr struct {
	Kind string // "train"
	Name string // "encoder"
	Each []Axis // one for each axis of the matrix, in its order; none without a matrix
}

// Axis is one coordinate of an instance of a matrix.
type Axis struct {
	Name  string // "seed"
	Value string // "0"
}

// Block returns the address of the stage block: "train.encoder".
func (a Addr) Block() string { return a.Kind + "." + a.Name }

// String returns the address as people write it:
// "train.encoder[sampler=hybrid,seed=0]".
func (a Addr) String() string {
	if len(a.Each) == 0 {
		return a.Block()
	}
	var b strings.Builder
	b.WriteString(a.Block())
	for i, axis := range a.Each {
		b.WriteByte("[,"[min(i, 1)])
		b.WriteString(axis.Name)
		b.WriteByte('=')
		b.WriteString(quoteAxis(axis.Value))
	}
	b.WriteByte(']')
	return b.String()
}

// Axes returns the coordinates by name.
func (a Addr) Axes() map[string]string {
	axes := make(map[string]string, len(a.Each))
	for _, axis := range a.Each {
		axes[axis.Name] = axis.Value
	}
	return axes
}

func quoteAxis(v string) string {
	if v == "" || strings.ContainsAny(v, "\"[],= \t\n") {
		return strconv.Quote(v)
	}
	return v
}

// Pattern selects stages by address: a block, or those of its instances that
// have the given coordinates.
type Pattern Addr

// ParsePattern reads "train.encoder", "stage.train.encoder" or
// "train.encoder[seed=0]"; axes that are left out match every value.
func ParsePattern(s string) (Pattern, error) {
	rest := strings.TrimPrefix(s, "stage.")
	block, axes, hasAxes := strings.Cut(rest, "[")
	kind, name, ok := strings.Cut(block, ".")
	if !ok || kind == "" || name == "" {
		return Pattern{}, fmt.Errorf("stage %q: want KIND.NAME or KIND.NAME[AXIS=VALUE,…]", s)
	}
	p := Pattern{Kind: kind, Name: name}
	if !hasAxes {
		return p, nil
	}
	axes, ok = strings.CutSuffix(axes, "]")
	if !ok {
		return Pattern{}, fmt.Errorf("stage %q: the bracket is not closed", s)
	}
	for axes != "" {
		axis, after, err := parseAxis(axes)
		if err != nil {
			return Pattern{}, fmt.Errorf("stage %q: %w", s, err)
		}
		p.Each = append(p.Each, axis)
		axes = after
	}
	return p, nil
}

func parseAxis(s string) (Axis, string, error) {
	name, rest, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return Axis{}, "", errors.New("want AXIS=VALUE within the brackets")
	}
	axis := Axis{Name: strings.TrimSpace(name)}
	if quoted, err := strconv.QuotedPrefix(rest); err == nil {
		axis.Value, _ = strconv.Unquote(quoted)
		rest = strings.TrimPrefix(rest[len(quoted):], ",")
		return axis, rest, nil
	}
	value, rest, _ := strings.Cut(rest, ",")
	axis.Value = strings.TrimSpace(value)
	return axis, rest, nil
}

// Match reports whether the pattern selects a.
func (p Pattern) Match(a Addr) bool {
	if p.Kind != a.Kind || p.Name != a.Name {
		return false
	}
	have := a.Axes()
	for _, axis := range p.Each {
		if value, ok := have[axis.Name]; !ok || value != axis.Value {
			return false
		}
	}
	return true
}

// String returns the pattern as ParsePattern reads it.
func (p Pattern) String() string { return Addr(p).String() }
