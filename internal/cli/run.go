package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"repro/cache/disk"
	"repro/cache/runs"
	"repro/engine/local"
	"repro/engine/lock"
	"repro/engine/plan"
	"repro/engine/run"
	"repro/engine/worker"
	"repro/reports"
	"repro/stages/translate"
)

type runFlags struct {
	workflowFlags
	jobs     int
	failFast bool
	locked   bool
}

func newRun(t *terminal, sdk fs.FS) *cobra.Command {
	f := runFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "run [FILE] [STAGE…]",
		Short: "Run what has changed and print the reports",
		Long: "Run every stage of the workflow whose result is not in the cache yet, or only the\n" +
			"named stages with all that they need, and print the reports.\n\n" +
			"A stage is named KIND.NAME, or KIND.NAME[AXIS=VALUE,…] for some of a matrix.",
		Args: cobra.ArbitraryArgs,
		RunE: f.on(func(ctx context.Context, p *project) error { return p.run(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "use at most `N` CPUs at once")
	c.Flags().BoolVar(&f.locked, "locked", false, "refuse plugins, programs and source files that differ from "+lock.File)
	c.Flags().BoolVar(&f.failFast, "fail-fast", false, "start nothing more once a stage has failed")
	return c
}

// runAnswer is what run --json prints.
type runAnswer struct {
	*runs.Run
	Tables []json.RawMessage `json:"tables,omitempty"`
}

func (p *project) run(ctx context.Context, t *terminal, f *runFlags) (err error) {
	if f.jobs < 1 {
		return withCode(exitUsage, fmt.Errorf("--jobs %d: want at least 1", f.jobs))
	}
	started := time.Now().UTC()
	p.locked = f.locked
	made, store, err := p.planned(ctx, t)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := store.Close(); closeErr != nil {
			err = errors.Join(err, withCode(exitCache, closeErr))
		}
		err = errors.Join(err, p.closePlugins()) // stages may have asked once more
	}()
	record, runErr := p.carryOut(ctx, t, f, made, store, started)
	if record == nil {
		return runErr
	}
	if ctx.Err() != nil && !f.json {
		return runErr // who interrupts does not wait for tables
	}
	tables, err := tables(context.WithoutCancel(ctx), t, reports.NewSnapshot("this run", record, store))
	if n := len(made.Workflow.Claims); n > 0 {
		t.say("note: there are %d claims to judge: %s", n, p.command("claims"))
	}
	return errors.Join(runErr, err, p.answer(t, record, tables))
}

// carryOut runs the plan. There is a record as soon as something could have run,
// whatever the error.
func (p *project) carryOut(ctx context.Context, t *terminal, f *runFlags, made *plan.Plan, store *disk.Store, started time.Time) (*runs.Run, error) {
	if f.locked {
		if err := p.checkLock(t, made); err != nil {
			return nil, err
		}
	}
	memory, err := translate.OpenMemory(filepath.Join(p.dir, "translations"))
	if err != nil {
		return nil, err
	}
	record := p.newRecord(ctx, made.Workflow)
	record.Started = started
	if err := p.define(ctx, record, made.Workflow, store); err != nil {
		return nil, err
	}
	records := p.records()
	if err := p.noteRoot(); err != nil {
		return nil, err
	}
	// Written before the first stage starts, so that a killed run leaves a trace,
	// with the results that it goes on from: gc keeps them.
	record.Stages = run.Found(made)
	if err := records.Write(record); err != nil {
		return nil, err
	}
	err = p.walk(ctx, t, f, made, store, memory, record)
	return record, errors.Join(err, records.Write(record))
}

// answer prints what a run gave.
func (p *project) answer(t *terminal, record *runs.Run, tables []*reports.Table) error {
	if !p.flags.json {
		return t.printTables(tables, formatText)
	}
	list, err := tablesJSON(tables)
	if err != nil {
		return err
	}
	return t.printJSON(runAnswer{Run: record, Tables: list})
}

// walk carries out the plan, telling the story, and fills the record.
func (p *project) walk(ctx context.Context, t *terminal, f *runFlags, made *plan.Plan, store *disk.Store, memory translate.Memory, record *runs.Run) error {
	capacity := local.Machine()
	capacity.CPUs = f.jobs
	checkpoints, err := worker.OpenCheckpoints(filepath.Join(p.dir, "checkpoints"))
	if err != nil {
		return err
	}
	executor := local.New(&worker.Worker{Store: store, Kinds: p.kinds(memory), Scratch: store, Checkpoints: checkpoints}, capacity)
	view := newView(t, p, len(made.Nodes)-made.Count(plan.Hit))
	stages, err := run.Run(ctx, made, run.Options{
		Store: store, Executor: executor, Notify: view.event, FailFast: f.failFast,
	})
	view.close()
	record.Stages, record.Ended = stages, time.Now().UTC()
	switch {
	case err == nil:
		record.Status = runs.Done
	case errors.Is(err, errInterrupted):
		record.Status = runs.Interrupted
	default:
		record.Status = runs.FailedRun
	}
	t.say("%s", summary(record))
	if errors.Is(err, run.ErrFailed) {
		return reported(exitStage) // each failure was shown when it happened
	}
	return err
}

// summary is the last line of a run's story.
func summary(r *runs.Run) string {
	counts := map[runs.State]int{}
	for _, s := range r.Stages {
		counts[s.State]++
	}
	text := fmt.Sprintf("%s: %d ran, %d cached", r.Status, counts[runs.Ran], counts[runs.Hit])
	if n := counts[runs.Failed]; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	if n := counts[runs.Skipped]; n > 0 {
		text += fmt.Sprintf(", %d skipped", n)
	}
	return text + " in " + r.Ended.Sub(r.Started).Round(time.Millisecond).String()
}
