// Package local is the executor for this machine.
//
// In come tasks, as many at once as there are; each waits until the slots that
// it needs (CPUs, memory, GPUs) are free and is then done by a worker in this
// process.
package local

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"repro/cache"
	"repro/engine"
	"repro/engine/worker"
)

// Executor runs tasks on this machine. It implements engine.Executor.
type Executor struct {
	worker *worker.Worker
	slots  *slots
}

var (
	_ engine.Executor = (*Executor)(nil)
	_ engine.Fitter   = (*Executor)(nil)
)

// New returns an executor that occupies at most capacity at any time.
func New(w *worker.Worker, capacity Capacity) *Executor {
	return &Executor{worker: w, slots: newSlots(capacity)}
}

// Fits implements engine.Fitter.
func (e *Executor) Fits(r engine.Resources) error {
	have := e.slots.capacity
	switch {
	case r.GPUs > len(have.GPUs):
		return fmt.Errorf("needs %d GPU(s), this machine offers %d (what is missing is told by: repro doctor)", r.GPUs, len(have.GPUs))
	case r.Memory > have.Memory:
		return fmt.Errorf("needs %s of memory, this machine offers %s", humanize.IBytes(uint64(r.Memory)), humanize.IBytes(uint64(have.Memory)))
	}
	return nil
}

// Execute implements engine.Executor.
func (e *Executor) Execute(ctx context.Context, t *engine.Task, notify func(engine.Event)) (*cache.Result, error) {
	if err := e.Fits(t.Resources); err != nil {
		return nil, &engine.StageError{Addr: t.Addr, Err: err}
	}
	need := t.Resources
	// More CPUs than there are only make the task slower, so it gets them all.
	need.CPUs = min(max(need.CPUs, 1), e.slots.capacity.CPUs)
	gpus, err := e.slots.acquire(ctx, need)
	if err != nil {
		return nil, err
	}
	defer e.slots.release(need, gpus)
	notify(engine.Event{Kind: engine.Started, Addr: t.Addr, Time: time.Now()})
	if t.Resources.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Resources.Timeout, fmt.Errorf("timed out after %s", t.Resources.Timeout))
		defer cancel()
	}
	return e.worker.Run(ctx, t, worker.Share{Threads: need.CPUs, GPUs: gpus}, notify)
}
