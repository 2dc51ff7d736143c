package host_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/plugin/host"
	"repro/stages/sample"
	"repro/stages/stagetest"
)

// limits are short for the plugins that would otherwise be waited for, and only
// for those: the machine may be busy.
func limits(how string) host.Options {
	o := host.Options{MaxLog: 1 << 20}
	switch how {
	case "never talks":
		o.Start = 3 * time.Second
	case "stopped":
		o.Silence = 3 * time.Second
	}
	return o
}

func open(t testing.TB, how string) *host.Plugin {
	t.Helper()
	p, err := host.Open(t.Context(), program(t, how), limits(how))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// pairs are n items in three languages.
func pairs(n int) stagetest.Input {
	var b strings.Builder
	for i := range n {
		for _, lang := range []string{"de", "en", "fr"} {
			fmt.Fprintf(&b, `{"dataset":"d","id":"%04d","lang":%q,"query":"%s %d?","passage":"%s %d."}`+"\n", i, lang, lang, i, lang, i)
		}
	}
	return stagetest.Input{Port: "input", Content: b.String()}
}

// draw runs the sampler in a stage, as the engine does.
func draw(t testing.TB, ctx context.Context, how string) (*stages.Job, error) {
	t.Helper()
	p := open(t, how)
	s := sample.New(p.Samplers()...)
	job := stagetest.NewJob(t, s, `{"sampler": "demo", "steps": 5, "batch_size": 10}`, pairs(40))
	err := s.Run(ctx, job)
	return job, errors.Join(err, p.Close())
}

func TestSamplerPassesTheSuite(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, sample.New(open(t, "good").Samplers()...), stagetest.Case{
		Params: `{"sampler": "demo", "steps": 20, "batch_size": 10}`, Inputs: []stagetest.Input{pairs(40)},
	})
}

func TestKindPassesTheSuite(t *testing.T) {
	t.Parallel()
	kinds := open(t, "good").Kinds()
	stagetest.Run(t, kinds[0], stagetest.Case{Params: `{"times": 2}`, Inputs: []stagetest.Input{{Port: "file", Content: "hello\n"}}})
}

func TestBatchesAreThoseOfTheSameCodeInProcess(t *testing.T) {
	t.Parallel()
	remote, err := draw(t, t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	local := demo()
	local.Name = "demo"
	s := sample.New(local)
	job := stagetest.NewJob(t, s, `{"sampler": "demo", "steps": 5, "batch_size": 10}`, pairs(40))
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"batches/batches.jsonl", "batches/pairs.jsonl", "batches/summary.json", "composition"} {
		want, err := os.ReadFile(filepath.Join(job.Dir, "out", file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(remote.Dir, "out", file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-in process +out of it):\n%s", file, diff)
		}
	}
}

// TestContainment does each bad thing for real and wants a clear error, soon,
// with the plugin's last words in the job's log.
func TestContainment(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]struct{ err, log string }{
		"panic":            {"the plugin panicked: index out of range, says the plugin", "demoSampler"},
		"crash":            {"it ended in the middle of its work: exit status 2", "a panic that nobody can recover"},
		"exit":             {"it ended in the middle of its work: exit status 7", "step two begins"},
		"killed":           {"it ended in the middle of its work: signal: killed", "step two begins"},
		"stopped":          {"it hangs: nothing was heard of it, and it did nothing, for 3s", "step two begins"},
		"log flood":        {"it wrote more than 1 MiB of log", "all work and no play"},
		"stderr flood":     {"it wrote more than 1 MiB of log", "all work and no play"},
		"stdout flood":     {"it wrote more than 1 MiB of log", "no line feed"},
		"giant message":    {"it sent a message of more than 4 MiB. Large data belongs into files", ""},
		"input":            {"bad input: lexicon.tsv:7: three fields, want two", ""},
		"short batch":      {"step 2: sampler demo: drew 9 rows, want 10", ""},
		"unknown item":     {"item 1048576 of 40", ""},
		"unknown language": {`step 2: the pool has no language "tlh"; it has de, en, fr`, ""},
		"leaves a daemon":  {"it left processes behind, which were killed: sleep", ""},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			job, err := draw(t, t.Context(), how)
			if err == nil || !strings.Contains(err.Error(), want.err) {
				t.Errorf("got %v, want it to say %q", err, want.err)
			}
			if log := job.Log.(*stagetest.Log).String(); !strings.Contains(log, want.log) || len(log) > 4<<20 {
				t.Errorf("the log has %d bytes and lacks %q", len(log), want.log)
			}
			noneLeft(t, how)
		})
	}
}

func TestChildrenEndWithThePlugin(t *testing.T) {
	t.Parallel()
	if _, err := draw(t, t.Context(), "leaves a child"); err != nil {
		t.Fatal(err)
	}
	noneLeft(t, "leaves a child")
}

func TestPluginsThatDoNotStart(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"early exit":    "it does not start: exit status 3. Its last words:\nthe licence file is missing",
		"never talks":   "it did not start to talk within 3s",
		"garbage":       "Loading model",
		"endless line":  "xxxxxx",
		"other version": "Plugin version: 99",
		"no server":     "connect: no such file",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p, err := host.Open(t.Context(), program(t, how), limits(how))
			if err == nil {
				_ = p.Close()
				t.Fatal("it opened")
			}
			if !strings.HasPrefix(err.Error(), "plugin demo: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("got %.400s, want it to say %q", err, want)
			}
			noneLeft(t, how)
		})
	}
}

// TestCancelledThoughDeaf cancels a plugin that would sleep for an hour.
func TestCancelledThoughDeaf(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	if _, err := draw(t, ctx, "deaf"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	noneLeft(t, "deaf")
}

func TestParametersAreCheckedByThePlugin(t *testing.T) {
	t.Parallel()
	program := program(t, "good")
	program.Keep = t.TempDir()
	p, err := host.Open(t.Context(), program, limits("good"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // checked below
	s := sample.New(p.Samplers()...)
	const shared = `"sampler": "demo", "steps": 5, "batch_size": 10, "seed": 0, "dataset_weight": "size", "langs": []`
	var bad *stages.ParamError
	if err := s.Check(json.RawMessage(`{` + shared + `, "demo.p": 1.5}`)); !errors.As(err, &bad) || bad.Param != "demo.p" || bad.Hint != "Give a number from 0 to 1" {
		t.Errorf("got %v, want an error at demo.p", err)
	}
	if err := s.Check(json.RawMessage(`{` + shared + `, "demo.p": 0.5, "demo.q": 1}`)); !errors.As(err, &bad) || bad.Param != "demo.q" {
		t.Errorf("got %v, want an error at demo.q", err)
	}
	if err := s.Check(json.RawMessage(`{` + shared + `, "demo.p": 0.5}`)); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	// What is known already needs no process: this program does not exist.
	program.Argv = []string{"/nonexistent"}
	again, err := host.Open(t.Context(), program, limits("good"))
	if err != nil {
		t.Fatal(err)
	}
	s = sample.New(again.Samplers()...)
	if err := s.Check(json.RawMessage(`{` + shared + `, "demo.p": 0.5}`)); err != nil {
		t.Errorf("remembered parameters: %v", err)
	}
	if err := s.Check(json.RawMessage(`{` + shared + `, "demo.p": 0.6}`)); err == nil {
		t.Error("parameters that are new were not checked")
	}
}

func TestAPluginDoesNotOutliveAKilledEngine(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	engine := exec.Command(exe)
	engine.Env = append(os.Environ(), behaviour+"=engine")
	out, err := engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	var pid int
	if _, err := fmt.Sscanf(line, "plugin: %d", &pid); err != nil {
		t.Fatalf("the engine said %q: %v", line, err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the plugin is not there: %v", err)
	}
	if err := engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = engine.Wait()
	for deadline := time.Now().Add(20 * time.Second); running(pid); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the plugin %d still runs", pid)
		}
	}
}

// running reports whether the process runs: a zombie that nobody reaps does not.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// noneLeft fails the test if a process with that behaviour is still there.
func noneLeft(t *testing.T, how string) {
	t.Helper()
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range environs {
		env, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(env), behaviour+"="+how+"\x00") {
			t.Errorf("%s: a process of the plugin is left", filepath.Dir(name))
		}
	}
}

func TestARunSeesItsGPUsAndNoOthers(t *testing.T) {
	t.Setenv("CUDA_VISIBLE_DEVICES", "0,1,GPU-a")
	kind := open(t, "shows its GPUs").Kinds()[0]
	for _, c := range []struct {
		gpus []string
		want string
	}{
		{nil, `[] ""`}, {[]string{"1", "GPU-a"}, `[1 GPU-a] "1,GPU-a"`},
	} {
		job := stagetest.NewJob(t, kind, `{}`, stagetest.Input{Port: "file", Content: "hello\n"})
		job.GPUs = c.gpus
		if err := kind.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if shown, err := os.ReadFile(job.Out["copy"]); string(shown) != c.want {
			t.Errorf("given %v, it shows %s, %v; want %s", c.gpus, shown, err, c.want)
		}
	}
}
