package worker

import (
	"sync"
	"time"

	"repro/engine"
)

// live is what a stage says of itself while it runs.
type live struct {
	addr   engine.Addr
	notify func(engine.Event)

	mu    sync.Mutex
	event engine.Event // the latest
	said  string       // the class of this run
}

func (l *live) progress(done, total int64, unit string) {
	l.tell(func(e *engine.Event) { e.Done, e.Total, e.Unit = done, total, unit })
}

func (l *live) note(text string) {
	l.tell(func(e *engine.Event) { e.Note = text })
}

// tell sends the latest event with a change.
func (l *live) tell(change func(*engine.Event)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.event.Kind, l.event.Addr, l.event.Time = engine.Progress, l.addr, time.Now()
	change(&l.event)
	l.notify(l.event)
}

func (l *live) class(class string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = class
}

func (l *live) saidClass() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said
}
