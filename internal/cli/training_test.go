package cli_test

import (
	"bytes"
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

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages/tensor"
)

// training is a workflow that trains a tiny transformer on facts in two
// languages, embeds and evaluates.
const training = `
variable "steps" { default = 20 }
variable "threads" { default = 1 }
variable "layers" { default = 1 }
variable "learning_rate" { default = 0.001 }
variable "device" { default = "cpu" }
variable "init" { default = [] }

plugin "transformer" {
  source = %q
  build  = "npx --yes rust-just gotch"
}

stage "convert" "train" {
  format    = "parallel"
  dataset   = "facts"
  langs     = ["en", "de"]
  input     = ["facts/train/en.jsonl", "facts/train/de.jsonl"]
  retrieval = false
}
stage "convert" "test" {
  format  = "parallel"
  dataset = "facts"
  langs   = ["en", "de"]
  input   = ["facts/test/en.jsonl", "facts/test/de.jsonl"]
}
stage "sample" "batches" {
  input      = [stage.convert.train.pairs]
  sampler    = "hybrid"
  batch_size = 16
  steps      = var.steps
}
stage "collect" "init" {
  matrix = { dir = var.init }
  source = [each.dir]
  unpack = true
}
stage "train" "encoder" {
  batches       = stage.sample.batches.batches
  init          = length(var.init) > 0 ? stage.collect.init[var.init[0]].dir : null
  backend       = "transformer"
  learning_rate = var.learning_rate
  log_every     = 10
  transformer {
    layers       = var.layers
    hidden       = 32
    heads        = 2
    intermediate = 64
    vocab_size   = 1000
    threads      = var.threads
    device       = var.device
  }
}
stage "embed" "texts" {
  model     = stage.train.encoder.model
  retrieval = stage.convert.test.retrieval
  backend   = "transformer"
}
stage "evaluate" "retrieval" {
  retrieval  = stage.convert.test.retrieval
  embeddings = stage.embed.texts.embeddings
}
report "map" {
  title   = "Mean average precision"
  from    = [stage.evaluate.retrieval.metrics]
  where   = { metric = "map" }
  rows    = ["query_lang", "doc_lang"]
  columns = ["setting"]
}
`

// trainingProject returns a folder with that workflow. It has the trainer as it
// is now: somebody may build another while the test runs.
func trainingProject(t *testing.T) string {
	t.Helper()
	built := filepath.Join(testkit.Root(), "bin/repro-gotch")
	if _, err := os.Stat(filepath.Join(built, "plugin.hcl")); err != nil {
		t.Skip("needs bin/repro-gotch: just gotch makes it")
	}
	dir := t.TempDir()
	plugin := filepath.Join(dir, "repro-gotch")
	err := errors.Join(
		os.CopyFS(plugin, os.DirFS(built)),
		os.CopyFS(filepath.Join(dir, "facts"), os.DirFS(filepath.Join(testkit.Root(), "workflows/data/facts"))),
		os.WriteFile(filepath.Join(dir, "w.hcl"), fmt.Appendf(nil, training, "./repro-gotch"), 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// train runs the workflow and returns its answer.
func train(t *testing.T, dir string, args ...string) (out []byte, states map[string]string) {
	t.Helper()
	cmd := self(t, dir, append([]string{"run", "w.hcl", "--json"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	states = map[string]string{}
	for _, s := range parseAnswer(t, out).Stages {
		states[s.Addr] = s.State
	}
	return out, states
}

func TestATransformerIsTrainedThroughTheEngine(t *testing.T) {
	t.Parallel()
	dir := trainingProject(t)
	out, err := self(t, dir, "run", "w.hcl").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "done: 6 ran, 0 cached") || !strings.Contains(string(out), "Mean average precision") {
		t.Fatalf("%v\n%s", err, out)
	}
	_, states := train(t, dir)
	first := map[string]string{
		"convert.train": "hit", "convert.test": "hit", "sample.batches": "hit",
		"train.encoder": "hit", "embed.texts": "hit", "evaluate.retrieval": "hit",
	}
	if diff := cmp.Diff(first, states); diff != "" {
		t.Errorf("the second run (-want +got):\n%s", diff)
	}
	for _, change := range []string{"layers=2", "threads=2"} {
		_, states := train(t, dir, "--var", change)
		for addr, state := range states {
			want := first[addr]
			switch addr {
			case "train.encoder":
				want = "ran"
			case "embed.texts", "evaluate.retrieval":
				if change == "threads=2" {
					continue // hits, if two threads came to the same bits
				}
				want = "ran"
			}
			if state != want {
				t.Errorf("%s: %s %s, want %s", change, addr, state, want)
			}
		}
	}
	elsewhere, _ := train(t, dir, "--cache", filepath.Join(t.TempDir(), "cache"), "--jobs", "2")
	again, _ := train(t, dir)
	if diff := cmp.Diff(digests(t, again), digests(t, elsewhere)); diff != "" {
		t.Errorf("outputs of another cache:\n%s", diff)
	}
}

// fails runs the workflow, which must fail with that exit code and say all that.
func fails(t *testing.T, dir string, code int, want []string, args ...string) {
	t.Helper()
	cmd := self(t, dir, append([]string{"run", "w.hcl"}, args...)...)
	cmd.Env = append(os.Environ(), "REPRO_CHECKPOINT_EVERY=1ns") // after the first step
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		t.Errorf("%v, want exit code %d\n%s", err, code, out)
	}
	for _, text := range want {
		if !strings.Contains(string(out), text) {
			t.Errorf("%q was not said:\n%s", text, out)
		}
	}
}

func TestATrainingThatCannotWorkSaysWhy(t *testing.T) {
	t.Parallel()
	dir := trainingProject(t)
	fails(t, dir, 4, []string{
		"failed   train.encoder: plugin transformer: step 2: loss NaN", "the training diverged. Try a smaller learning_rate",
		"after step 1 ", "kept in ", "/checkpoint.safetensors)",
	}, "--var", "learning_rate=1e35")
	// The stage asks for no GPU, and so sees none even where there is one.
	fails(t, dir, 4, []string{"device: libtorch ", "finds no GPU", "What is missing is told by: repro doctor"}, "--var", "device=cuda")
	out, err := self(t, dir, "doctor", "w.hcl", "--var", "device=cuda").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "train.encoder computes on one, but asks for none and so sees none") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat("/dev/nvidia0"); err != nil && !strings.Contains(string(out), "Missing, and needed by w.hcl: NVIDIA driver, trainer, GPU.") {
		t.Errorf("%s", out)
	}
	fails(t, dir, 3, []string{"transformer.layers: 0 is out of range", "on w.hcl line "}, "--var", "layers=0")

	// A model to begin with that lacks weights, or has others.
	if out, err := self(t, dir, "run", "w.hcl", "train.encoder").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := self(t, dir, "output", "w.hcl", "train.encoder", "--port", "model", "--to", "model").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(dir, "model/model.safetensors")
	weights, err := tensor.LoadSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	const gone, bent = "encoder.layer.0.attention.self.key.bias", "embeddings.LayerNorm.weight"
	delete(weights.Tensors, gone)
	short := weights.Tensors[bent]
	short.Shape, short.Data = []int{16}, short.Data[:16]
	weights.Tensors[bent] = short
	if err := errors.Join(os.Remove(file), tensor.SaveSafetensors(file, weights)); err != nil {
		t.Fatal(err)
	}
	fails(t, dir, 4, []string{
		"initial model: ", "1 missing tensor: " + gone, "1 tensor of another shape: " + bent + ": shape [16], want [32]",
	}, "--var", `init=["model"]`)
}

// TestKilledTrainingsGoOn kills first the engine and then the trainer in the
// middle of a training: its weights must equal those of an undisturbed one.
func TestKilledTrainingsGoOn(t *testing.T) {
	t.Parallel()
	dir := trainingProject(t)
	args := []string{"--var", "steps=1000", "--var", "layers=2"}
	undisturbed, _ := train(t, dir, append(args, "--cache", "undisturbed", "train.encoder")...)

	start := func() (*exec.Cmd, *bytes.Buffer) {
		cmd := self(t, dir, append([]string{"run", "w.hcl", "--cache", "killed", "train.encoder"}, args...)...)
		cmd.Env = append(os.Environ(), "REPRO_CHECKPOINT_EVERY=100ms")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &stderr
	}
	// until waits for something that a run does before it ends.
	until := func(cmd *exec.Cmd, stderr *bytes.Buffer, there func() bool) {
		for !there() {
			if alive := syscall.Kill(cmd.Process.Pid, 0) == nil && !isZombie(cmd.Process.Pid); !alive {
				t.Fatalf("the training has ended before:\n%s", stderr)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	cmd, stderr := start()
	until(cmd, stderr, func() bool { return !checkpointed(t, dir).IsZero() })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%v\n%s", err, stderr.String())
	}

	before := checkpointed(t, dir)
	cmd, stderr = start()
	until(cmd, stderr, func() bool { return checkpointed(t, dir).After(before) })
	if err := syscall.Kill(childOf(t, cmd.Process.Pid, "repro-gotch"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	for _, want := range []string{
		"failed   train.encoder: plugin transformer: it ended in the middle of its work: signal: killed",
		"another run goes on from its checkpoint; to start anew, remove ",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q was not said:\n%s", want, stderr.String())
		}
	}

	got, _ := train(t, dir, append(args, "--cache", "killed", "train.encoder")...)
	log, err := self(t, dir, "log", "w.hcl", "train.encoder", "--cache", "killed").Output()
	if err != nil || !strings.Contains(string(log), "going on after step ") {
		t.Errorf("it did not go on from its checkpoint: %v\n%s", err, log)
	}
	if diff := cmp.Diff(digests(t, undisturbed), digests(t, got)); diff != "" {
		t.Errorf("outputs (-undisturbed +killed):\n%s", diff)
	}
	if !checkpointed(t, dir).IsZero() {
		t.Error("the checkpoint was left behind")
	}
}

// checkpointed returns when the last checkpoint was written; zero if there is none.
func checkpointed(t *testing.T, dir string) (last time.Time) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "killed/checkpoints/*/checkpoint.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(last) { // it may move meanwhile
			last = info.ModTime()
		}
	}
	return last
}

// childOf returns a process's child that runs the program of that name.
func childOf(t *testing.T, parent int, program string) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, proc := range all {
		exe, err := os.Readlink(filepath.Join(proc, "exe"))
		if err != nil || filepath.Base(exe) != program {
			continue
		}
		if _, ppid := procStat(proc); ppid == parent {
			pid, err := strconv.Atoi(filepath.Base(proc))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatalf("process %d has no child %s", parent, program)
	return 0
}

// procStat returns the state of a process and its parent; "" if it is gone.
func procStat(proc string) (state string, parent int) {
	text, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

func isZombie(pid int) bool {
	state, _ := procStat(fmt.Sprintf("/proc/%d", pid))
	return state == "Z"
}
