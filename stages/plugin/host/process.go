package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"repro/stages/command"
)

const (
	// killGrace is how long a plugin has between SIGTERM and SIGKILL. It is
	// stopped only when its work is done or given up, so it has nothing to lose.
	killGrace = 500 * time.Millisecond
	// maxHandshake bounds the first line of a plugin's standard output.
	maxHandshake = 4 << 10
	// markName is the environment variable by which processes are found that
	// left the plugin's process group.
	markName = "REPRO_PLUGIN_PROCESS"
)

// process is a running plugin. It implements go-plugin's runner.Runner.
type process struct {
	cmd    command.Cmd
	mark   string
	stdout *io.PipeReader
	ctx    context.Context // of the process, not of a call: done when it is to end
	cancel context.CancelFunc
	done   chan struct{}
	err    error // what command.Run returned; valid once done is closed

	mu      sync.Mutex
	started bool
}

// newProcess prepares the program that go-plugin has set up in cmd. What it
// writes, but for the first line on standard output, goes to log.
func newProcess(cmd *exec.Cmd, log io.Writer) *process {
	r, w := io.Pipe()
	p := &process{mark: rand.Text(), stdout: r, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.cmd = command.Cmd{
		Argv: append([]string{cmd.Path}, cmd.Args[1:]...), Dir: cmd.Dir,
		Env:    append(cmd.Env, markName+"="+p.mark),
		Stdout: &firstLine{to: w, rest: log}, Stderr: log,
		Grace: killGrace,
	}
	return p
}

// Start implements runner.Runner.
func (p *process) Start(context.Context) error {
	if _, err := os.Stat(p.cmd.Argv[0]); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ctx.Err(); err != nil {
		return err // it was killed before it started
	}
	p.started = true
	go func() {
		defer close(p.done)
		defer p.cancel()
		p.err = command.Run(p.ctx, p.cmd)
		p.cmd.Stdout.(*firstLine).close()
	}()
	return nil
}

// Wait implements runner.Runner.
func (p *process) Wait(context.Context) error {
	<-p.done
	return p.err
}

// Kill implements runner.Runner. It returns once the process and its group are
// gone.
func (p *process) Kill(context.Context) error {
	p.cancel()
	p.mu.Lock()
	started := p.started
	p.mu.Unlock()
	if started {
		<-p.done
	}
	return nil
}

// Stdout implements runner.Runner.
func (p *process) Stdout() io.ReadCloser { return p.stdout }

// Stderr implements runner.Runner: it goes to the log without go-plugin.
func (p *process) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name implements runner.Runner.
func (p *process) Name() string { return p.cmd.Argv[0] }

// ID implements runner.Runner.
func (p *process) ID() string { return p.mark }

// Diagnose implements runner.Runner.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost implements runner.Runner.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin implements runner.Runner.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// firstLine hands the first line to one writer, which it then closes, and the
// rest to another. A line that never ends is cut.
type firstLine struct {
	mu   sync.Mutex
	to   *io.PipeWriter
	rest io.Writer
	n    int
	over bool
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(p)
	if !f.over {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
		end = min(end, maxHandshake-f.n)
		f.n += end
		_, _ = f.to.Write(p[:end]) // nobody reads any more: the plugin is being stopped
		f.over = p[end-1] == '\n' || f.n == maxHandshake
		p = p[end:]
		if f.over {
			_ = f.to.Close()
		}
	}
	if len(p) > 0 {
		_, _ = f.rest.Write(p)
	}
	return n, nil
}

func (f *firstLine) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	_ = f.to.Close()
}
