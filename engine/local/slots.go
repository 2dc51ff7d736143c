package local

import (
	"context"
	"slices"
	"sync"

	"repro/engine"
)

// slots hands out the machine's resources in the order in which they were
// asked for. Who waits for memory or a GPU lets others pass; who waits for CPUs
// does not, or a stream of small tasks would keep a big one out for ever.
type slots struct {
	capacity engine.Resources

	mu      sync.Mutex
	free    engine.Resources
	waiting []*waiter
}

type waiter struct {
	need    engine.Resources
	granted chan struct{}
}

func newSlots(capacity engine.Resources) *slots {
	return &slots{capacity: capacity, free: capacity}
}

// acquire waits until need is free and takes it.
func (s *slots) acquire(ctx context.Context, need engine.Resources) error {
	s.mu.Lock()
	if len(s.waiting) == 0 && s.fits(need) {
		s.take(need, 1)
		s.mu.Unlock()
		return nil
	}
	w := &waiter{need: need, granted: make(chan struct{})}
	s.waiting = append(s.waiting, w)
	s.grant()
	s.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.waiting, w); i >= 0 {
			s.waiting = slices.Delete(s.waiting, i, i+1)
		} else { // granted in the meantime
			s.take(need, -1)
		}
		s.grant()
		return context.Cause(ctx)
	}
}

func (s *slots) release(need engine.Resources) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(need, -1)
	s.grant()
}

// grant lets everybody go who fits, first come first served.
func (s *slots) grant() {
	for i := 0; i < len(s.waiting) && s.free.CPUs > 0; {
		if w := s.waiting[i]; s.fits(w.need) {
			s.take(w.need, 1)
			s.waiting = slices.Delete(s.waiting, i, i+1)
			close(w.granted)
		} else if w.need.CPUs > s.free.CPUs {
			return
		} else {
			i++
		}
	}
}

func (s *slots) fits(need engine.Resources) bool {
	return need.CPUs <= s.free.CPUs && need.Memory <= s.free.Memory && need.GPUs <= s.free.GPUs
}

func (s *slots) take(need engine.Resources, sign int) {
	s.free.CPUs -= sign * need.CPUs
	s.free.Memory -= int64(sign) * need.Memory
	s.free.GPUs -= sign * need.GPUs
}
