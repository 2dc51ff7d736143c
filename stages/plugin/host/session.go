package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"repro/stages/command"
	"repro/stages/plugin"
	"repro/stages/plugin/v1"
)

// Options bound what a plugin may do. The zero value is for everyday use; tests
// of bad plugins do not want to wait.
type Options struct {
	Start   time.Duration // until it answers; 0 means a minute
	Silence time.Duration // between two events of a run; 0 means 30 s
	MaxLog  int64         // bytes of log in one run; 0 means 64 MiB
}

func (o Options) withDefaults() Options {
	if o.Start == 0 {
		o.Start = time.Minute
	}
	if o.Silence == 0 {
		o.Silence = 30 * time.Second
	}
	if o.MaxLog == 0 {
		o.MaxLog = 64 << 20
	}
	return o
}

// maxMessage bounds one message from a plugin: data travels in files.
const maxMessage = 4 << 20

// session is one plugin process and the connection to it.
type session struct {
	program *Program
	options Options
	process *process
	client  *goplugin.Client
	rpc     pluginv1.PluginClient
	log     *log
	sockets string

	mu    sync.Mutex
	cause error // why the engine stopped it, if it did
}

// start starts the program in the folder dir, where it sees the given GPUs. What
// it says goes to log, which may be nil.
func start(ctx context.Context, program *Program, dir string, gpus []string, to io.Writer, o Options) (*session, error) {
	s := &session{program: program, options: o.withDefaults()}
	s.log = newLog(program, to, s.options.MaxLog, func() {
		s.stop(fmt.Errorf("it wrote more than %d MiB of log", s.options.MaxLog>>20))
	})
	var err error
	if s.sockets, err = socketDir(); err != nil {
		return nil, err
	}
	cmd := exec.Command(program.Argv[0], program.Argv[1:]...)
	cmd.Dir, cmd.Env = dir, slices.Concat(Environment(dir), program.Env, command.GPUEnviron(gpus)) // the last one of a name counts
	s.process = newProcess(cmd, s.log)
	s.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  plugin.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{plugin.Version: {plugin.Name: &binding{}}},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			s.process.cmd.Env = append(s.process.cmd.Env, cmd.Env...)
			return s.process, nil
		},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     s.options.Start,
		SyncStdout:       s.log,
		SyncStderr:       s.log,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off}),
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))},
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: s.sockets},
	})
	if err := s.connect(ctx); err != nil {
		_ = s.process.Kill(ctx) // then all that it said has been read
		err = s.explain(err)
		if to == nil {
			err = withWords(err, s.log.lastWords())
		}
		return nil, errors.Join(err, s.close())
	}
	// The connection is there; a path to it would only be left behind if the
	// engine is killed.
	_ = os.RemoveAll(s.sockets)
	return s, nil
}

// connect shakes hands. go-plugin's own calls know no context, so they are
// waited for from outside; killing the process ends them.
func (s *session) connect(ctx context.Context) error {
	type answer struct {
		raw any
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		client, err := s.client.Client()
		if err != nil {
			answers <- answer{err: err}
			return
		}
		raw, err := client.Dispense(plugin.Name)
		answers <- answer{raw, err}
	}()
	timer := time.NewTimer(s.options.Start)
	defer timer.Stop()
	var a answer
	select {
	case a = <-answers:
	case <-timer.C:
		s.stop(fmt.Errorf("it did not start to talk within %v", s.options.Start))
		a = <-answers
	case <-ctx.Done():
		s.stop(context.Cause(ctx))
		a = <-answers
	}
	if a.err == nil {
		s.rpc = a.raw.(pluginv1.PluginClient)
	}
	return a.err
}

// stop kills the process; the first reason given is the one that errors name.
func (s *session) stop(reason error) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = reason
	}
	s.mu.Unlock()
	_ = s.process.Kill(context.Background())
}

// close ends the process, all that belongs to it and the connection. It
// returns an error if the plugin left processes behind.
func (s *session) close() error {
	s.stop(nil)
	s.client.Kill()
	_ = os.RemoveAll(s.sockets)
	if names := killStrays(s.process.mark); len(names) > 0 {
		return fmt.Errorf("plugin %s: it left processes behind, which were killed: %s. A plugin must wait for what it starts", s.program.Name, strings.Join(names, ", "))
	}
	return nil
}

// explain makes an error of a call one for people: what the plugin did, not
// what the connection saw of it.
func (s *session) explain(err error) error {
	what := s.describe(err)
	return fmt.Errorf("plugin %s: %w", s.program.Name, what)
}

func (s *session) describe(err error) error {
	s.mu.Lock()
	cause := s.cause
	s.mu.Unlock()
	if cause != nil {
		return cause
	}
	const settle = 200 * time.Millisecond // a connection breaks before the process is seen to be gone
	select {
	case <-s.process.done:
		// If it was killed for another reason, that is what counts.
		if !errors.Is(s.process.err, context.Canceled) {
			if s.rpc == nil {
				return fmt.Errorf("it does not start: %s", exitOf(s.process.err))
			}
			return fmt.Errorf("it ended in the middle of its work: %s", exitOf(s.process.err))
		}
	case <-time.After(settle):
	}
	if _, line, found := strings.Cut(err.Error(), "Unrecognized remote plugin message: "); found {
		line, _, _ = strings.Cut(line, "\n")
		return fmt.Errorf("the first line that it wrote is not the handshake: %.200q. It must not print anything before it serves; what it prints later is its log", line)
	}
	switch code := status.Code(err); {
	case code == codes.ResourceExhausted:
		return fmt.Errorf("it sent a message of more than %d MiB. Large data belongs into files (%s)", maxMessage>>20, status.Convert(err).Message())
	case code == codes.Unimplemented:
		return fmt.Errorf("it does not speak version %d of the protocol: %s", plugin.Version, status.Convert(err).Message())
	case code != codes.Unknown:
		return fmt.Errorf("the connection broke: %s", status.Convert(err).Message())
	}
	return err
}

func exitOf(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "exit status 0"
	case errors.As(err, &exit):
		return exit.String()
	}
	return err.Error()
}

// socketDir makes a folder for sockets, whose paths must be short.
func socketDir() (string, error) {
	const longest = 48 // of 107 characters that a socket's path may have; go-plugin adds some 55
	parent := os.TempDir()
	if len(parent) > longest {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "repro-")
}

// Environment returns what every plugin sees of the host's environment, with dir
// for temporary files. It is not part of the key, so it must not decide results:
// a plugin that needs more says so in its manifest.
func Environment(dir string) []string {
	env := []string{"LANG=C.UTF-8", "TMPDIR=" + dir}
	for _, name := range []string{"PATH", "HOME"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// binding makes the client of the service from go-plugin's connection.
type binding struct {
	goplugin.NetRPCUnsupportedPlugin
}

// GRPCServer implements goplugin.GRPCPlugin; the plugin has a binding of its own.
func (*binding) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the engine is no server")
}

// GRPCClient implements goplugin.GRPCPlugin.
func (*binding) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return pluginv1.NewPluginClient(conn), nil
}
