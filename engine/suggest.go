package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// DidYouMean returns " Did you mean …?" for the known name nearest to the given
// one, or "" if none is near.
func DidYouMean(given string, known []string) string {
	best, bestDistance := "", 1+len(given)/3
	for _, name := range known {
		if d := levenshtein.Distance(given, name, nil); d <= bestDistance && name != given {
			best, bestDistance = name, d-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
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
		return DidYouMean(block, blocks)
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
