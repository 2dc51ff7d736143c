package local

import (
	"context"
	"slices"
	"sync"

	"repro/engine"
)

// slots hands out the machine's resources in the order in which they were
// asked for. Who waits for memory or GPUs lets others pass; who waits for CPUs
// alone does not, nor who waits for GPUs those that want some too, or a stream
// of small tasks would keep a big one out for ever.
type slots struct {
	capacity Capacity

	mu      sync.Mutex
	free    engine.Resources
	holders map[string]bool // of GPUs, by device
	waiting []*waiter
}

type waiter struct {
	need    engine.Resources
	gpus    []string // what it got; valid once granted is closed
	granted chan struct{}
}

func newSlots(capacity Capacity) *slots {
	return &slots{
		capacity: capacity,
		free:     engine.Resources{CPUs: capacity.CPUs, Memory: capacity.Memory, GPUs: len(capacity.GPUs)},
		holders:  map[string]bool{},
	}
}

// acquire waits until need is free and takes it. It returns the GPUs that are
// now the caller's: the first free ones, which release takes back.
func (s *slots) acquire(ctx context.Context, need engine.Resources) ([]string, error) {
	w := &waiter{need: need, granted: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	s.grant()
	atOnce := !slices.Contains(s.waiting, w)
	s.mu.Unlock()
	if atOnce {
		return w.gpus, nil
	}
	select {
	case <-w.granted:
		return w.gpus, nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.waiting, w); i >= 0 {
			s.waiting = slices.Delete(s.waiting, i, i+1)
		} else { // granted in the meantime
			s.give(need, w.gpus)
		}
		s.grant()
		return nil, context.Cause(ctx)
	}
}

// release gives back what acquire took.
func (s *slots) release(need engine.Resources, gpus []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.give(need, gpus)
	s.grant()
}

// grant lets everybody go who fits, first come first served.
func (s *slots) grant() {
	gpusAwaited := false
	for i := 0; i < len(s.waiting) && s.free.CPUs > 0; {
		w := s.waiting[i]
		gpus := w.need.GPUs == 0 || w.need.GPUs <= s.free.GPUs && !gpusAwaited
		switch cpus := w.need.CPUs <= s.free.CPUs; {
		case !gpus || w.need.Memory > s.free.Memory:
			gpusAwaited = gpusAwaited || !gpus
			i++
		case !cpus:
			return
		default:
			w.gpus = s.take(w.need)
			s.waiting = slices.Delete(s.waiting, i, i+1)
			close(w.granted)
		}
	}
}

// take occupies what fits and returns its GPUs.
func (s *slots) take(need engine.Resources) []string {
	s.free.CPUs -= need.CPUs
	s.free.Memory -= need.Memory
	s.free.GPUs -= need.GPUs
	var gpus []string
	for _, device := range s.capacity.GPUs {
		if len(gpus) < need.GPUs && !s.holders[device] {
			s.holders[device] = true
			gpus = append(gpus, device)
		}
	}
	return gpus
}

// give is the contrary of take.
func (s *slots) give(need engine.Resources, gpus []string) {
	s.free.CPUs += need.CPUs
	s.free.Memory += need.Memory
	s.free.GPUs += need.GPUs
	for _, device := range gpus {
		delete(s.holders, device)
	}
}
