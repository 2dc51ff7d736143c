package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"repro/stages"
	"repro/stages/plugin"
	"repro/stages/plugin/host"
	"repro/stages/plugin/v1"
	"repro/stages/sample"
	"repro/stages/train"
)

// behaviour chooses what this test binary does when it is started as a plugin.
const behaviour = "HOST_TEST_BEHAVIOUR"

func TestMain(m *testing.M) {
	switch os.Getenv(behaviour) {
	case "":
		os.Exit(m.Run())
	case "engine":
		beEngine()
	case "early exit":
		fmt.Fprintln(os.Stderr, "the licence file is missing")
		os.Exit(3)
	case "never talks":
		time.Sleep(time.Hour)
	case "garbage":
		fmt.Println("Loading model … done")
		time.Sleep(time.Hour)
	case "endless line":
		for {
			fmt.Print(strings.Repeat("x", 1<<16))
		}
	case "other version":
		fmt.Println("1|99|unix|/nowhere|grpc")
		time.Sleep(time.Hour)
	case "no server":
		fmt.Println("1|1|unix|/nowhere|grpc")
		time.Sleep(time.Hour)
	case "hybrid":
		serveHybrid()
	case "giant message":
		serveGiant()
	default:
		plugin.Serve(plugin.Plugin{
			Samplers: []sample.Method{demo()}, Kinds: []stages.Stage{copier{}},
			Variants: []stages.Extension{{Kind: "train", Variant: counter{}.Variant(), Stage: train.NewKind("train", counter{})}},
		})
	}
}

// program returns this test binary as a plugin that behaves so.
func program(t testing.TB, how string) *host.Program {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &host.Program{
		Name: "demo", Argv: []string{exe}, Env: []string{behaviour + "=" + how},
		Identity: map[string]string{"files": how},
	}
}

// demo draws as x-y does, unless it is to behave badly at the third step.
func demo() sample.Method {
	return sample.Method{
		Name: "demo", Doc: "Draws as x-y does.",
		Params: []stages.Param{{Name: "p", Type: "number", Default: "0.5", Doc: "A probability, 0 to 1."}},
		Inputs: []stages.Port{{Name: "lexicon", Arity: stages.Optional, Doc: "Any file."}},
		New: func(raw json.RawMessage) (sample.Sampler, error) {
			var p struct {
				P float64 `json:"p"`
			}
			if err := stages.DecodeParams(raw, &p); err != nil {
				return nil, err
			}
			if p.P < 0 || p.P > 1 {
				return nil, &stages.ParamError{Param: "p", Problem: fmt.Sprintf("%v is no probability", p.P), Hint: "Give a number from 0 to 1"}
			}
			return &demoSampler{how: os.Getenv(behaviour)}, nil
		},
	}
}

type demoSampler struct {
	how string
	job *stages.Job
}

func (d *demoSampler) Prepare(_ context.Context, _ *sample.Pool, job *stages.Job) error {
	d.job = job
	job.Logf("lexicon: %t", job.Path("lexicon") != "")
	return nil
}

func (d *demoSampler) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	b, err := sample.XY{}.Batch(pool, step, rng)
	if step.Number != 2 || err != nil {
		return b, err
	}
	d.job.Logf("step two begins")
	switch d.how {
	case "panic":
		panic("index out of range, says the plugin")
	case "crash":
		go func() { panic("a panic that nobody can recover") }()
		time.Sleep(time.Hour)
	case "exit":
		os.Exit(7)
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "stopped":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Hour) // it takes a moment until every thread has stopped
	case "deaf":
		time.Sleep(time.Hour)
	case "log flood":
		for {
			d.job.Logf("%s", strings.Repeat("all work and no play ", 50))
		}
	case "stderr flood":
		for {
			fmt.Fprintln(os.Stderr, strings.Repeat("all work and no play ", 50))
		}
	case "stdout flood":
		for {
			fmt.Print(strings.Repeat("no line feed ", 100))
		}
	case "input":
		return b, fmt.Errorf("%w: lexicon.tsv:7: three fields, want two", stages.ErrInput)
	case "short batch":
		b.Rows = b.Rows[1:]
	case "unknown item":
		b.Rows[0].Item = 1 << 20
	case "unknown language":
		b.Rows[0].Query = "tlh"
	case "leaves a child":
		return b, exec.Command("sleep", "3600").Start()
	case "leaves a daemon":
		cmd := exec.Command("sleep", "3600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return b, cmd.Start()
	}
	return b, nil
}

// copier is a kind of stage.
type copier struct{}

func (copier) Spec() stages.Spec {
	return stages.Spec{
		Kind: "demo-copy", Version: "1", Doc: "Copies a file.",
		Params:  []stages.Param{{Name: "times", Type: "number", Default: "1", Doc: "How often, 1 to 9."}},
		Inputs:  []stages.Port{{Name: "file", Doc: "Any file."}},
		Outputs: []stages.Port{{Name: "copy", Doc: "The file, again and again."}},
	}
}

func (copier) Run(ctx context.Context, job *stages.Job) error {
	var p struct {
		Times int `json:"times"`
	}
	if err := job.Decode(&p); err != nil {
		return err
	}
	text, err := os.ReadFile(job.Path("file"))
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if os.Getenv(behaviour) == "resumes" {
		return resume(job)
	}
	if os.Getenv(behaviour) == "shows its GPUs" {
		text = fmt.Appendf(nil, "%v %q", job.GPUs, os.Getenv("CUDA_VISIBLE_DEVICES"))
	}
	job.Progress(1, 1, "files")
	return os.WriteFile(job.Out["copy"], []byte(strings.Repeat(string(text), p.Times)), 0o644)
}

// serveGiant is a plugin without this module's Serve, which would cut the log
// into pieces.
func serveGiant() {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  plugin.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{plugin.Version: {plugin.Name: giantBinding{}}},
		GRPCServer:       goplugin.DefaultGRPCServer,
	})
}

type giantBinding struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (giantBinding) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	pluginv1.RegisterPluginServer(s, giant{})
	return nil
}

func (giantBinding) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not a client")
}

type giant struct {
	pluginv1.UnimplementedPluginServer
}

func (giant) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.Description, error) {
	return &pluginv1.Description{Samplers: []*pluginv1.Sampler{{Name: "demo", Doc: "Says too much at once."}}}, nil
}

func (giant) Check(context.Context, *pluginv1.CheckRequest) (*pluginv1.CheckResponse, error) {
	return &pluginv1.CheckResponse{}, nil
}

func (giant) Run(_ *pluginv1.RunRequest, stream grpc.ServerStreamingServer[pluginv1.Event]) error {
	return stream.Send(&pluginv1.Event{Event: &pluginv1.Event_Failure{Failure: &pluginv1.Failure{Message: strings.Repeat("much ", 16<<20)}}})
}

// beEngine starts a plugin that never ends, prints its process id, and waits to
// be killed.
func beEngine() {
	p := &host.Program{Name: "demo", Argv: []string{os.Args[0]}, Env: []string{behaviour + "=deaf"}}
	opened, err := host.Open(context.Background(), p, host.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if err := opened.Samplers()[0].Remote.Check(json.RawMessage(`{"p": 0.5}`)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	children, err := os.ReadFile(filepath.Join("/proc/self/task", strconv.Itoa(os.Getpid()), "children"))
	if err == nil && len(children) == 0 { // another thread started it
		tasks, _ := filepath.Glob("/proc/self/task/*/children")
		for _, task := range tasks {
			more, _ := os.ReadFile(task)
			children = append(children, more...)
		}
	}
	fmt.Println("plugin:", strings.TrimSpace(string(children)), err)
	time.Sleep(time.Hour)
}
