package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"repro/engine"
)

// view shows a run while it goes on. Its event method is never called twice at once.
type view interface {
	event(engine.Event)
	close()
}

// newView returns bars for a person at a terminal, and plain lines for a log.
// total is how many stages are not cached already.
func newView(t *terminal, p *project, total int) view {
	if isTerminal(t.err) {
		return newBars(t, p, total)
	}
	return &lines{say: t.say, project: p, last: map[string]time.Time{}}
}

// lines is the view of a log: a line for everything that ends or needs
// attention, and now and then how far a long stage has come. Hits are silent:
// the summary counts them.
type lines struct {
	say     func(format string, args ...any)
	project *project
	last    map[string]time.Time // when a stage was last heard of
}

// lineEvery is how often a long stage is heard of.
const lineEvery = 15 * time.Second

func (v *lines) event(e engine.Event) {
	addr := e.Addr.String()
	switch e.Kind {
	case engine.Started:
		v.last[addr] = e.Time
	case engine.Progress:
		if e.Time.Sub(v.last[addr]) >= lineEvery {
			v.last[addr] = e.Time
			v.say("…        %s  %s", addr, progressText(e))
		}
	default:
		if text := v.project.eventText(e); text != "" {
			v.say("%s", text)
		}
	}
}

func (v *lines) close() {}

// eventText is the line for an event, or "" if it deserves none.
func (p *project) eventText(e engine.Event) string {
	switch e.Kind {
	case engine.Finished:
		return fmt.Sprintf("ran      %s  %s", e.Addr, e.Took.Round(time.Millisecond))
	case engine.Warned:
		return fmt.Sprintf("warning  %s  %s", e.Addr, e.Message)
	case engine.Skipped:
		if e.Message == engine.Stopped {
			return fmt.Sprintf("stopped  %s", e.Addr)
		}
		return ""
	case engine.Failed:
		return p.failureText(e)
	default:
		return ""
	}
}

func (p *project) failureText(e engine.Event) string {
	var b strings.Builder
	err := e.Err
	var stage *engine.StageError
	if errors.As(err, &stage) {
		err = stage.Err // the address is said already
	}
	fmt.Fprintf(&b, "failed   %s: %s", e.Addr, strings.TrimSpace(err.Error()))
	if stage != nil && stage.Tail != "" {
		for line := range strings.SplitSeq(stage.Tail, "\n") {
			b.WriteString("\n         | " + line)
		}
		fmt.Fprintf(&b, "\n         whole log: %s", p.command("log", e.Addr.String()))
	}
	if stage != nil && stage.Checkpoint != "" {
		fmt.Fprintf(&b, "\n         another run goes on from its checkpoint; to start anew, remove %s", stage.Checkpoint)
	}
	return b.String()
}

func progressText(e engine.Event) string {
	text := e.Note
	switch {
	case e.Total > 0:
		text = fmt.Sprintf("%d/%d %s  %s", e.Done, e.Total, e.Unit, e.Note)
	case e.Done > 0:
		text = fmt.Sprintf("%d %s  %s", e.Done, e.Unit, e.Note)
	}
	return strings.TrimSpace(text)
}
