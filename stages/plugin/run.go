package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"repro/stages"
	"repro/stages/plugin/v1"
	"repro/stages/sample"
)

// check refuses parameters for reasons that their types do not show.
func (p *Plugin) check(req *pluginv1.CheckRequest) error {
	switch what := req.GetWhat().(type) {
	case *pluginv1.CheckRequest_Sampler:
		m, err := p.sampler(what.Sampler)
		if err != nil {
			return err
		}
		if err := known(m.Params, req.GetParams()); err != nil {
			return err
		}
		_, err = m.New(json.RawMessage(req.GetParams()))
		return err
	case *pluginv1.CheckRequest_Kind:
		s, err := p.kind(what.Kind)
		if err != nil {
			return err
		}
		if err := known(s.Spec().Params, req.GetParams()); err != nil {
			return err
		}
		return checkBy(s, req.GetParams())
	case *pluginv1.CheckRequest_Variant:
		// Most of the parameters are the engine's kind's own: what is unknown is
		// for the stage to say.
		s, err := p.variant(what.Variant.GetKind(), what.Variant.GetName())
		if err != nil {
			return err
		}
		return checkBy(s, req.GetParams())
	default:
		return errors.New("a request to check nothing")
	}
}

func checkBy(s stages.Stage, params string) error {
	if checker, ok := s.(stages.Checker); ok {
		return checker.Check(json.RawMessage(params))
	}
	return nil
}

// known refuses parameters that are missing or that nobody declared, whatever
// the author's own code would make of them.
func known(params []stages.Param, raw string) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &given); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	for _, p := range params {
		if _, ok := given[p.Name]; !ok {
			return &stages.ParamError{Param: p.Name, Problem: "is missing"}
		}
		delete(given, p.Name)
	}
	for name := range given {
		return &stages.ParamError{Param: name, Problem: "there is no such parameter"}
	}
	return nil
}

// recovered makes a panic in the author's code its failure.
func recovered(log io.Writer, do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(log, "panic: %v\n%s\n", r, authors(string(debug.Stack()))) //nolint:errcheck // a log that cannot be written must not fail the work
			err = fmt.Errorf("the plugin panicked: %v", r)
		}
	}()
	return do()
}

// authors cuts a trace to the frames between the panic and this package: the
// author's. A frame is two lines.
func authors(trace string) string {
	lines := strings.Split(strings.TrimSpace(trace), "\n")
	from, to := 0, len(lines)
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "panic(") && i+2 < len(lines):
			from = i + 2
		case from > 0 && i > from && strings.HasPrefix(line, "repro/stages/plugin."):
			return strings.Join(lines[from:i], "\n")
		}
	}
	return strings.Join(lines[from:to], "\n")
}

// reporter is told how a run goes, from any goroutine.
type reporter interface {
	progress(done, total int64, unit string)
	note(text string)
	class(class string)
}

// run carries out a request.
func (p *Plugin) run(ctx context.Context, req *pluginv1.RunRequest, log io.Writer, to reporter) error {
	job := &stages.Job{
		Params: json.RawMessage(req.GetParams()), Dir: req.GetDir(), Threads: max(1, int(req.GetThreads())), GPUs: req.GetGpus(), Log: log,
		Checkpoint: req.GetWork().GetCheckpoint(),
		OnProgress: to.progress, OnNote: to.note, OnClass: to.class,
	}
	for _, in := range req.GetInputs() {
		job.In = append(job.In, stages.Input{Port: in.GetPort(), Name: in.GetName(), Path: in.GetPath()})
	}
	return recovered(log, func() error {
		switch what := req.GetWhat().(type) {
		case *pluginv1.RunRequest_Draw:
			return p.draw(ctx, what.Draw, job)
		case *pluginv1.RunRequest_Work:
			job.Out = what.Work.GetOutputs()
			return p.work(ctx, what.Work, job)
		default:
			return errors.New("a request to run nothing")
		}
	})
}

func (p *Plugin) work(ctx context.Context, w *pluginv1.Work, job *stages.Job) error {
	if w.GetVariant() != "" {
		s, err := p.variant(w.GetKind(), w.GetVariant())
		if err != nil {
			return err
		}
		return s.Run(ctx, job)
	}
	s, err := p.kind(w.GetKind())
	if err != nil {
		return err
	}
	if err := known(s.Spec().Params, string(job.Params)); err != nil {
		return err
	}
	return s.Run(ctx, job)
}

func (p *Plugin) draw(ctx context.Context, d *pluginv1.Draw, job *stages.Job) error {
	m, err := p.sampler(d.GetSampler())
	if err != nil {
		return err
	}
	if err := known(m.Params, string(job.Params)); err != nil {
		return err
	}
	sampler, err := m.New(job.Params)
	if err != nil {
		return err
	}
	pool, err := sample.OpenPool(d.GetPool())
	if err != nil {
		return err
	}
	order := sample.Draw{Steps: int(d.GetSteps()), Size: int(d.GetBatchSize()), Seed: d.GetSeed()}
	return sample.WriteDraws(d.GetDraws(), pool, func(yield func(sample.Batch) error) error {
		return sample.Each(ctx, sampler, pool, order, job, yield)
	})
}

// failure returns an error as the protocol says it.
func failure(err error) *pluginv1.Failure {
	f := &pluginv1.Failure{Message: err.Error(), Input: errors.Is(err, stages.ErrInput)}
	if bad := (*stages.ParamError)(nil); errors.As(err, &bad) {
		f.Message, f.Param, f.Hint = bad.Problem, bad.Param, bad.Hint
	}
	return f
}
