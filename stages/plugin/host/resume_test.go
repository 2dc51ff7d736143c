package host_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	"repro/stages"
	"repro/stages/plugin/host"
	"repro/stages/plugin/v1"
	"repro/stages/stagetest"
)

// resume counts attempts in the job's checkpoint: the first fails, the second is
// killed, the third is done.
func resume(job *stages.Job) error {
	file := filepath.Join(job.Checkpoint, "attempts")
	if err := os.MkdirAll(job.Checkpoint, 0o755); err != nil {
		return err
	}
	attempts, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	attempts = append(attempts, 'x')
	if err := os.WriteFile(file, attempts, 0o644); err != nil {
		return err
	}
	job.SetClass("stochastic")
	job.Progress(int64(len(attempts)), 3, "attempts")
	job.Note(fmt.Sprintf("attempt %d", len(attempts)))
	job.SetClass("tolerant") // what was held back is sent before it
	switch len(attempts) {
	case 1:
		return errors.New("not yet")
	case 2:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return os.WriteFile(job.Out["copy"], attempts, 0o644)
}

func TestAnAttemptGoesOnFromTheCheckpointOfTheOneBefore(t *testing.T) {
	t.Parallel()
	kind := open(t, "resumes").Kinds()[0]
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	for attempt, want := range []string{"not yet", "signal: killed", ""} {
		job := stagetest.NewJob(t, kind, `{}`, stagetest.Input{Port: "file", Content: "hello\n"})
		job.Checkpoint = checkpoint
		var said []string
		job.OnProgress = func(done, total int64, unit string) {
			said = append(said, fmt.Sprintf("%d of %d %s", done, total, unit))
		}
		job.OnNote = func(text string) { said = append(said, text) }
		job.OnClass = func(class string) { said = append(said, class) }
		err := kind.Run(t.Context(), job)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("attempt %d: got %v, want %q", attempt+1, err, want)
		}
		progress, note := fmt.Sprintf("%d of 3 attempts", attempt+1), fmt.Sprintf("attempt %d", attempt+1)
		// What a process says just before it is killed may be lost.
		if diff := cmp.Diff([]string{"stochastic", progress, note, "tolerant"}, said); attempt != 1 && diff != "" {
			t.Errorf("attempt %d (-want +said):\n%s", attempt+1, diff)
		}
		if copied, _ := os.ReadFile(job.Out["copy"]); want == "" && string(copied) != "xxx" {
			t.Errorf("the output is %q", copied)
		}
	}
}

// TestStartedByHand does what an author does with a debugger.
func TestStartedByHand(t *testing.T) {
	t.Parallel()
	p := program(t, "resumes")
	job := stagetest.NewJob(t, copier{}, `{}`, stagetest.Input{Port: "file", Content: "hello\n"})
	req := host.Request(job)
	req.What = &pluginv1.RunRequest_Work{Work: &pluginv1.Work{
		Kind: "demo-copy", Outputs: job.Out, Checkpoint: filepath.Join(t.TempDir(), "checkpoint"),
	}}
	raw, err := protojson.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(job.Dir, "request.json")
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"this run is stochastic\n1 of 3 attempts\nthis run is tolerant\nnot yet\n",
		"this run is stochastic\n2 of 3 attempts\nthis run is tolerant\n",
		"this run is stochastic\n3 of 3 attempts\nthis run is tolerant\n",
	} {
		cmd := exec.Command(p.Argv[0], "run", file)
		cmd.Env = append(os.Environ(), p.Env...)
		said, _ := cmd.CombinedOutput()
		if diff := cmp.Diff(want, string(said)); diff != "" {
			t.Errorf("(-want +said):\n%s", diff)
		}
	}
	if copied, err := os.ReadFile(job.Out["copy"]); string(copied) != "xxx" {
		t.Errorf("the output is %q, %v", copied, err)
	}
}
