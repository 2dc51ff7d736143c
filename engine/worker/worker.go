// Package worker does one task in one process.
//
// In comes a Task; the worker makes a folder of its own, puts the inputs into
// it, runs the stage there, stores what it wrote and records the result. Out
// comes the result. A stage that fails, is stopped, changes an input or forgets
// an output leaves no result.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"repro/cache"
	"repro/engine"
	"repro/engine/lang"
	"repro/stages"
)

// Worker runs tasks. It may run several at once.
type Worker struct {
	Store       cache.Store
	Kinds       *stages.Registry
	Scratch     Scratch
	Checkpoints *Checkpoints // nil if none are kept
}

// Scratch gives out folders to work in, best on the store's file system.
type Scratch interface {
	// WorkDir makes a new, empty folder.
	WorkDir() (string, error)
	// Discard removes it with all that is in it, now or later.
	Discard(dir string)
}

// Share is what a task gets of the machine.
type Share struct {
	Threads int
	GPUs    []string // as in stages.Job
}

// Run carries out the task with its share of the machine.
func (w *Worker) Run(ctx context.Context, t *engine.Task, share Share, notify func(engine.Event)) (*cache.Result, error) {
	stage, ok := w.Kinds.Lookup(t.Action.Kind)
	if !ok {
		return nil, fmt.Errorf("%s: there is no kind of stage %q", t.Addr, t.Action.Kind)
	}
	dir, err := w.Scratch.WorkDir()
	if err != nil {
		return nil, fmt.Errorf("%s: make a folder to work in: %w", t.Addr, err)
	}
	defer w.Scratch.Discard(dir)
	key := t.Action.Key()
	checkpoint, err := w.Checkpoints.claim(key)
	if err != nil {
		return nil, fmt.Errorf("%s: take over the checkpoint: %w", t.Addr, err)
	}
	log := &log{path: filepath.Join(dir, "log")}
	r := &running{
		Worker: w, task: t, stage: stage, spec: lang.SpecFor(stage.Spec(), t.Action.Params),
		dir: dir, checkpoint: checkpoint, log: log, share: share, live: live{addr: t.Addr, notify: notify},
	}
	result, err := r.do(ctx)
	digest, logErr := log.store(ctx, w.Store)
	if err != nil {
		return nil, &engine.StageError{Addr: t.Addr, Log: digest, Tail: log.tail(), Err: err, Checkpoint: existing(checkpoint)}
	}
	if logErr != nil {
		return nil, fmt.Errorf("%s: store the log: %w", t.Addr, logErr)
	}
	result.Log = digest
	if err := w.record(ctx, t, result, notify); err != nil {
		return nil, fmt.Errorf("%s: record the result: %w", t.Addr, err)
	}
	// The result is safe: a leftover is in nobody's way, and is forgotten in time.
	_ = w.Checkpoints.drop(key, dir)
	return result, nil
}

// record stores the action beside the result, so that later runs can say what
// differs, and tells of a result that differs from an earlier one.
func (w *Worker) record(ctx context.Context, t *engine.Task, result *cache.Result, notify func(engine.Event)) error {
	key, err := cache.PutBytes(ctx, w.Store, t.Action.Encode())
	if err != nil {
		return err
	}
	earlier, err := w.Store.History(ctx, key)
	if err != nil {
		return err
	}
	for _, old := range earlier {
		if !old.SameOutputs(result) {
			notify(engine.Event{
				Kind: engine.Warned, Addr: t.Addr, Time: time.Now(),
				Message: fmt.Sprintf("gave other bytes than on %s for the same inputs and parameters: it is not deterministic", old.Recorded.Format(time.DateTime)),
			})
			break
		}
	}
	return w.Store.Record(ctx, key, result)
}

// running is one task under way.
type running struct {
	*Worker
	task       *engine.Task
	stage      stages.Stage
	spec       stages.Spec // for the task's parameters
	dir        string
	checkpoint string // "" if none are kept
	log        *log
	share      Share
	live       live
	linked     []cache.Digest // blobs whose bytes the stage can reach
}

func (r *running) do(ctx context.Context) (*cache.Result, error) {
	job, err := r.job(ctx)
	if err != nil {
		return nil, err
	}
	if len(job.GPUs) > 0 {
		job.Logf("GPU %s", strings.Join(job.GPUs, ", "))
	}
	started := time.Now()
	runErr := r.call(ctx, job)
	took := time.Since(started)
	// An input that was changed must be found even if the stage failed.
	if err := r.verifyInputs(ctx); err != nil {
		// Nobody knows what a checkpoint was made from.
		return nil, errors.Join(err, runErr, r.Checkpoints.drop(r.task.Action.Key(), r.dir))
	}
	if runErr != nil {
		if ctx.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), runErr)
		}
		return nil, runErr
	}
	class, err := r.class()
	if err != nil {
		return nil, err
	}
	outputs, err := r.collect(ctx, job)
	if err != nil {
		return nil, err
	}
	return &cache.Result{Outputs: outputs, Took: took, Class: class, Recorded: time.Now().UTC()}, nil
}

// class is what the run said of itself, or else its kind.
func (r *running) class() (cache.Determinism, error) {
	class := cache.Determinism(cmp.Or(r.live.saidClass(), r.spec.Class, string(cache.Deterministic)))
	if !class.Known() {
		return "", fmt.Errorf("the stage says that it is %q; it must be deterministic, tolerant, stochastic or unknown", class)
	}
	return class, nil
}

// job lays out the folder: in/ with the inputs, out/ for the outputs.
func (r *running) job(ctx context.Context) (*stages.Job, error) {
	job := &stages.Job{
		Params:     lang.ParamsJSON(r.task.Action.Params),
		Out:        make(map[string]string, len(r.task.Action.Outputs)),
		Dir:        r.dir,
		Checkpoint: r.checkpoint,
		Threads:    max(r.share.Threads, 1),
		GPUs:       r.share.GPUs,
		Log:        r.log,
		OnProgress: r.live.progress,
		OnNote:     r.live.note,
		OnClass:    r.live.class,
	}
	for _, folder := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(r.dir, folder), 0o755); err != nil {
			return nil, err
		}
	}
	arity := map[string]stages.Arity{}
	for _, port := range r.spec.Inputs {
		arity[port.Name] = port.Arity
	}
	for _, in := range r.task.Action.Inputs {
		path := filepath.Join(r.dir, "in", in.Port)
		given := stages.Input{Port: in.Port, Path: path}
		switch arity[in.Port] {
		case stages.List:
			if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return nil, err
			}
			given.Path = filepath.Join(path, in.Name)
		case stages.Map:
			given.Name, given.Path = in.Name, filepath.Join(r.dir, "in", in.Name)
		}
		if err := r.export(ctx, in.Artifact, given.Path); err != nil {
			return nil, fmt.Errorf("input %s: %w", in.Port, err)
		}
		job.In = append(job.In, given)
	}
	for _, out := range r.task.Action.Outputs {
		job.Out[out.Port] = filepath.Join(r.dir, "out", out.Port)
	}
	return job, nil
}

func (r *running) export(ctx context.Context, a cache.Artifact, path string) error {
	if err := cache.ExportArtifact(ctx, r.Store, a, path); err != nil {
		return err
	}
	if !a.Tree {
		r.linked = append(r.linked, a.Digest)
		return nil
	}
	tree, err := cache.LoadTree(ctx, r.Store, a.Digest)
	if err != nil {
		return err
	}
	for _, e := range tree {
		r.linked = append(r.linked, e.Digest)
	}
	return nil
}

// call runs the stage; a panic in it is a failure of the stage, not of the run.
func (r *running) call(ctx context.Context, job *stages.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			job.Logf("panic: %v\n%s", p, debug.Stack())
			err = fmt.Errorf("the stage panicked: %v", p)
		}
	}()
	return r.stage.Run(ctx, job)
}

func (r *running) verifyInputs(ctx context.Context) error {
	linker, ok := r.Store.(cache.Linker)
	if !ok {
		return nil
	}
	for _, d := range r.linked {
		if err := linker.Verify(context.WithoutCancel(ctx), d); err != nil {
			return fmt.Errorf("the stage changed one of its inputs, which are read-only (the damaged copy was dropped, the next run makes it again): %w", err)
		}
	}
	return nil
}

// collect stores the declared outputs.
func (r *running) collect(ctx context.Context, job *stages.Job) (map[string]cache.Artifact, error) {
	outputs := make(map[string]cache.Artifact, len(job.Out))
	for _, out := range r.task.Action.Outputs {
		info, err := os.Lstat(job.Out[out.Port])
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil, fmt.Errorf("the stage ended without its output %q", out.Port)
		case err != nil:
			return nil, err
		case info.IsDir() != out.Tree:
			return nil, fmt.Errorf("the output %q is a %s, the stage declares a %s", out.Port, kindOfFile(info.IsDir()), kindOfFile(out.Tree))
		}
		artifact, err := cache.ImportArtifact(ctx, r.Store, job.Out[out.Port])
		if err != nil {
			return nil, fmt.Errorf("store the output %q: %w", out.Port, err)
		}
		outputs[out.Port] = artifact
	}
	return outputs, nil
}

func kindOfFile(dir bool) string {
	if dir {
		return "folder"
	}
	return "file"
}
