//go:build gotch

package trainer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sugarme/gotch"

	"repro/stages"
	"repro/stages/stagetest"
	"repro/stages/tensor"
	"repro/stages/train/gotch/torch"
	"repro/stages/train/gotch/trainer"
)

// A test that needs a process of its own starts the test's binary again with
// the job in this variable.
const childJob = "TRAINER_TEST_JOB"

// child is a training in a process of its own.
type child struct {
	Params     json.RawMessage
	In         []stages.Input
	Out        map[string]string
	Dir        string
	Checkpoint string

	Every  time.Duration // between checkpoints
	Memory int64         // bytes of address space that it may take more than libtorch takes; 0: any number
}

func TestMain(m *testing.M) {
	text := os.Getenv(childJob)
	if text == "" {
		os.Exit(m.Run())
	}
	if err := trainChild(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func trainChild(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	job := &stages.Job{
		Params: c.Params, In: c.In, Out: c.Out, Dir: c.Dir, Checkpoint: c.Checkpoint, Threads: 1, Log: os.Stdout,
		OnClass: func(class string) { fmt.Println("class", class) },
	}
	if c.Memory > 0 {
		if err := limit(c.Memory); err != nil {
			return err
		}
	}
	return stage(&trainer.Backend{CheckpointEvery: c.Every}).Run(context.Background(), job)
}

// limit bounds the address space to what there is and a number of bytes more.
func limit(more int64) error {
	if err := torch.SelfTest(gotch.CPU); err != nil { // loads what libtorch loads late
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	var kib uint64
	_, rest, _ := bytes.Cut(status, []byte("VmSize:"))
	if _, err := fmt.Sscanf(string(rest), "%d kB", &kib); err != nil {
		return err
	}
	most := kib<<10 + uint64(more)
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most})
}

// command starts a child that trains as the job says.
func command(t testing.TB, job *stages.Job, c child) *exec.Cmd {
	t.Helper()
	c.Params, c.In, c.Out, c.Dir, c.Checkpoint = job.Params, job.In, job.Out, job.Dir, job.Checkpoint
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childJob+"="+string(text))
	return cmd
}

// again makes the folder of a job that failed as it was before.
func again(t testing.TB, job *stages.Job) {
	t.Helper()
	for _, out := range job.Out {
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(job.Dir, "tokenizer")); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledTrainingEndsAsIfItWasNot(t *testing.T) {
	t.Parallel()
	const steps = 400
	in := batches(t, fmt.Sprintf(`{"sampler": "hybrid", "steps": %d, "batch_size": 16}`, steps), pairs(100, 1))
	held := stagetest.Input{Port: "validation", Content: lines(t, pairs(40, 2))}
	const params = "{" + tiny + `, "learning_rate": 0.001, "warmup": 20, "schedule": "cosine", "log_every": 7,` +
		`"transformer.learn_temperature": true, "transformer.accumulate": 2, "transformer.micro_batch": 20, "transformer.validate_every": 50}`
	s := stage(&trainer.Backend{})
	undisturbed := stagetest.NewJob(t, s, params, in, held)
	began := time.Now()
	if out, err := command(t, undisturbed, child{}).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(began)

	job := stagetest.NewJob(t, s, params, in, held)
	job.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	var starts []string
	// train kills the training a random while after its first checkpoint, which it
	// writes after a step, or never if within is 0.
	train := func(within time.Duration) (killed bool) {
		before := checkpointed(t, job)
		cmd := command(t, job, child{Every: time.Nanosecond})
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		var err error
		for running := true; running; {
			select {
			case err = <-ended:
				running = false
			case <-time.After(5 * time.Millisecond):
				if within > 0 && checkpointed(t, job).After(before) {
					time.Sleep(rand.N(within))
					cmd.Process.Kill() //nolint:errcheck // it may have ended
					within = 0
				}
			}
		}
		if _, at, ok := strings.Cut(out.String(), "going on after step "); ok {
			at, _, _ = strings.Cut(at, "\n")
			starts = append(starts, at)
		}
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
			t.Fatalf("%v\n%s", err, out.String())
		}
		return err != nil
	}
	const kills = 5
	for n := range kills {
		if !train(took / 8) {
			t.Skipf("it ended after %d kills: the machine is too uneven for this test", n)
		}
		again(t, job)
	}
	if train(0) {
		t.Fatal("it was killed without need")
	}
	t.Logf("%v undisturbed; it went on after steps %v", took, starts)
	if len(starts) != kills {
		t.Errorf("%d starts of %d went on from a checkpoint", len(starts), kills)
	}
	if weights(t, job) != weights(t, undisturbed) {
		t.Error("the weights differ from those of an undisturbed training")
	}
	if diff := cmp.Diff(curve(t, undisturbed), curve(t, job)); diff != "" {
		t.Errorf("the curve differs (-undisturbed +killed):\n%s", diff)
	}
}

// checkpointed returns when the job's last checkpoint was written.
func checkpointed(t *testing.T, job *stages.Job) time.Time {
	t.Helper()
	info, err := os.Stat(filepath.Join(job.Checkpoint, "checkpoint.safetensors"))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

func TestADamagedCheckpointIsOfNoUse(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 10, "batch_size": 16}`, pairs(100, 1))
	held := stagetest.Input{Port: "validation", Content: lines(t, pairs(40, 2))}
	const params = tiny + `, "transformer.validate_every": 5`
	want := weights(t, must(t, params, in, held))
	text := func(content string) func(name string) error {
		return func(name string) error { return os.WriteFile(name, []byte(content), 0o644) }
	}
	for name, write := range map[string]func(name string) error{
		"empty":            text(""),
		"garbage":          text(strings.Repeat("x", 5000)),
		"without progress": text("\x02\x00\x00\x00\x00\x00\x00\x00{}"),
		// Nothing of it may stay, such as a best loss that no weights belong to.
		"of another model": func(name string) error {
			return tensor.SaveSafetensors(name, &tensor.Safetensors{
				Tensors:  map[string]tensor.Tensor{"weight.0": {Shape: []int{1}, Data: []float32{1}}},
				Metadata: map[string]string{"progress": `{"taken": [], "validation": {"best": 1e-9, "since": 7}}`},
			})
		},
	} {
		s := stage(&trainer.Backend{})
		job := stagetest.NewJob(t, s, "{"+params+"}", in, held)
		job.Checkpoint = t.TempDir()
		if err := write(filepath.Join(job.Checkpoint, "checkpoint.safetensors")); err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context(), job); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if weights(t, job) != want {
			t.Errorf("%s: other weights", name)
		}
	}
}

// The process really has no more memory than that.
func TestMemoryRunsOut(t *testing.T) {
	t.Parallel()
	in := batches(t, `{"sampler": "hybrid", "steps": 3, "batch_size": 200}`, long(pairs(200, 1)))
	const params = `{"transformer.layers": 2, "transformer.hidden": 64, "transformer.heads": 4, "transformer.intermediate": 256,` +
		`"transformer.vocab_size": 1000, "learning_rate": 0.001, "transformer.dropout": 0}`
	s := stage(&trainer.Backend{})
	whole, little := stagetest.NewJob(t, s, params, in), stagetest.NewJob(t, s, params, in)
	if out, err := command(t, whole, child{}).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := command(t, little, child{Memory: 700 << 20}).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "out of memory; going on with ") || !strings.Contains(string(out), "class tolerant") {
		t.Error("memory did not run out, or nobody was told")
	}
	first, err := run(t, strings.Trim(params, "{}")+`, "max_steps": 0`, in)
	if err != nil {
		t.Fatal(err)
	}
	if d, moved := distance(t, whole, little), distance(t, whole, first); d > moved/50 {
		t.Errorf("weights differ by %v after moving by %v", d, moved)
	}
}
