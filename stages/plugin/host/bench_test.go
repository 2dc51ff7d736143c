package host_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"repro/stages"
	"repro/stages/plugin"
	"repro/stages/plugin/host"
	"repro/stages/sample"
	"repro/stages/stagetest"
)

// serveHybrid is the engine's own hybrid sampler, its code unchanged, as the
// sampler of a plugin.
func serveHybrid() {
	m := hybrid()
	m.Name = "demo"
	plugin.Serve(plugin.Plugin{Samplers: []sample.Method{m}})
}

func hybrid() sample.Method {
	for _, m := range sample.Methods() {
		if m.Name == "hybrid" {
			return m
		}
	}
	panic("there is no hybrid")
}

// million writes pairs, a million for 250,000 items: each in four languages, with
// passages of about 150 bytes.
func million(b testing.TB, items int) stagetest.Input {
	b.Helper()
	name := filepath.Join(b.TempDir(), "pairs.jsonl")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range items {
		for _, lang := range []string{"de", "en", "es", "fr"} {
			fmt.Fprintf(w, `{"dataset":"d%d","id":"q%07d","lang":%q,"query":"which number has the question that is asked here in %s, is it %d or another one?",`, i%5, i, lang, lang, i)                                          //nolint:errcheck // Flush reports it
			fmt.Fprintf(w, `"passage":"The number %d was given to this sentence, which is as long as a sentence of an encyclopedia is on average, and is in the language %s, or so it says.","origin":"original"}`+"\n", i, lang) //nolint:errcheck // as above
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return stagetest.Input{Port: "input", From: name}
}

// runOnce runs the stage and returns how long it took and its batches.
func runOnce(b testing.TB, s stages.Stage, sampler, params string, in stagetest.Input) (time.Duration, []byte) {
	b.Helper()
	job := stagetest.NewJob(b, s, fmt.Sprintf(`{"sampler": %q, "steps": 10000, "batch_size": 100%s}`, sampler, params), in)
	started := time.Now()
	if err := s.Run(b.Context(), job); err != nil {
		b.Fatal(err)
	}
	took := time.Since(started)
	raw, err := os.ReadFile(filepath.Join(job.Out["batches"], "batches.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	return took, raw
}

// BenchmarkHybridOfAMillionPairs draws 10,000 batches of 100 from a million
// pairs, by the same code in this process and in a plugin's, one after the
// other. It reports the ratio of the two times.
func BenchmarkHybridOfAMillionPairs(b *testing.B) {
	in := million(b, 250_000)
	p, err := host.Open(b.Context(), program(b, "hybrid"), host.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Samplers()[0].Remote.Check(json.RawMessage(`{"alpha": 0.5}`)); err != nil {
		b.Fatal(err)
	}
	defer p.Close() //nolint:errcheck // the benchmark is over
	var local, remote time.Duration
	for b.Loop() {
		here, want := runOnce(b, sample.New(), "hybrid", "", in)
		there, got := runOnce(b, sample.New(p.Samplers()...), "demo", "", in)
		if string(got) != string(want) {
			b.Fatal("the batches differ")
		}
		local, remote = local+here, remote+there
	}
	b.ReportMetric(local.Seconds()/float64(b.N), "s/in-process")
	b.ReportMetric(remote.Seconds()/float64(b.N), "s/plugin")
	b.ReportMetric(remote.Seconds()/local.Seconds(), "plugin/in-process")
}

// TestHybridGivesTheSameBatchesInAPlugin: the engine's own sampler, its code
// unchanged, out of process.
func TestHybridGivesTheSameBatchesInAPlugin(t *testing.T) {
	t.Parallel()
	in := million(t, 500)
	_, want := runOnce(t, sample.New(), "hybrid", "", in)
	_, got := runOnce(t, sample.New(open(t, "hybrid").Samplers()...), "demo", "", in)
	if len(want) == 0 || string(got) != string(want) {
		t.Errorf("%d bytes in process, %d out of it, or other ones", len(want), len(got))
	}
}
