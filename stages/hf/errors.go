package hf

import (
	"fmt"
	"strings"

	"repro/stages"
)

// WeightsError says which tensors that a model needs are not in a folder, or not
// in the shape that it needs. It wraps stages.ErrInput.
type WeightsError struct {
	Dir        string
	Missing    []string // names, in the order of Weights
	Mismatched []string // "name: shape [768], want [1024]", in the order of Weights
}

// maxListed is how many tensors of a kind an error's message lists.
const maxListed = 10

// Error lists the tensors, up to ten of a kind.
func (e *WeightsError) Error() string {
	var parts []string
	if n := len(e.Missing); n > 0 {
		parts = append(parts, fmt.Sprintf("%d missing tensor%s: %s", n, plural(n), listed(e.Missing, ", ")))
	}
	if n := len(e.Mismatched); n > 0 {
		parts = append(parts, fmt.Sprintf("%d tensor%s of another shape: %s", n, plural(n), listed(e.Mismatched, "; ")))
	}
	return fmt.Sprintf("%s: %s: the weights do not fit the model: %s", stages.ErrInput, e.Dir, strings.Join(parts, "; "))
}

// Unwrap returns stages.ErrInput.
func (e *WeightsError) Unwrap() error { return stages.ErrInput }

// listed joins the first of names and counts the rest.
func listed(names []string, separator string) string {
	if len(names) <= maxListed {
		return strings.Join(names, separator)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], separator), len(names)-maxListed)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
