package worker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/disk"
	"repro/cache/mem"
	"repro/engine"
	"repro/engine/worker"
	"repro/stages"
)

// stage is a kind whose work is a function.
type stage struct {
	class string
	run   func(ctx context.Context, job *stages.Job) error
}

func (s stage) Spec() stages.Spec {
	return stages.Spec{Kind: "test", Version: "1", Class: s.class, Outputs: []stages.Port{{Name: "out", Doc: "Text."}}}
}

func (s stage) Run(ctx context.Context, job *stages.Job) error {
	if err := s.run(ctx, job); err != nil {
		return err
	}
	return os.WriteFile(job.Out["out"], []byte("done"), 0o644)
}

type scratch struct{ dir string }

func (s scratch) WorkDir() (string, error) { return os.MkdirTemp(s.dir, "work-") }
func (s scratch) Discard(dir string)       { _ = os.RemoveAll(dir) }

// task has a key of its own for each version.
func task(t testing.TB, version string) *engine.Task {
	t.Helper()
	return &engine.Task{
		Addr:   engine.Addr{Kind: "test", Name: "a"},
		Action: &cache.Action{Kind: "test", Version: version, Outputs: []cache.Output{{Port: "out"}}},
	}
}

// do runs the stage once, with checkpoints in dir/checkpoints.
func do(t testing.TB, dir string, s stage, version string) (*cache.Result, []engine.Event, error) {
	t.Helper()
	checkpoints, err := worker.OpenCheckpoints(filepath.Join(dir, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	w := &worker.Worker{Store: mem.New(), Kinds: stages.NewRegistry(s), Scratch: scratch{dir}, Checkpoints: checkpoints}
	var events []engine.Event
	result, err := w.Run(t.Context(), task(t, version), worker.Share{Threads: 1}, func(e engine.Event) { events = append(events, e) })
	return result, events, err
}

// kept returns the hashes of the keys that checkpoints are kept of.
func kept(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		hash, _, _ := strings.Cut(e.Name(), "-")
		names = append(names, hash)
	}
	return names
}

// counter counts up in its checkpoint and fails until it has come to three.
func counter(attempts *int) stage {
	return stage{run: func(_ context.Context, job *stages.Job) error {
		file := filepath.Join(job.Checkpoint, "count")
		if err := os.MkdirAll(job.Checkpoint, 0o755); err != nil {
			return err
		}
		before, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if len(before) != *attempts {
			return fmt.Errorf("attempt %d finds %q", *attempts, before)
		}
		*attempts++
		if err := os.WriteFile(file, append(before, 'x'), 0o644); err != nil {
			return err
		}
		switch *attempts {
		case 1:
			return errors.New("not yet")
		case 2:
			panic("not yet")
		}
		return nil
	}}
}

func TestAnAttemptGoesOnFromTheCheckpointOfTheOneBefore(t *testing.T) {
	t.Parallel()
	dir, attempts := t.TempDir(), 0
	s := counter(&attempts)
	for range 2 {
		_, _, err := do(t, dir, s, "1")
		var failure *engine.StageError
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), "not yet") {
			t.Fatal(err)
		}
		names := kept(t, dir)
		if want := []string{task(t, "1").Action.Key().Hex()}; !cmp.Equal(want, names) {
			t.Errorf("checkpoints %v, want %v", names, want)
		}
		if _, err := os.Stat(filepath.Join(failure.Checkpoint, "count")); err != nil {
			t.Errorf("the error names another checkpoint: %v", err)
		}
	}
	other := 0
	if _, _, err := do(t, dir, counter(&other), "2"); err == nil || other != 1 {
		t.Errorf("another action found something: %v", err)
	}
	if _, _, err := do(t, dir, s, "1"); err != nil || attempts != 3 {
		t.Errorf("attempt %d: %v", attempts, err)
	}
	if names := kept(t, dir); !cmp.Equal([]string{task(t, "2").Action.Key().Hex()}, names) {
		t.Errorf("after success %v are left", names)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "work-*")); len(left) > 0 {
		t.Errorf("folders left behind: %v", left)
	}
}

// A plugin that outlives its killed engine by a moment must not get into the
// way of the next attempt.
func TestWhoHasLostTheCheckpointWritesElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(checkpoint, text string) error {
		if err := os.MkdirAll(checkpoint, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(checkpoint, "state"), []byte(text), 0o644)
	}
	var lost string
	attempt := func(want, next string) {
		t.Helper()
		_, _, err := do(t, dir, stage{run: func(_ context.Context, job *stages.Job) error {
			if lost != "" {
				if err := write(lost, "by a process that should be gone"); err != nil {
					return err
				}
			}
			lost = job.Checkpoint
			found, err := os.ReadFile(filepath.Join(job.Checkpoint, "state"))
			if err != nil && !errors.Is(err, os.ErrNotExist) || string(found) != want {
				t.Errorf("found %q, %v; want %q", found, err, want)
			}
			if next == "" {
				return nil
			}
			return errors.Join(write(job.Checkpoint, next), errors.New("not yet"))
		}}, "1")
		if (err == nil) != (next == "") {
			t.Error(err)
		}
	}
	attempt("", "one")
	attempt("one", "two")
	attempt("two", "three")
	attempt("three", "")
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
}

// A stage that changed its input may have kept what it made of it.
func TestACheckpointOfWhoKnowsWhatIsDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := disk.Open(filepath.Join(dir, "cache"), disk.Options{SmallBlob: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // the folder goes with the test
	in, err := cache.PutBytes(t.Context(), store, []byte("input"))
	if err != nil {
		t.Fatal(err)
	}
	action := task(t, "1")
	action.Action.Inputs = []cache.Input{{Port: "in", Artifact: cache.Artifact{Digest: in}}}
	checkpoints, err := worker.OpenCheckpoints(filepath.Join(dir, "checkpoints"))
	if err != nil {
		t.Fatal(err)
	}
	vandal := stage{run: func(_ context.Context, job *stages.Job) error {
		return errors.Join(os.Mkdir(job.Checkpoint, 0o755), os.Chmod(job.Path("in"), 0o644), os.WriteFile(job.Path("in"), []byte("other"), 0o644))
	}}
	w := &worker.Worker{Store: store, Kinds: stages.NewRegistry(vandal), Scratch: store, Checkpoints: checkpoints}
	_, err = w.Run(t.Context(), action, worker.Share{Threads: 1}, func(engine.Event) {})
	if err == nil || !strings.Contains(err.Error(), "changed one of its inputs") {
		t.Errorf("got %v", err)
	}
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
}

func TestAStageThatKeepsNoCheckpointLeavesNoFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, _, err := do(t, dir, stage{run: func(_ context.Context, job *stages.Job) error {
		if _, err := os.Stat(filepath.Dir(job.Checkpoint)); err != nil {
			return err
		}
		if _, err := os.Stat(job.Checkpoint); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("there is a checkpoint already: %w", err)
		}
		return errors.New("on purpose")
	}}, "1")
	var failure *engine.StageError
	if !errors.As(err, &failure) || failure.Err.Error() != "on purpose" || failure.Checkpoint != "" {
		t.Errorf("%+v", err)
	}
	if names := kept(t, dir); len(names) > 0 {
		t.Errorf("left: %v", names)
	}
}

func TestOldCheckpointsAreForgotten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	day := 24 * time.Hour
	key := func(n int) string { return fmt.Sprintf("%064d", n) }
	old, used, young := key(1), key(2), key(3)
	const users = "mymodel" // the cache may be in a folder of the user's
	for name, age := range map[string]time.Duration{old: 31 * day, used: 31 * day, young: 29 * day, users: 99 * day} {
		folder := filepath.Join(dir, "checkpoints", name)
		if name != users {
			folder += "-20260101T120000.000000000Z"
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, "state")
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if name != used { // written to again without a new name in the folder
			if err := os.Chtimes(file, then, then); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(folder, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := worker.OpenCheckpoints(filepath.Join(dir, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{used, young, users}, kept(t, dir)); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
}

func TestTheRunSaysItsClass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec string
		said []string
		want cache.Determinism
		err  string
	}{
		{"", nil, cache.Deterministic, ""},
		{"tolerant", nil, cache.Tolerant, ""},
		{"", []string{"stochastic"}, cache.Stochastic, ""},
		{"tolerant", []string{"stochastic", "deterministic"}, cache.Deterministic, ""},
		{"", []string{"mostly"}, "", `says that it is "mostly"`},
	} {
		result, _, err := do(t, t.TempDir(), stage{class: c.spec, run: func(_ context.Context, job *stages.Job) error {
			for _, class := range c.said {
				job.SetClass(class)
			}
			return nil
		}}, "1")
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v: %v", c, err)
			}
		case err != nil || result.Class != c.want:
			t.Errorf("%+v: %+v, %v", c, result, err)
		}
	}
}

func TestNotesStandBesideTheProgress(t *testing.T) {
	t.Parallel()
	_, events, err := do(t, t.TempDir(), stage{run: func(_ context.Context, job *stages.Job) error {
		job.Progress(1, 9, "steps")
		job.Note("loss 0.5")
		job.Progress(2, 9, "steps")
		job.Note("\x1b[31mtwo\r\n lines\t" + strings.Repeat("é", 99))
		return nil
	}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprintf("%s %d/%d %s: %s", e.Kind, e.Done, e.Total, e.Unit, e.Note))
	}
	want := []string{
		"progress 1/9 steps: ", "progress 1/9 steps: loss 0.5", "progress 2/9 steps: loss 0.5",
		"progress 2/9 steps: [31mtwo lines " + strings.Repeat("é", 45) + "…",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
