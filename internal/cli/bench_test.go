package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"repro/internal/testkit"
)

// The benchmarks time whole processes of the real binary on a matrix of small
// exec stages, against ninja doing the same commands in the same run.

// buildBinary builds repro as users do.
func buildBinary(b testing.TB) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "repro")
	cmd := exec.Command("go", "build", "-trimpath", "-o", binary, ".")
	cmd.Dir = testkit.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// matrix writes a project of n stages, a multiple of 100, that each copy a file of 1 KiB.
func matrix(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	var ninja strings.Builder
	ninja.WriteString("rule copy\n command = cat $in > $out\n")
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o755); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		text := fmt.Sprintf("%1024d", i)
		name := fmt.Sprintf("%d-%d", i/100, i%100)
		if err := os.WriteFile(filepath.Join(dir, "in", name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&ninja, "build out/%s: copy in/%s\n", name, name)
	}
	for name, text := range map[string]string{
		"build.ninja": ninja.String(),
		"main.hcl": fmt.Sprintf(`
stage "exec" "copy" {
  matrix  = { i = range(%d), j = range(100) }
  command = ["sh", "-c", "cat in/text > out/text"]
  inputs  = { text = "in/${each.i}-${each.j}" }
  outputs = { text = "text" }
}
`, n/100),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	// Fingerprints of files younger than two seconds are not kept.
	time.Sleep(2100 * time.Millisecond)
	return dir
}

func timed(b *testing.B, dir, name string, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	started := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(started)
	if err != nil {
		b.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return took
}

func ninja(b *testing.B) string {
	b.Helper()
	path, err := exec.LookPath("ninja")
	if err != nil {
		b.Skip("ninja is not installed: there is nothing to compare with (apt-get install ninja-build)")
	}
	return path
}

// BenchmarkCold1000 runs 1,000 stages from an empty cache.
func BenchmarkCold1000(b *testing.B) {
	const n = 1000
	peer, binary, dir := ninja(b), buildBinary(b), matrix(b, n)
	var ours, theirs time.Duration
	for b.Loop() {
		for _, made := range []string{".repro", "out", ".ninja_log", ".ninja_deps"} {
			if err := os.RemoveAll(filepath.Join(dir, made)); err != nil {
				b.Fatal(err)
			}
		}
		ours += timed(b, dir, binary, "run", "main.hcl")
		theirs += timed(b, dir, peer, "-j2")
	}
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "×ninja")
	b.ReportMetric(ours.Seconds()*1000/float64(b.N*n), "ms/stage")
}

// BenchmarkNoop10000 runs 10,000 stages that are all in the cache.
func BenchmarkNoop10000(b *testing.B) {
	const n = 10_000
	peer, binary, dir := ninja(b), buildBinary(b), matrix(b, n)
	timed(b, dir, binary, "run", "main.hcl")
	timed(b, dir, peer, "-j2")
	timed(b, dir, binary, "run", "main.hcl")
	var ours, theirs time.Duration
	for b.Loop() {
		ours += timed(b, dir, binary, "run", "main.hcl")
		theirs += timed(b, dir, peer, "-j2")
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/noop")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "×ninja")
}
