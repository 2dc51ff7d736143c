package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
	"repro/engine"
	"repro/engine/local"
	"repro/engine/worker"
	"repro/stages"
	"repro/stages/command"
)

// bench runs shell scripts as exec stages, and a kind that panics, on a machine
// whose GPUs exist by name only.
type bench struct {
	*local.Executor
	store cache.Store
}

func newBench(t testing.TB, gpus ...string) bench {
	t.Helper()
	store := mem.New()
	w := &worker.Worker{
		Store: store, Scratch: scratch{t.TempDir()},
		Kinds: stages.NewRegistry(command.New(command.Options{}), panics{}),
	}
	return bench{local.New(w, local.Capacity{CPUs: 8, GPUs: gpus}), store}
}

type scratch struct{ dir string }

func (s scratch) WorkDir() (string, error) { return os.MkdirTemp(s.dir, "work-") }
func (s scratch) Discard(dir string)       { _ = os.RemoveAll(dir) }

type panics struct{}

func (panics) Spec() stages.Spec                      { return stages.Spec{Kind: "panics", Version: "1"} }
func (panics) Run(context.Context, *stages.Job) error { panic("on purpose") }

// script is a stage that runs a shell script, whose standard output is its own.
func script(t testing.TB, name, text string, need engine.Resources, env map[string]string) *engine.Task {
	t.Helper()
	params := map[string]string{"outputs": "{}", "stdout": `"out"`}
	for param, value := range map[string]any{"command": []string{"sh", "-ec", text}, "env": env} {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		params[param] = string(raw)
	}
	return &engine.Task{
		Addr:      engine.Addr{Kind: "exec", Name: name},
		Action:    &cache.Action{Kind: "exec", Version: "1", Params: params, Outputs: []cache.Output{{Port: "out"}}},
		Resources: need,
	}
}

// run returns the output of a script and its log.
func (b bench) run(ctx context.Context, t testing.TB, task *engine.Task) (out, log string, err error) {
	t.Helper()
	result, err := b.Execute(ctx, task, func(engine.Event) {})
	if err != nil {
		return "", "", err
	}
	read := func(d cache.Digest) string {
		if d == (cache.Digest{}) {
			return ""
		}
		raw, err := cache.ReadBlob(t.Context(), b.store, d)
		if err != nil {
			t.Error(err)
		}
		return string(raw)
	}
	return read(result.Outputs["out"].Digest), read(result.Log), nil
}

// show prints what a process sees of the choice of devices.
const show = `echo "${CUDA_VISIBLE_DEVICES-all} ${CUDA_DEVICE_ORDER-default}"`

func TestAStageSeesItsGPUsAndNoOthers(t *testing.T) {
	for _, c := range []struct {
		what, visible, order string // of the host's environment; "-" for unset
		gpus                 int
		want, log            string
	}{
		{"none asked for", "-", "-", 0, " default\n", ""},
		{"our indices are those of nvidia-smi", "-", "-", 2, "0,1 PCI_BUS_ID\n", "GPU 0, 1\n"},
		{"the user's order", "-", "FASTEST_FIRST", 1, "0 FASTEST_FIRST\n", "GPU 0\n"},
		{"the user's devices count in CUDA's order", "0,1,2", "-", 1, "0 default\n", "GPU 0\n"},
		{"in that order, if it is set", "0,1,2", "PCI_BUS_ID", 3, "0,1,GPU-e PCI_BUS_ID\n", "GPU 0, 1, GPU-e\n"},
	} {
		t.Run(c.what, func(t *testing.T) {
			for name, value := range map[string]string{"CUDA_VISIBLE_DEVICES": c.visible, "CUDA_DEVICE_ORDER": c.order} {
				t.Setenv(name, value) // which restores it
				if value == "-" {
					if err := os.Unsetenv(name); err != nil {
						t.Fatal(err)
					}
				}
			}
			b := newBench(t, "0", "1", "GPU-e")
			out, log, err := b.run(t.Context(), t, script(t, "show", show, engine.Resources{GPUs: c.gpus}, nil))
			if err != nil || out != c.want || log != c.log {
				t.Errorf("it sees %q, its log is %q, %v; want %q and %q", out, log, err, c.want, c.log)
			}
		})
	}
}

// Eight stages over three devices, of which each makes a lock of its own: a
// second holder could not make it. None goes on before three hold one at once.
func TestNoGPUHasTwoHolders(t *testing.T) {
	t.Parallel()
	const hold = `
		touch "$LOCKS/started-$NUMBER"
		mkdir "$LOCKS/$CUDA_VISIBLE_DEVICES"
		while [ "$(ls "$LOCKS" | grep -c started)" -lt 3 ]; do sleep 0.01; done
		rmdir "$LOCKS/$CUDA_VISIBLE_DEVICES"
		printf %s "$CUDA_VISIBLE_DEVICES"`
	devices := []string{"1", "GPU-a", "MIG-b"}
	b, locks := newBench(t, devices...), t.TempDir()
	held := map[string]bool{}
	var mu sync.Mutex
	var stages sync.WaitGroup
	for i := range 8 {
		n := strconv.Itoa(i)
		task := script(t, "s"+n, hold, engine.Resources{GPUs: 1}, map[string]string{"LOCKS": locks, "NUMBER": n})
		stages.Go(func() {
			device, _, err := b.run(t.Context(), t, task)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			held[device] = true
		})
	}
	stages.Wait()
	if diff := cmp.Diff(map[string]bool{"1": true, "GPU-a": true, "MIG-b": true}, held); diff != "" {
		t.Errorf("devices that were used (-want +got):\n%s", diff)
	}
}

func TestAGPUIsGivenBackWhateverHappens(t *testing.T) {
	t.Parallel()
	b, started := newBench(t, "GPU-a"), t.TempDir()
	one := engine.Resources{GPUs: 1}
	wait := func(name string, need engine.Resources) *engine.Task {
		return script(t, name, `touch "$STARTED"; sleep 600`, need, map[string]string{"STARTED": filepath.Join(started, name)})
	}
	fails := func(ctx context.Context, task *engine.Task, want string) {
		t.Helper()
		if _, _, err := b.run(ctx, t, task); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", task.Addr.Name, err, want)
		}
	}
	fails(t.Context(), script(t, "failed", "exit 3", one, nil), "exit status 3")
	fails(t.Context(), &engine.Task{
		Addr: engine.Addr{Kind: "panics", Name: "panicked"}, Action: &cache.Action{Kind: "panics", Version: "1"}, Resources: one,
	}, "on purpose")
	fails(t.Context(), &engine.Task{
		Addr: engine.Addr{Kind: "none", Name: "unknown"}, Action: &cache.Action{Kind: "none"}, Resources: one,
	}, "no kind of stage")
	fails(t.Context(), wait("late", engine.Resources{GPUs: 1, Timeout: 50 * time.Millisecond}), "timed out")

	// One is cancelled while it runs, another while it waits for that one's device.
	running, cancelRunning := context.WithCancelCause(t.Context())
	waiting, cancelWaiting := context.WithCancelCause(t.Context())
	var both sync.WaitGroup
	both.Go(func() { fails(running, wait("cancelled", one), "enough") })
	for !exists(filepath.Join(started, "cancelled")) {
		time.Sleep(time.Millisecond)
	}
	both.Go(func() { fails(waiting, wait("waited", one), "never mind") })
	cancelWaiting(errors.New("never mind"))
	cancelRunning(errors.New("enough"))
	both.Wait()

	out, _, err := b.run(t.Context(), t, script(t, "last", show, one, nil))
	if device, _, _ := strings.Cut(out, " "); err != nil || device != "GPU-a" {
		t.Errorf("afterwards: %q, %v", out, err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
