package gc_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
	"repro/cache/gc"
	"repro/cache/runs"
)

// world is a store with the records of a project beside it.
type world struct {
	t     testing.TB
	store *disk.Store
	runs  string
	names map[cache.Digest]string // of blobs
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	s, err := disk.Open(filepath.Join(dir, "cache"), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, store: s, runs: filepath.Join(dir, "runs"), names: map[cache.Digest]string{}}
}

func (w *world) put(name string, b []byte) cache.Digest {
	w.t.Helper()
	d, err := cache.PutBytes(w.t.Context(), w.store, b)
	if err != nil {
		w.t.Fatal(err)
	}
	w.names[d] = name
	return d
}

// blob stores bytes of that size which no other name has.
func (w *world) blob(name string, size int) cache.Artifact {
	seed := cache.Of([]byte(name)).Hash
	return cache.Artifact{Digest: w.put(name, cachetest.Bytes(size, uint64(seed[0])|uint64(seed[1])<<8|uint64(seed[2])<<16))}
}

// result records a result of an action with these inputs, and returns the stage
// as a run would have it.
func (w *world) result(addr string, recorded time.Time, outputs map[string]cache.Artifact, inputs ...cache.Artifact) runs.Stage {
	w.t.Helper()
	kind, _, _ := strings.Cut(addr, ".")
	action := &cache.Action{Kind: kind, Version: addr}
	for i, in := range inputs {
		action.Inputs = append(action.Inputs, cache.Input{Port: "in", Name: fmt.Sprint(i), Artifact: in})
	}
	log := w.put("log of "+addr, []byte("log of "+addr))
	key := w.put("action of "+addr, action.Encode())
	if err := w.store.Record(w.t.Context(), key, &cache.Result{Outputs: outputs, Log: log, Recorded: recorded}); err != nil {
		w.t.Fatal(err)
	}
	return runs.Stage{Addr: addr, Kind: kind, Key: key, State: runs.Ran, Outputs: outputs, Log: log}
}

// run writes the record of a run.
func (w *world) run(daysAgo int, stages ...runs.Stage) *runs.Run {
	w.t.Helper()
	r := record(daysAgo, "", func(r *runs.Run) { r.Stages = stages })
	w.write(r)
	return r
}

func (w *world) write(r *runs.Run) {
	w.t.Helper()
	if err := runs.Open(w.runs).Write(r); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(w.runs, r.ID+".json"), r.Made(), r.Made()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) plan(policy gc.Policy) *gc.Plan {
	w.t.Helper()
	p, err := gc.New(w.t.Context(), w.store, []gc.Project{{Runs: w.runs, Refs: func(string) []string { return nil }}}, policy)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// gone returns the names of what goes.
func (w *world) gone(p *gc.Plan) []string {
	names := []string{}
	for _, stored := range p.Remove {
		names = append(names, w.names[stored.Digest])
	}
	slices.Sort(names)
	return names
}

func (w *world) expect(policy gc.Policy, want ...string) *gc.Plan {
	w.t.Helper()
	p := w.plan(policy)
	if diff := cmp.Diff(append([]string{}, want...), w.gone(p)); diff != "" {
		w.t.Errorf("what goes (-want +got):\n%s", diff)
	}
	return p
}

// ports is a shorthand for outputs.
type ports = map[string]cache.Artifact

func TestWhatRunsNeedStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := now.AddDate(-1, 0, 0)
	file := func(name string) cache.Tree { return cache.Tree{{Path: "f", Digest: w.blob(name, 20_000).Digest}} }
	kept := cache.Artifact{Digest: w.put("kept folder", file("kept file").Encode()), Tree: true}
	old := cache.Artifact{Digest: w.put("old folder", file("old file").Encode()), Tree: true}
	shared := w.blob("shared", 30_000)
	w.run(60,
		w.result("convert.old", long, ports{"dir": old}, w.blob("old source", 40_000)),
		w.result("convert.both", long, ports{"out": shared}),
	)
	published := w.blob("published", 100).Digest
	last := w.run(50,
		w.result("convert.new", long, ports{"dir": kept}, w.blob("source", 40_000)),
		w.result("convert.both", long, ports{"out": shared}),
	)
	last.Claims = []runs.Claim{{Published: published}}
	w.write(last)
	p := w.expect(gc.Policy{Keep: 1, Since: time.Now().Add(time.Hour)}, "log of convert.old", "old file", "old folder", "old source")
	if len(p.Kept) != 1 || p.Kept[0].ID != last.ID || len(p.Dropped) != 1 {
		t.Errorf("kept %+v, dropped %+v", p.Kept, p.Dropped)
	}
	want := []gc.Share{{Kind: "files read", Blobs: 1, Bytes: 40 << 10}, {Kind: "convert", Blobs: 2}, {Kind: "logs", Blobs: 1}}
	for i := range want[1:] {
		want[i+1].Bytes = p.Gone[min(i+1, len(p.Gone)-1)].Bytes // as the file system has it
	}
	if diff := cmp.Diff(want, p.Gone); diff != "" {
		t.Errorf("by kind (-want +got):\n%s", diff)
	}
}

func TestTheResultThatANewRunWouldGetStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := now.AddDate(-1, 0, 0)
	first := w.result("train.a", long, ports{"out": w.blob("first", 20_000)})
	w.run(40, first)
	// The same action gave other bytes later, in a run whose record is gone.
	w.result("train.a", long, ports{"out": w.blob("second", 20_000)})
	w.expect(gc.Policy{Keep: 1, Since: time.Now().Add(time.Hour)})
}

func TestTablesOfAllRunsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := now.AddDate(-1, 0, 0)
	stage := w.result("evaluate.a", long, ports{"metrics": w.blob("metrics", 20_000), "per_query": w.blob("per query", 20_000)})
	r := w.run(90, stage)
	r.Reports = []runs.Report{{From: []runs.Source{{Stage: "evaluate.a", Port: "metrics"}}, Published: w.blob("numbers", 20_000).Digest}}
	r.Claims = []runs.Claim{{Published: w.blob("numbers of a claim", 20_000).Digest}}
	w.write(r)
	w.expect(gc.Policy{Since: time.Now().Add(time.Hour)}, "log of evaluate.a", "per query")
}

func TestWhatAKilledRunMadeStaysWhileItIsYoung(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recorded := now.AddDate(0, 0, -10)
	stage := w.result("train.a", recorded, ports{"out": w.blob("model", 20_000), "small": w.blob("small", 20)})
	killed := record(10, "", func(r *runs.Run) { r.Status, r.Ended, r.Stages = runs.Running, time.Time{}, nil })
	w.write(killed)
	if p := w.expect(gc.Policy{Since: now.AddDate(0, 0, -14)}); p.Unfinished != 1 {
		t.Errorf("%d results of killed runs", p.Unfinished)
	}
	w.expect(gc.Policy{Since: time.Now().Add(time.Hour)}, "log of train.a", "model", "small")
	// What a run has on record stays or goes with that.
	w.run(9, stage)
	w.expect(gc.Policy{Since: now.AddDate(0, 0, -10).Add(-time.Hour), Keep: 1, Max: 1, Total: 1 << 20})
	w.run(8, w.result("train.b", recorded, ports{"out": w.blob("other", 20_000)}))
	w.expect(gc.Policy{Since: now.AddDate(0, 0, -10).Add(-time.Hour), Keep: 1, Max: 1, Total: 1 << 20}, "log of train.a", "model", "small")
}

func TestWhatAKilledRunGoesOnFromStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := now.AddDate(-1, 0, 0)
	model := w.result("train.a", long, ports{"out": w.blob("model", 20_000)})
	w.run(300, model)
	w.run(100, w.result("train.b", long, ports{"out": w.blob("other", 20_000)}))
	model.State = runs.Hit
	next := w.result("evaluate.a", now.AddDate(0, 0, -2), ports{"out": w.blob("numbers", 20_000)})
	pending := runs.Stage{Addr: next.Addr, Kind: next.Kind, Key: next.Key, State: runs.Pending}
	w.write(record(3, "", func(r *runs.Run) {
		r.Status, r.Ended, r.Stages = runs.Running, time.Time{}, []runs.Stage{model, pending}
	}))
	if p := w.expect(gc.Policy{Keep: 1, Since: now.AddDate(0, 0, -14)}); p.Unfinished != 1 {
		t.Errorf("%d results of killed runs", p.Unfinished)
	}
}

func TestAnImportedRunIsYoung(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := now.AddDate(-1, 0, 0)
	r := w.run(300, w.result("train.a", long, ports{"out": w.blob("model", 20_000)}))
	w.run(100, w.result("train.b", long, ports{"out": w.blob("other", 20_000)}))
	policy := gc.Policy{Keep: 1, Since: now.AddDate(0, 0, -14)}
	w.expect(policy, "log of train.a", "model")
	if err := os.Chtimes(filepath.Join(w.runs, r.ID+".json"), now, now); err != nil {
		t.Fatal(err)
	}
	w.expect(policy)
}

func TestWhatNobodyNamesGoesByItsAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.blob("large", 20_000)
	w.blob("small", 200)
	started := time.Now()
	w.expect(gc.Policy{Since: started.Add(-time.Minute)}, "small")
	w.expect(gc.Policy{Since: started.Add(time.Minute)}, "large", "small")
}

func TestResultsGoFromTheOldestUntilTheRestFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const size = 1 << 20
	var made []*runs.Run
	for i := range 5 {
		stage := w.result(fmt.Sprint("train.m", i), now.AddDate(0, 0, -50+i), ports{"out": w.blob(fmt.Sprint("model ", i), size)})
		made = append(made, w.run(50-i, stage))
	}
	projects := []gc.Project{{Runs: w.runs, Refs: func(string) []string { return nil }}}
	for most, want := range []int{1, 1, 2, 3, 4, 5} {
		policy := gc.Policy{Keep: 9, Since: time.Now().Add(time.Hour), Max: int64(most)*size + size/2, Total: 5*size + 100<<10}
		p, err := gc.New(t.Context(), w.store, projects, policy)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Kept) != want || p.Kept[0].ID != made[4].ID || len(p.Dropped) != 5-want {
			t.Errorf("room for %d: %d kept, %d dropped", most, len(p.Kept), len(p.Dropped))
		}
		if (p.Over > 0) != (want > most) {
			t.Errorf("room for %d: %d bytes too many", most, p.Over)
		}
	}
}

func TestARecordThatCannotBeReadStopsIt(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "cut short": `{"id": "20260101T120000.000Z-0a", "stages": [{`, "of another run": `{"id": "20260102T120000.000Z-0a"}`,
		"bad digest": `{"id": "20260101T120000.000Z-0a", "stages": [{"key": "abc"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run(1)
			file := filepath.Join(w.runs, "20260101T120000.000Z-0a.json")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			p, err := gc.New(t.Context(), w.store, []gc.Project{{Runs: w.runs, Refs: func(string) []string { return nil }}}, gc.Policy{})
			if err == nil || p != nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%v, %v; want an error that names the file", p, err)
			}
		})
	}
}

func TestResultsWithoutAnyRecordStopIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.expect(gc.Policy{}) // nothing is there
	w.result("train.a", now, ports{"out": w.blob("model", 20_000)})
	p, err := gc.New(t.Context(), w.store, []gc.Project{{Runs: w.runs}}, gc.Policy{})
	if err == nil || p != nil || !strings.Contains(err.Error(), "no record of any run") {
		t.Errorf("%v, %v", p, err)
	}
}

// TestWhatIsKeptIsWhole makes histories at random: after what the plan says was
// removed, every kept run's results are complete, and a second plan is empty.
func TestWhatIsKeptIsWhole(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		made := map[string]*runs.Run{}
		for day := range 12 {
			var stages []runs.Stage
			var in []cache.Artifact
			for i := range 4 {
				version := rng.IntN(4)
				name := fmt.Sprintf("exec.s%d v%d", i, version)
				out := w.blob(name, 100+rng.IntN(30_000))
				if rng.IntN(2) == 0 {
					tree := cache.Tree{{Path: "a", Digest: w.blob(name+" a", 50).Digest}, {Path: "b", Digest: out.Digest}}
					out = cache.Artifact{Digest: w.put(name+" dir", tree.Encode()), Tree: true}
				}
				stages = append(stages, w.result(name, now.AddDate(0, 0, day-60), ports{"out": out}, in...))
				in = []cache.Artifact{out}
			}
			r := w.run(60-day, stages...)
			made[r.ID] = r
		}
		policy := gc.Policy{Keep: rng.IntN(4), Since: time.Now().Add(time.Hour)}
		if rng.IntN(2) == 0 {
			policy.Max, policy.Total = 1+rng.Int64N(300_000), 500_000
		}
		p := w.plan(policy)
		if err := w.store.Remove(t.Context(), p.Remove); err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Kept {
			for _, s := range made[c.ID].Stages {
				if ok, err := cache.Complete(t.Context(), w.store, &cache.Result{Outputs: s.Outputs}); err != nil || !ok {
					t.Errorf("seed %d: run %s: %s is not whole: %v", seed, c.ID, s.Addr, err)
				}
				if missing, err := w.store.Missing(t.Context(), []cache.Digest{s.Key, s.Log}); err != nil || len(missing) > 0 {
					t.Errorf("seed %d: run %s: action or log of %s: %v, %v", seed, c.ID, s.Addr, missing, err)
				}
			}
		}
		policy.Max = 0
		if again := w.plan(policy); len(again.Remove) > 0 {
			t.Errorf("seed %d: a second plan removes %v", seed, w.gone(again))
		}
	}
}

// BenchmarkPlan100k plans for 100,000 blobs, nine in ten of them small, of a
// hundred runs, half of which are kept.
func BenchmarkPlan100k(b *testing.B) {
	w := newWorld(b)
	const perRun, count = 250, 100
	for day := range count {
		stages := make([]runs.Stage, perRun)
		for i := range stages {
			name := fmt.Sprintf("train.m%d-%d", day, i)
			size := 400
			if i%10 < 4 {
				size = 17 << 10
			}
			stages[i] = w.result(name, now.AddDate(0, 0, -day-50), ports{"a": w.blob(name, size), "b": w.blob(name+" b", 300)})
		}
		w.run(day+50, stages...)
	}
	if err := w.store.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p := w.plan(gc.Policy{Keep: count / 2, Since: time.Now().Add(time.Hour)})
		b.ReportMetric(float64(len(p.Remove)), "removed")
	}
}
