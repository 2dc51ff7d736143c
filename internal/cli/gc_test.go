package cli_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestKilledGC kills gc at random moments: whatever it left of the cache, a run
// comes to the digests that it always did, for what was kept without any work.
func TestKilledGC(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.hcl")
	write := func(old bool) {
		t.Helper()
		src := killed
		if old {
			src = strings.ReplaceAll(src, "seq", "echo old; seq")
		}
		if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(true)
	old := outputs(t, dir, "cache")
	write(false)
	kept := outputs(t, dir, "cache")
	if old == kept {
		t.Fatal("both states have the same outputs")
	}
	for range 8 {
		cmd := self(t, dir, "gc", "--cache", "cache", "--keep", "1", "--newer", "0")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(rand.N(150*time.Millisecond), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err != nil && !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		if diff := cmp.Diff(kept, outputs(t, dir, "cache")); diff != "" {
			t.Errorf("what was kept (-before +after):\n%s", diff)
		}
		write(true)
		if diff := cmp.Diff(old, outputs(t, dir, "cache")); diff != "" {
			t.Errorf("what went, made again (-before +after):\n%s", diff)
		}
		write(false)
		cmd = self(t, dir, "run", "--cache", "cache")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "done: 0 ran") {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// slow is a run that goes on until it is told to end.
func slow(t *testing.T, dir string) (end func()) {
	t.Helper()
	src := `
stage "exec" "slow" {
  command = ["sh", "-c", "echo > ` + dir + `/started; until test -e ` + dir + `/go; do sleep 0.01; done; seq 20000 > out/text"]
  outputs = { text = "text" }
}`
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	run := self(t, dir, "run", "main.hcl")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "started")) {
		time.Sleep(10 * time.Millisecond)
	}
	return func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := run.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// waiting starts gc and returns what it prints in the end, once it waits.
func waiting(t *testing.T, dir string, args ...string) (end func() string) {
	t.Helper()
	gc := self(t, dir, append([]string{"gc"}, args...)...)
	log, err := os.CreateTemp(dir, "log-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() }) // its reader has it all
	gc.Stderr = log
	var out bytes.Buffer
	gc.Stdout = &out
	if err := gc.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		b, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "waiting:") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return func() string {
		t.Helper()
		if err := gc.Wait(); err != nil {
			t.Error(err)
		}
		return out.String()
	}
}

// TestGCWaitsForARun starts gc while a run goes on.
func TestGCWaitsForARun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	endRun := slow(t, dir)
	endGC := waiting(t, dir, "--newer", "0")
	endRun()
	if out := endGC(); !strings.Contains(out, "kept: the results of 1 of 1 runs") || !strings.Contains(out, "removed: nothing") {
		t.Error(out)
	}
}

// TestTwoGCsKeepTheSame starts two at once: what the first gives back is no part
// of what the second finds.
func TestTwoGCsKeepTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "sizes.hcl")
	for i := range 5 {
		src := fmt.Sprintf(`
stage "exec" "big" {
  command = ["sh", "-c", "head -c $((10000000 + %d)) /dev/zero > out/big"]
  outputs = { big = "big" }
}`, i)
		if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := self(t, dir, "run", "sizes.hcl").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	endRun := slow(t, dir)
	first := waiting(t, dir, "--max-size", "75MB")
	second := waiting(t, dir, "--max-size", "75MB")
	endRun()
	both := first() + second() // whichever came first
	if strings.Count(both, "1 × exec") != 1 || strings.Count(both, "removed: nothing") != 1 {
		t.Error(both)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
