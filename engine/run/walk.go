package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"repro/cache"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/plan"
)

// walk is a run under way. Everything but the executing of tasks happens on
// one goroutine, which owns all of its state.
type walk struct {
	plan    *plan.Plan
	options Options
	nodes   []node
	// byKey holds, for each action under way, the nodes that wait for the same
	// action: it is carried out once.
	byKey     map[cache.Digest][]int
	sources   *sources
	finished  chan outcome
	executing int
	stopping  bool // start nothing more
	failures  []string
	notifyMu  sync.Mutex
}

// node is the state of one stage of the plan.
type node struct {
	state   runs.State
	waiting int   // how many of the nodes it needs are not done
	users   []int // nodes that need it
	key     cache.Digest
	result  *cache.Result
	reason  string
	started time.Time
	took    time.Duration
	log     cache.Digest
	err     error
}

// interrupted is why a stage was skipped that nothing was wrong with.
const interrupted = "the run was interrupted"

// outcome is what executing a node gave.
type outcome struct {
	node   int
	result *cache.Result
	err    error
}

func newWalk(p *plan.Plan, o Options) *walk {
	w := &walk{
		plan: p, options: o,
		nodes:    make([]node, len(p.Nodes)),
		byKey:    map[cache.Digest][]int{},
		sources:  newSources(o.Store),
		finished: make(chan outcome),
	}
	for i, n := range p.Nodes {
		w.nodes[i].state = runs.Pending
		w.nodes[i].reason = n.Reason.String()
		w.nodes[i].waiting = len(n.Needs)
		for _, need := range n.Needs {
			w.nodes[need].users = append(w.nodes[need].users, i)
		}
	}
	return w
}

// walk runs until every node is done, failed or skipped.
func (w *walk) walk(ctx context.Context) error {
	for i, n := range w.plan.Nodes {
		if len(n.Needs) == 0 {
			w.ready(ctx, i)
		}
	}
	for w.executing > 0 {
		done := <-w.finished
		w.executing--
		w.settle(ctx, done)
	}
	switch {
	case ctx.Err() != nil:
		w.skipRest(interrupted)
		return context.Cause(ctx)
	case len(w.failures) > 0:
		w.skipRest("the run stopped at a failure")
		return fmt.Errorf("%w: %s", ErrFailed, strings.Join(w.failures, ", "))
	}
	return nil
}

// ready is called once all that node i needs is done.
func (w *walk) ready(ctx context.Context, i int) {
	n, s := w.plan.Nodes[i], &w.nodes[i]
	if n.Status == plan.Hit {
		s.key = n.Key
		w.done(ctx, i, n.Result, runs.Hit)
		return
	}
	if w.stopping || ctx.Err() != nil {
		return
	}
	task := n.Task
	if task == nil {
		task = w.plan.Resolve(i, func(node int) *cache.Result { return w.nodes[node].result })
	}
	s.key = task.Action.Key()
	if same, underway := w.byKey[s.key]; underway {
		w.byKey[s.key] = append(same, i)
		return
	}
	if n.Status == plan.Unknown {
		result, err := w.lookup(ctx, s.key)
		if err != nil {
			w.fail(ctx, i, err)
			return
		}
		if result != nil {
			w.done(ctx, i, result, runs.Hit)
			return
		}
		s.reason = "new inputs from " + strings.TrimPrefix(s.reason, string(plan.Upstream)+": ")
	}
	w.byKey[s.key] = []int{i}
	w.executing++
	go func() {
		result, err := w.execute(ctx, i, task)
		w.finished <- outcome{node: i, result: result, err: err}
	}()
}

// lookup returns the result of an action if it is there with all its files.
func (w *walk) lookup(ctx context.Context, key cache.Digest) (*cache.Result, error) {
	result, err := w.options.Store.Lookup(ctx, key)
	if errors.Is(err, cache.ErrMiss) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	complete, err := cache.Complete(ctx, w.options.Store, result)
	if err != nil || !complete {
		return nil, err
	}
	return result, nil
}

// execute brings the node's own files into the store and carries out its task.
// It runs on a goroutine of its own and touches no state of the walk.
func (w *walk) execute(ctx context.Context, i int, task *engine.Task) (*cache.Result, error) {
	for _, source := range w.plan.Nodes[i].Sources() {
		if err := w.sources.ingest(ctx, source); err != nil {
			return nil, err
		}
	}
	reason := w.nodes[i].reason
	return w.options.Executor.Execute(ctx, task, func(event engine.Event) {
		if event.Kind == engine.Started {
			event.Reason = reason
		}
		w.notify(event)
	})
}

// settle notes what became of an execution and lets those go on who waited for it.
func (w *walk) settle(ctx context.Context, o outcome) {
	s := &w.nodes[o.node]
	same := w.byKey[s.key]
	delete(w.byKey, s.key)
	if o.err != nil {
		for _, i := range same {
			w.fail(ctx, i, o.err)
		}
		return
	}
	s.took = o.result.Took
	s.started = o.result.Recorded.Add(-o.result.Took)
	w.done(ctx, o.node, o.result, runs.Ran)
	for _, i := range same[1:] {
		w.done(ctx, i, o.result, runs.Hit)
	}
}

func (w *walk) done(ctx context.Context, i int, result *cache.Result, state runs.State) {
	s := &w.nodes[i]
	s.result, s.state = result, state
	event := engine.Event{Kind: engine.Finished, Addr: w.addr(i), Time: time.Now(), Took: s.took}
	if state == runs.Hit {
		event.Kind = engine.Hit
		if w.plan.Nodes[i].Status != plan.Hit {
			event.Reason, s.reason = engine.HitAfterAll, engine.HitAfterAll
		}
	}
	w.notify(event)
	for _, user := range s.users {
		w.nodes[user].waiting--
		if w.nodes[user].waiting == 0 {
			w.ready(ctx, user)
		}
	}
}

func (w *walk) fail(ctx context.Context, i int, err error) {
	s := &w.nodes[i]
	s.err = err
	var stage *engine.StageError
	if errors.As(err, &stage) {
		s.log = stage.Log
	}
	if ctx.Err() != nil {
		// Stopped, not broken: the next run does it.
		w.skip(i, engine.Stopped)
		return
	}
	s.state = runs.Failed
	w.failures = append(w.failures, w.addr(i).String())
	w.stopping = w.stopping || w.options.FailFast
	w.notify(engine.Event{Kind: engine.Failed, Addr: w.addr(i), Time: time.Now(), Err: err})
	w.skipUsers(i, "needs "+w.addr(i).String()+", which failed")
}

// skipUsers marks all that can no longer be made.
func (w *walk) skipUsers(i int, why string) {
	for _, user := range w.nodes[i].users {
		if w.nodes[user].state == runs.Pending {
			w.skip(user, why)
			w.skipUsers(user, why)
		}
	}
}

func (w *walk) skipRest(why string) {
	for i := range w.nodes {
		if w.nodes[i].state == runs.Pending {
			w.skip(i, why)
		}
	}
}

func (w *walk) skip(i int, why string) {
	w.nodes[i].state, w.nodes[i].reason = runs.Skipped, why
	w.notify(engine.Event{Kind: engine.Skipped, Addr: w.addr(i), Time: time.Now(), Message: why})
}

func (w *walk) addr(i int) engine.Addr { return w.plan.Nodes[i].Stage.Addr }

func (w *walk) notify(event engine.Event) {
	if w.options.Notify == nil {
		return
	}
	w.notifyMu.Lock()
	defer w.notifyMu.Unlock()
	w.options.Notify(event)
}
