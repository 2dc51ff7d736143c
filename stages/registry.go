package stages

import (
	"fmt"
	"slices"
)

// Registry is the list of kinds that a workflow may use.
type Registry struct {
	byKind map[string]Stage
}

// NewRegistry returns a registry of the given stages. Two stages of one kind
// are a mistake of the program, and so it panics.
func NewRegistry(list ...Stage) *Registry {
	r := &Registry{byKind: make(map[string]Stage, len(list))}
	for _, s := range list {
		kind := s.Spec().Kind
		if _, dup := r.byKind[kind]; dup {
			panic(fmt.Sprintf("stages: two stages of kind %q", kind))
		}
		r.byKind[kind] = s
	}
	return r
}

// Lookup returns the stage of this kind.
func (r *Registry) Lookup(kind string) (Stage, bool) {
	s, ok := r.byKind[kind]
	return s, ok
}

// Kinds returns all kinds, sorted.
func (r *Registry) Kinds() []string {
	kinds := make([]string, 0, len(r.byKind))
	for kind := range r.byKind {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}
