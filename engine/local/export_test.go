package local

import (
	"context"

	"repro/engine"
)

// Slots is slots, for tests.
type Slots struct{ *slots }

// NewSlots is newSlots.
func NewSlots(capacity Capacity) Slots { return Slots{newSlots(capacity)} }

// Acquire is acquire.
func (s Slots) Acquire(ctx context.Context, need engine.Resources) ([]string, error) {
	return s.acquire(ctx, need)
}

// Release is release.
func (s Slots) Release(need engine.Resources, gpus ...string) { s.release(need, gpus) }

// ReleaseAfter is release right after the call of first, with nobody between.
func (s Slots) ReleaseAfter(first func(), need engine.Resources, gpus ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first()
	s.give(need, gpus)
	s.grant()
}

// Listed is listed.
func Listed(list string) []string { return listed(list) }
