package disk

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	flushDelay = 50 * time.Millisecond // how long the first row of a group waits for others
	flushSize  = 1 << 20               // bytes at which a group waits no longer
	queueSize  = 8 << 20               // bytes at which writers wait
	rowCost    = 256                   // bytes of memory that a row takes beside its key and value
)

// row is one row of the index on its way there.
type row struct {
	key   string
	value []byte
	gone  bool // the row is to be deleted
}

// queue collects rows into groups and writes each group at once: a sync costs
// the same for one row as for a thousand. Rows are visible from the moment
// they are added (see reader).
type queue struct {
	write func([]row) error // makes rows durable, in their order

	mu      sync.RWMutex
	filling *group
	writing *group // nil while nothing is being written
	err     error  // why a group could not be written, or why there will be no more
	ended   bool

	started chan struct{} // a row came into an empty group; closed by close
	now     chan struct{} // somebody waits for the group
	stopped chan struct{}
}

type group struct {
	rows map[string]row
	size int
	done chan struct{} // closed when it is durable or has failed
}

func newGroup() *group { return &group{rows: map[string]row{}, done: make(chan struct{})} }

func newQueue(write func([]row) error) *queue {
	q := &queue{
		write:   write,
		filling: newGroup(),
		started: make(chan struct{}, 1),
		now:     make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	go q.run()
	return q
}

// run writes groups until close.
func (q *queue) run() {
	defer close(q.stopped)
	for range q.started {
		select {
		case <-q.now:
		case <-time.After(flushDelay):
		}
		q.flush()
	}
	q.flush()
}

func (q *queue) flush() {
	q.mu.Lock()
	g, err := q.filling, q.err
	if len(g.rows) == 0 {
		q.mu.Unlock()
		return
	}
	q.filling, q.writing = newGroup(), g
	q.mu.Unlock()
	if err == nil {
		// Keys begin with their class, and classes sort in the order in which
		// they have to be written.
		rows := make([]row, 0, len(g.rows))
		for _, key := range slices.Sorted(maps.Keys(g.rows)) {
			rows = append(rows, g.rows[key])
		}
		err = q.write(rows)
	}
	q.mu.Lock()
	q.writing, q.err = nil, err
	q.mu.Unlock()
	close(g.done)
}

// add puts rows into the group that is being filled; the last one of equal
// keys stays.
func (q *queue) add(rows ...row) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.failure(); err != nil {
		return err
	}
	g := q.filling
	if len(g.rows) == 0 {
		signal(q.started)
	}
	for _, r := range rows {
		g.rows[r.key] = r
		g.size += len(r.key) + len(r.value) + rowCost
	}
	if g.size >= flushSize {
		signal(q.now)
	}
	return nil
}

// room waits until the queue is short enough to add to it.
func (q *queue) room(ctx context.Context) error {
	for {
		q.mu.RLock()
		err, filling, writing := q.failure(), q.filling, q.writing
		size := filling.size
		if writing != nil {
			size += writing.size
		}
		q.mu.RUnlock()
		if err != nil {
			return err
		}
		if size < queueSize {
			return ctx.Err()
		}
		full := filling
		if writing != nil {
			full = writing
		}
		signal(q.now)
		select {
		case <-full.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sync waits until every row added so far is durable.
func (q *queue) sync(ctx context.Context) error {
	q.mu.RLock()
	err, last := q.failure(), q.filling
	if len(last.rows) == 0 {
		last = q.writing
	}
	q.mu.RUnlock()
	if err != nil || last == nil {
		return err
	}
	signal(q.now)
	select {
	case <-last.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.err
}

// close writes what is left and returns the error that writing met, if any.
func (q *queue) close() error {
	q.mu.Lock()
	q.ended = true
	close(q.started)
	q.mu.Unlock()
	signal(q.now)
	<-q.stopped
	return q.err
}

// failure returns why no row can be added. The caller holds mu.
func (q *queue) failure() error {
	if q.err == nil && q.ended {
		return fmt.Errorf("cache: %w", fs.ErrClosed)
	}
	return q.err
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
