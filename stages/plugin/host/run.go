package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"repro/stages"
	"repro/stages/plugin/v1"
)

// run carries out one request in a process of its own, telling job's log and
// progress.
func run(ctx context.Context, program *Program, req *pluginv1.RunRequest, job *stages.Job, o Options) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := start(ctx, program, job.Dir, job.GPUs, job.Log, o)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	defer func() {
		if closeErr := s.close(); err == nil {
			err = closeErr
		}
	}()
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.rpc.Run(streamCtx, req)
	if err != nil {
		return s.explain(err)
	}
	events := make(chan received)
	go receive(stream.Recv, events, streamCtx.Done())
	silence := time.NewTimer(s.options.Silence)
	defer silence.Stop()
	used := int64(0)
	var told *pluginv1.Progress
	for {
		select {
		case r := <-events:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			silence.Reset(s.options.Silence)
			if r.err != nil || r.event.GetFailure() != nil {
				return s.outcome(r)
			}
			switch e := r.event.GetEvent().(type) {
			case *pluginv1.Event_Progress:
				tell(job, told, e.Progress)
				told = e.Progress
			case *pluginv1.Event_Determinism:
				job.SetClass(e.Determinism)
			}
		case <-silence.C:
			// Code that lets no other thread run may be silent for long.
			if now, ok := cpuTime(s.process.mark); ok && now > used {
				used = now
				silence.Reset(s.options.Silence)
				continue
			}
			s.stop(fmt.Errorf("it hangs: nothing was heard of it, and it did nothing, for %v", s.options.Silence))
			return s.explain(nil)
		case <-ctx.Done():
			cancel() // a plugin that listens ends now; close kills it if it does not
			return context.Cause(ctx)
		}
	}
}

// tell hands on what is new in a report.
func tell(job *stages.Job, before, now *pluginv1.Progress) {
	if now.GetNote() != before.GetNote() {
		job.Note(now.GetNote())
	}
	if now.GetDone() != before.GetDone() || now.GetTotal() != before.GetTotal() || now.GetUnit() != before.GetUnit() {
		job.Progress(now.GetDone(), now.GetTotal(), now.GetUnit())
	}
}

type received struct {
	event *pluginv1.Event
	err   error
}

// receive hands over events until the first error or until nobody wants them.
func receive(recv func() (*pluginv1.Event, error), to chan<- received, done <-chan struct{}) {
	for {
		event, err := recv()
		select {
		case to <- received{event, err}:
		case <-done:
			return
		}
		if err != nil {
			return
		}
	}
}

// outcome returns what a run ended with.
func (s *session) outcome(r received) error {
	if failure := r.event.GetFailure(); failure != nil {
		return failed(s.program.Name, failure)
	}
	if errors.Is(r.err, io.EOF) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.cause != nil { // it ended by itself just when it was being stopped
			return fmt.Errorf("plugin %s: %w", s.program.Name, s.cause)
		}
		return nil
	}
	return s.explain(r.err)
}

// failed makes an error of what the plugin says went wrong.
func failed(name string, f *pluginv1.Failure) error {
	message := f.GetMessage()
	if hint := f.GetHint(); hint != "" {
		message += ". " + hint
	}
	switch {
	case f.GetParam() != "":
		return &stages.ParamError{Param: f.GetParam(), Problem: f.GetMessage(), Hint: f.GetHint()}
	case f.GetInput():
		// Go's errors of that kind say so themselves.
		return fmt.Errorf("plugin %s: %w: %s", name, stages.ErrInput, strings.TrimPrefix(message, stages.ErrInput.Error()+": "))
	default:
		return fmt.Errorf("plugin %s: %s", name, message)
	}
}
