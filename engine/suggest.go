package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// DidYouMean returns " Did you mean …?" for the known name nearest to the given
// one, or "" if none is near.
func DidYouMean(given string, known []string) string { return question("", nearest(given, known)) }

func question(prefix, name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", prefix+name)
}

// nearest returns the known name nearest to the given one, or "".
func nearest(given string, known []string) string {
	best, bestDistance := "", 1+len(given)/3
	for _, name := range known {
		if d := levenshtein.Distance(given, name, nil); d <= bestDistance && name != given {
			best, bestDistance = name, d-1
		}
	}
	return best
}

// Hint says what may be wrong with a pattern that matches none of the known
// stages, as a sentence that begins with a space, or "" if nothing is near.
func (p Pattern) Hint(known []Addr) string {
	block := Addr(p).Block()
	var blocks []string
	var instances []Addr
	for _, a := range known {
		blocks = append(blocks, a.Block())
		if a.Block() == block {
			instances = append(instances, a)
		}
	}
	if len(instances) == 0 {
		return p.nearestBlock(blocks)
	}
	for _, axis := range p.Each {
		var axes, values []string
		for _, own := range instances[0].Each {
			axes = append(axes, own.Name)
		}
		for _, a := range instances {
			if value, ok := a.Axes()[axis.Name]; ok && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		switch {
		case len(axes) == 0:
			return fmt.Sprintf(" %s has no matrix.", block)
		case len(values) == 0:
			return fmt.Sprintf(" %s has the axes %s, not %s.%s", block, strings.Join(axes, ", "), axis.Name, DidYouMean(axis.Name, axes))
		case !slices.Contains(values, axis.Value):
			return fmt.Sprintf(" %s of %s is one of %s.", axis.Name, block, strings.Join(values, ", "))
		}
	}
	return fmt.Sprintf(" There are others of %s, such as %s.", block, instances[0])
}

// nearestBlock proposes one of blocks of the same kind or, if there is none of
// that kind, of a kind that is spelt much like it.
func (p Pattern) nearestBlock(blocks []string) string {
	var names []string
	for _, block := range blocks {
		if name, ok := strings.CutPrefix(block, p.Kind+"."); ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return DidYouMean(Addr(p).Block(), blocks)
	}
	return question(p.Kind+".", nearest(p.Name, names))
}
