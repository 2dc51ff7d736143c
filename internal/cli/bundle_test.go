package cli_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"repro/cache"
	"repro/internal/testkit"
)

// exported runs the workflow of TestKilledRunsGoOn and returns its bundle.
func exported(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	src := killed + `
stage "exec" "odd" {
  matrix  = { text = ["a b/c", "a_b_c", "[x]"] }
  command = ["sh", "-c", "echo ${each.text}; echo '[{\"metric\": \"n\", \"value\": 1}]' > out/n.json"]
  outputs = { metrics = "n.json" }
}
report "odd" {
  from    = stage.exec.odd[*].metrics
  rows    = ["text"]
  columns = ["metric"]
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"run"}, {"export"}} {
		if out, err := self(t, dir, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func TestTheCrateDescribesTheBundle(t *testing.T) {
	t.Parallel()
	z, err := zip.OpenReader(filepath.Join(exported(t), "bundle.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close() //nolint:errcheck // opened for reading only
	files := map[string]cache.Digest{}
	var metadata []byte
	logs := 0
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = cache.Of(b)
		if f.Name == "ro-crate-metadata.json" {
			metadata = b
		}
		if strings.HasPrefix(f.Name, "logs/exec.odd/") {
			logs++
		}
	}
	testkit.Crate(t, metadata, files)
	if logs != 3 {
		t.Errorf("%d logs of three stages with odd names", logs)
	}
}

// TestKilledImportsLeaveAWholeCache kills an import at random moments, over and
// over: what a run then finds in the cache is a part of the results, and all of
// them once an import gets through.
func TestKilledImportsLeaveAWholeCache(t *testing.T) {
	t.Parallel()
	const kills = 30
	dir := exported(t)
	rng := rand.New(rand.NewPCG(1, 2)) // the moments differ from run to run all the same: the machine sees to it
	undisturbed := outputs(t, dir, "undisturbed")
	stopped := 0
	for range kills {
		cmd := self(t, dir, "import", "bundle.zip", "--cache", "there")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rng.IntN(200))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			stopped++
		}
		timer.Stop()
		out, err := self(t, dir, "plan", "--cache", "there").CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("output gone")) {
			t.Fatalf("after a kill: %v\n%s", err, out)
		}
	}
	if out, err := self(t, dir, "import", "bundle.zip", "--cache", "there").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := self(t, dir, "run", "--cache", "there").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("done: 0 ran, 40 cached")) {
		t.Errorf("%v\n%s", err, out)
	}
	if got := outputs(t, dir, "there"); got != undisturbed {
		t.Error("the outputs are not those of a run")
	}
	t.Logf("%d of %d imports were killed", stopped, kills)
}
