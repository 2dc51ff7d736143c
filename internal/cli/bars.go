package cli

import (
	"fmt"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"repro/engine"
)

// bars is the view of a terminal: a bar for each stage that runs, one for the
// whole, and above them a line for everything that ended.
type bars struct {
	container *mpb.Progress
	whole     *mpb.Bar
	running   map[string]*stageBar
	project   *project
}

// stageBar is the bar of a stage that runs, with a note behind it.
type stageBar struct {
	*mpb.Bar
	note atomic.Pointer[string] // the container draws on a goroutine of its own
}

func newBars(t *terminal, p *project, total int) view {
	v := &bars{
		container: mpb.New(mpb.WithOutput(t.err), mpb.WithWidth(width(t.err)), mpb.WithAutoRefresh()),
		running:   map[string]*stageBar{},
		project:   p,
	}
	if total > 0 {
		v.whole = v.container.AddBar(int64(total),
			mpb.BarPriority(1<<30), // always the last line
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name("stages ")),
			mpb.AppendDecorators(decor.CountersNoUnit("%d/%d "), decor.Elapsed(decor.ET_STYLE_GO)),
		)
	}
	return v
}

func (v *bars) event(e engine.Event) {
	addr := e.Addr.String()
	switch e.Kind {
	case engine.Started:
		v.running[addr] = v.newStageBar(addr)
	case engine.Progress:
		if bar := v.running[addr]; bar != nil {
			if e.Unit != "" {
				bar.SetTotal(max(e.Total, e.Done+1), false) // only its end completes a bar
				bar.SetCurrent(e.Done)
			}
			bar.note.Store(&e.Note)
		}
	case engine.Finished, engine.Failed, engine.Skipped:
		if bar := v.running[addr]; bar != nil {
			bar.Abort(true)
			delete(v.running, addr)
		}
		if v.whole != nil {
			v.whole.Increment()
		}
	case engine.Hit:
		// The bar counts only stages that the plan did not know as hits.
		if v.whole != nil && e.Reason == engine.HitAfterAll {
			v.whole.Increment()
		}
	}
	if text := v.project.eventText(e); text != "" {
		fmt.Fprintln(v.container, text) //nolint:errcheck // a story that nobody can read is no failure
	}
}

func (v *bars) newStageBar(addr string) *stageBar {
	bar := &stageBar{}
	note := func(decor.Statistics) string {
		if note := bar.note.Load(); note != nil && *note != "" {
			return "  " + *note
		}
		return ""
	}
	bar.Bar = v.container.AddBar(0,
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(addr+" ")),
		mpb.AppendDecorators(decor.CountersNoUnit("%d/%d "), decor.AverageETA(decor.ET_STYLE_GO), decor.Any(note)),
	)
	return bar
}

func (v *bars) close() {
	for _, bar := range v.running {
		bar.Abort(true)
	}
	if v.whole != nil {
		v.whole.Abort(true)
	}
	v.container.Wait()
}
