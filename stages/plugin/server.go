package plugin

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"repro/stages/plugin/v1"
)

const (
	heartbeat = 2 * time.Second
	// progressPause is the least time between two reports that are sent.
	progressPause = 100 * time.Millisecond
)

// server answers the engine.
type server struct {
	pluginv1.UnimplementedPluginServer
	plugin Plugin
	stderr *os.File // the process's own
	output sync.Once
}

// ownOutput gives the process its standard error back, for standard output too.
// go-plugin has put pipes of its own in their place by the first call: what is
// printed into them and not sent yet would be lost when the process dies.
func (s *server) ownOutput() { os.Stdout, os.Stderr = s.stderr, s.stderr }

// Describe implements pluginv1.PluginServer.
func (s *server) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.Description, error) {
	s.output.Do(s.ownOutput)
	return s.plugin.describe(), nil
}

// Check implements pluginv1.PluginServer.
func (s *server) Check(_ context.Context, req *pluginv1.CheckRequest) (*pluginv1.CheckResponse, error) {
	s.output.Do(s.ownOutput)
	if err := recovered(s.stderr, func() error { return s.plugin.check(req) }); err != nil {
		return &pluginv1.CheckResponse{Refusal: failure(err)}, nil
	}
	return &pluginv1.CheckResponse{}, nil
}

// Run implements pluginv1.PluginServer.
func (s *server) Run(req *pluginv1.RunRequest, stream grpc.ServerStreamingServer[pluginv1.Event]) error {
	s.output.Do(s.ownOutput)
	out := &sender{stream: stream}
	stop := out.beat()
	err := s.plugin.run(stream.Context(), req, s.stderr, out)
	stop()
	if err != nil && stream.Context().Err() == nil {
		out.send(&pluginv1.Event{Event: &pluginv1.Event_Failure{Failure: failure(err)}})
	}
	return stream.Context().Err()
}

// sender sends the events of one run. It is a reporter. That the engine is gone
// is seen by the run's context.
type sender struct {
	mu       sync.Mutex
	stream   grpc.ServerStreamingServer[pluginv1.Event]
	reported time.Time
	latest   *pluginv1.Progress // the last report; nil before the first
	held     bool               // it is not sent yet
}

func (s *sender) send(e *pluginv1.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	s.emit(e)
}

func (s *sender) emit(e *pluginv1.Event) { _ = s.stream.Send(e) }

// flush sends the report that was held back.
func (s *sender) flush() {
	if s.held {
		s.emit(&pluginv1.Event{Event: &pluginv1.Event_Progress{Progress: s.latest}})
		s.held, s.reported = false, time.Now()
	}
}

func (s *sender) progress(done, total int64, unit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest.GetUnit() != unit {
		s.flush()
	}
	s.report(&pluginv1.Progress{Done: done, Total: total, Unit: unit, Note: s.latest.GetNote()}, done == total)
}

func (s *sender) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.latest
	s.report(&pluginv1.Progress{Done: l.GetDone(), Total: l.GetTotal(), Unit: l.GetUnit(), Note: text}, false)
}

// report sends a report, or holds it back if the one before is not long ago.
func (s *sender) report(p *pluginv1.Progress, last bool) {
	s.latest, s.held = p, true
	if last || time.Since(s.reported) >= progressPause {
		s.flush()
	}
}

func (s *sender) class(class string) {
	s.send(&pluginv1.Event{Event: &pluginv1.Event_Determinism{Determinism: class}})
}

// beat sends a heartbeat now and then until the returned function is called.
func (s *sender) beat() (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				s.send(&pluginv1.Event{Event: &pluginv1.Event_Heartbeat{Heartbeat: &pluginv1.Heartbeat{}}})
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flush()
	}
}

// exitWithParent ends the process soon after the engine is gone, however it
// went: a killed engine cannot say goodbye.
func exitWithParent() {
	parent := os.Getppid()
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
	os.Exit(1)
}

// quiet is a logger for go-plugin, whose own story nobody needs.
func quiet() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
}
