package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// killed is a workflow with small and large outputs and every kind of edge.
const killed = `
stage "exec" "seed" {
  matrix  = { i = range(12) }
  command = ["sh", "-c", "seq ${each.i} $((${each.i} + 20)) > out/text"]
  outputs = { text = "text" }
}
stage "exec" "large" {
  matrix  = { i = range(12) }
  command = ["sh", "-c", "for n in 1 2 3 4; do seq 10000 | sed s/^/$(head -1 in/text)/; done > out/text"]
  inputs  = { text = stage.exec.seed[each.i].text }
  outputs = { text = "text" }
}
stage "exec" "tree" {
  matrix  = { i = range(12) }
  command = ["sh", "-c", "mkdir out/dir; cp in/text out/dir/whole; split -l 20000 in/text out/dir/part-"]
  inputs  = { text = stage.exec.large[each.i].text }
  outputs = { dir = "dir/" }
}
stage "exec" "sum" {
  command = ["sh", "-c", "cat in/*/* | cksum > out/text; ls in/*  | cksum >> out/text"]
  inputs  = { for t in stage.exec.tree : "t${t.each.i}" => t.dir }
  outputs = { text = "text" }
}
`

// TestKilledRunsGoOn kills a run at random moments, over and over, until one
// gets through: its outputs must equal those of an undisturbed run.
func TestKilledRunsGoOn(t *testing.T) {
	t.Parallel()
	const kills = 50
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(killed), 0o644); err != nil {
		t.Fatal(err)
	}
	undisturbed := outputs(t, dir, "undisturbed")
	rng := rand.New(rand.NewPCG(1, 2)) // the moments differ from run to run all the same: the machine sees to it
	ended, cache := 0, 0
	for range kills {
		if killRun(t, dir, fmt.Sprintf("cache%d", cache), time.Duration(rng.IntN(600))*time.Millisecond) {
			continue
		}
		// This one got through before its end: look at what it left, then start anew.
		ended++
		if diff := cmp.Diff(undisturbed, outputs(t, dir, fmt.Sprintf("cache%d", cache))); diff != "" {
			t.Errorf("outputs after kills (-undisturbed +killed):\n%s", diff)
		}
		cache++
	}
	if diff := cmp.Diff(undisturbed, outputs(t, dir, fmt.Sprintf("cache%d", cache))); diff != "" {
		t.Errorf("outputs after kills (-undisturbed +killed):\n%s", diff)
	}
	t.Logf("%d kills, %d of the runs got through before theirs", kills, ended)
}

// self returns a command that runs repro: the test binary in its other role.
func self(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := exec.LookPath("repro") // testscript.Main puts it there
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	return cmd
}

// killRun starts a run and kills it after a while; it reports whether there
// was still something to kill.
func killRun(t *testing.T, dir, cache string, after time.Duration) bool {
	t.Helper()
	cmd := self(t, dir, "run", "--cache", cache)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return true
}

// outputs runs the workflow to its end and returns the digests of all outputs.
func outputs(t *testing.T, dir, cache string) string {
	t.Helper()
	cmd := self(t, dir, "run", "--cache", cache, "--json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return digests(t, out)
}

// TestTwoAtOnce starts two runs on one cache: the second waits for the first,
// and nothing runs twice.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src := strings.Replace(killed, `command = ["sh", "-c", "seq`, `command = ["sh", "-c", "echo >> ${local.log}; seq`, 1) +
		fmt.Sprintf("locals { log = %q }\n", filepath.Join(dir, "log"))
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	var all [2]*exec.Cmd
	for i := range all {
		all[i] = self(t, dir, "run")
		if err := all[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil || len(log) != 12 {
		t.Errorf("%d stages ran, want 12 (%v)", len(log), err)
	}
}

// TestInterruptStopsCleanly sends what Ctrl-C sends.
func TestInterruptStopsCleanly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src := `
stage "exec" "slow" {
  command = ["sh", "-c", "echo started > ` + filepath.Join(dir, "started") + `; sleep 600; echo > out/text"]
  outputs = { text = "text" }
}`
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := self(t, dir, "run")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, err := os.Stat(filepath.Join(dir, "started")); err != nil; _, err = os.Stat(filepath.Join(dir, "started")) {
		time.Sleep(10 * time.Millisecond)
	}
	status, err := self(t, dir, "status").Output()
	if err != nil || !strings.Contains(string(status), "last run: running") {
		t.Errorf("%v\n%s", err, status)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 || !strings.Contains(stderr.String(), "interrupted: 0 ran") {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	status, err = self(t, dir, "status").Output()
	if err != nil || !strings.Contains(string(status), "last run: interrupted, 1 skipped") {
		t.Errorf("%v\n%s", err, status)
	}
}
