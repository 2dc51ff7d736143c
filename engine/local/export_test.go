package local

import (
	"context"

	"repro/engine"
)

// Slots is slots, for tests.
type Slots struct{ *slots }

// NewSlots is newSlots.
func NewSlots(capacity engine.Resources) Slots { return Slots{newSlots(capacity)} }

// Acquire is acquire.
func (s Slots) Acquire(ctx context.Context, need engine.Resources) error { return s.acquire(ctx, need) }

// Release is release.
func (s Slots) Release(need engine.Resources) { s.release(need) }
