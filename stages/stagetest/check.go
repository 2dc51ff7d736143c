package stagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
)

// Case is one job that the suite gives to a stage. It should take a second or
// less: the suite runs it four times.
type Case struct {
	Params string   // JSON object; parameters that it leaves out get their defaults
	Inputs []Input  // in the order in which a List port gets them
	GPUs   []string // devices that the stage may use, as in stages.Job
}

// watchdog ends a run that does not heed its context. It is far above the
// second that stages are allowed, so that a busy machine never fails a test.
const watchdog = 30 * time.Second

// Check is Run for those who are not in a test: it runs s on c in new folders
// below dir, which must exist, and returns all that is wrong with s.
func Check(ctx context.Context, dir string, s stages.Stage, c Case) error {
	var errs []error
	for _, check := range checks {
		sub, err := os.MkdirTemp(dir, "stage-")
		if err != nil {
			return err
		}
		if err := check.run(ctx, sub, s, c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", check.name, err))
		}
	}
	return errors.Join(errs...)
}

var checks = []struct {
	name string
	run  func(ctx context.Context, dir string, s stages.Stage, c Case) error
}{
	{"spec is sound", checkSpec},
	{"runs twice alike", checkRuns},
	{"cancelled before it starts", checkCancelledBefore},
	{"cancelled at its first progress", checkCancelledMidway},
	{"refuses an unknown parameter", checkUnknownParam},
}

func checkSpec(_ context.Context, _ string, s stages.Stage, c Case) error {
	first := s.Spec()
	if diff := cmp.Diff(first, s.Spec()); diff != "" {
		return fmt.Errorf("two calls of Spec differ:\n%s", diff)
	}
	if err := CheckSpec(first); err != nil {
		return err
	}
	params, err := fillParams(first, c.Params)
	if err != nil {
		return err
	}
	ports, err := outputPorts(s, params)
	if err != nil {
		return err
	}
	if len(ports) == 0 {
		return errors.New("the stage has no output ports")
	}
	if checker, ok := s.(stages.Checker); ok {
		if err := checker.Check(params); err != nil {
			return fmt.Errorf("it refuses the parameters of the case: %w", err)
		}
	}
	return nil
}

// checkRuns runs the job in two folders, with one thread and with four.
func checkRuns(ctx context.Context, dir string, s stages.Stage, c Case) error {
	var outputs [2]map[string]string
	for i, threads := range []int{1, 4} {
		sub := filepath.Join(dir, fmt.Sprintf("threads-%d", threads))
		if err := os.Mkdir(sub, 0o755); err != nil {
			return err
		}
		var err error
		if outputs[i], err = runOnce(ctx, sub, s, c, threads); err != nil {
			return fmt.Errorf("%d threads: %w", threads, err)
		}
	}
	if class := s.Spec().Class; class != "" && class != "deterministic" {
		return nil
	}
	if diff := cmp.Diff(outputs[0], outputs[1]); diff != "" {
		return fmt.Errorf("the outputs differ (-with 1 thread +with 4 threads):\n%s", diff)
	}
	return nil
}

// runOnce returns the snapshot of the outputs.
func runOnce(ctx context.Context, dir string, s stages.Stage, c Case, threads int) (map[string]string, error) {
	job, err := newJob(dir, s, c)
	if err != nil {
		return nil, err
	}
	job.Threads = threads
	var p progress
	job.OnProgress = p.report
	before, err := snapshot(filepath.Join(dir, "in"))
	if err != nil {
		return nil, err
	}
	if err := s.Run(ctx, job); err != nil {
		return nil, fmt.Errorf("%w\nlog:\n%s", err, job.Log)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	after, err := snapshot(filepath.Join(dir, "in"))
	if err != nil {
		return nil, err
	}
	if diff := cmp.Diff(before, after); diff != "" {
		return nil, fmt.Errorf("the inputs were changed (-before +after):\n%s", diff)
	}
	if err := checkOutputs(s, job); err != nil {
		return nil, err
	}
	return snapshot(filepath.Join(dir, "out"))
}

func checkOutputs(s stages.Stage, job *stages.Job) error {
	ports, err := outputPorts(s, job.Params)
	if err != nil {
		return err
	}
	var errs []error
	for _, port := range ports {
		info, err := os.Lstat(job.Out[port.Name])
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("output %q is missing: %w", port.Name, err))
		case port.Dir && !info.IsDir():
			errs = append(errs, fmt.Errorf("output %q is not the folder that its port declares", port.Name))
		case !port.Dir && !info.Mode().IsRegular():
			errs = append(errs, fmt.Errorf("output %q is not the file that its port declares", port.Name))
		}
	}
	entries, err := os.ReadDir(filepath.Join(job.Dir, "out"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, declared := job.Out[entry.Name()]; !declared {
			errs = append(errs, fmt.Errorf("out/%s is no declared output; scratch files go elsewhere in the job's folder", entry.Name()))
		}
	}
	return errors.Join(errs...)
}

// checkCancelledBefore demands an error even of the smallest work: a stage that
// never looks at its context cannot be told from one that was quick.
func checkCancelledBefore(ctx context.Context, dir string, s stages.Stage, c Case) error {
	job, err := newJob(dir, s, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if err := runWatched(ctx, s, job); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("got error %v, want one that wraps context.Canceled", err) //nolint:errorlint // it must not be wrapped: it may be nil
	}
	return nil
}

// checkCancelledMidway allows success: the work may have been done by then.
func checkCancelledMidway(ctx context.Context, dir string, s stages.Stage, c Case) error {
	job, err := newJob(dir, s, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	job.OnProgress = func(int64, int64, string) { cancel() }
	if err := runWatched(ctx, s, job); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("got error %w, want one that wraps context.Canceled", err)
	}
	return nil
}

func runWatched(ctx context.Context, s stages.Stage, job *stages.Job) error {
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, job) }()
	alarm := time.NewTimer(watchdog)
	defer alarm.Stop()
	select {
	case err := <-done:
		return err
	case <-alarm.C:
		return fmt.Errorf("still running after %v", watchdog)
	}
}

func checkUnknownParam(ctx context.Context, dir string, s stages.Stage, c Case) error {
	const unknown = "no_such_parameter"
	params := map[string]json.RawMessage{}
	if c.Params != "" {
		if err := json.Unmarshal([]byte(c.Params), &params); err != nil {
			return fmt.Errorf("parameters of the case: %w", err)
		}
	}
	params[unknown] = json.RawMessage("1")
	text, err := json.Marshal(params)
	if err != nil {
		return err
	}
	job, err := newJob(dir, s, Case{Params: string(text), Inputs: c.Inputs, GPUs: c.GPUs})
	if err == nil { // otherwise Outputs refused it, as it should
		err = s.Run(ctx, job)
	}
	if err == nil {
		return fmt.Errorf("Run accepted the parameter %q; use Job.Decode", unknown)
	}
	return nil
}

// progress remembers the first report that goes backwards.
type progress struct {
	mu    sync.Mutex
	last  map[string]int64 // by unit: a stage may count bytes first and pairs later
	wrong error
}

func (p *progress) report(done, total int64, unit string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = map[string]int64{}
	}
	switch last := p.last[unit]; {
	case p.wrong != nil:
	case unit == "":
		p.wrong = errors.New("progress has no unit")
	case done < last:
		p.wrong = fmt.Errorf("progress goes back from %d to %d %s", last, done, unit)
	case total > 0 && done > total:
		p.wrong = fmt.Errorf("progress %d of %d %s is more than everything", done, total, unit)
	}
	p.last[unit] = done
}

func (p *progress) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrong
}
