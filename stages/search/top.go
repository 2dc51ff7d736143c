package search

import "slices"

// Top keeps the best keys of those that it is given. It takes memory for twice
// as many.
type Top struct {
	most  int
	keys  []Key // at least the best most keys so far, unless fewer were added
	floor Key   // what a key must beat to be among the best
}

// NewTop returns a Top of the best most keys, at least 1.
func NewTop(most int) *Top { return &Top{most: most} }

// Add takes a key.
func (t *Top) Add(k Key) {
	if k <= t.floor {
		return
	}
	t.keys = append(t.keys, k)
	if len(t.keys) == 2*t.most {
		t.keys = t.Best()
		t.floor = t.keys[t.most-1]
	}
}

// Best returns the best keys, best first. They are valid until the next Add.
func (t *Top) Best() []Key {
	slices.SortFunc(t.keys, Descending)
	return t.keys[:min(t.most, len(t.keys))]
}
