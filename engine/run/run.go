// Package run walks a plan.
//
// In comes a Plan; each stage whose inputs exist is looked up once more (an
// upstream stage that ran may have given the same bytes as ever) and executed
// if it has no result. Out come events while it happens and a record at the
// end, also when stages failed or the run was interrupted.
package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/plan"
)

// Errors of a whole run; the record says which stages they are about.
var (
	ErrFailed  = errors.New("stages failed")
	ErrBlocked = errors.New("cannot run here")
)

// Options says how a plan is walked.
type Options struct {
	Store    cache.Store
	Executor engine.Executor
	Notify   func(engine.Event) // called from many goroutines, one at a time; may be nil
	FailFast bool               // start nothing more once a stage failed
}

// Run carries out the plan and returns what became of each stage, in the order
// of the plan. The error wraps ErrFailed, ErrBlocked or the cause of ctx's end;
// whatever it is, everything that finished is recorded and will not run again.
func Run(ctx context.Context, p *plan.Plan, o Options) ([]runs.Stage, error) {
	w := newWalk(p, o)
	if err := w.blocked(); err != nil {
		return w.record(), err
	}
	err := w.walk(ctx)
	// What has been recorded is to survive whatever happens next.
	err = errors.Join(err, o.Store.Sync(context.WithoutCancel(ctx)))
	return w.record(), err
}

// blocked refuses to start hours of work that must end at a missing program or
// at a machine that is too small.
func (w *walk) blocked() error {
	fitter, canTell := w.options.Executor.(engine.Fitter)
	var problems []string
	for _, n := range w.plan.Nodes {
		problem := ""
		if n.Status == plan.Blocked {
			problem = strings.Join(n.Reason.Details, ", ")
		} else if n.Status != plan.Hit && canTell {
			if err := fitter.Fits(n.Stage.Resources); err != nil {
				problem = n.Stage.Addr.Block() + " " + err.Error()
			}
		}
		if problem != "" && !slices.Contains(problems, problem) {
			problems = append(problems, problem)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrBlocked, strings.Join(problems, "; "))
}
