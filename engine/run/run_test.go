package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/lang"
	"repro/engine/local"
	"repro/engine/plan"
	"repro/engine/run"
	"repro/engine/worker"
	"repro/internal/testkit"
)

// bench is a workflow folder with a store and stages that count their runs.
type bench struct {
	t        *testing.T
	dir      string
	store    *lossy
	kinds    *testkit.Kinds
	previous map[string][]cache.Digest
	events   []engine.Event
	failFast bool
}

// lossy is a store that can lose blobs, until they are put again.
type lossy struct {
	*mem.Store
	lost []cache.Digest
}

func (l *lossy) Missing(ctx context.Context, want []cache.Digest) ([]cache.Digest, error) {
	missing, err := l.Store.Missing(ctx, want)
	for _, d := range want {
		if slices.Contains(l.lost, d) {
			missing = append(missing, d)
		}
	}
	return missing, err
}

// folders gives out scratch folders below a folder.
type folders struct{ dir string }

func (f folders) WorkDir() (string, error) { return os.MkdirTemp(f.dir, "work") }
func (f folders) Discard(dir string)       { _ = os.RemoveAll(dir) }

func newBench(t *testing.T) *bench {
	return &bench{t: t, dir: t.TempDir(), store: &lossy{Store: mem.New()}, kinds: testkit.NewKinds()}
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) plan(src string, targets ...string) *plan.Plan {
	b.t.Helper()
	b.write("main.hcl", src)
	w, diags := lang.Load(filepath.Join(b.dir, "main.hcl"), lang.Options{Kinds: b.kinds.Registry()})
	if diags.HasErrors() {
		b.t.Fatal(diags)
	}
	var patterns []engine.Pattern
	for _, target := range targets {
		p, err := engine.ParsePattern(target)
		if err != nil {
			b.t.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	p, diags := plan.New(b.t.Context(), w, plan.Options{
		Store: b.store, Files: b.store, Targets: patterns,
		Previous: func() map[string][]cache.Digest { return b.previous },
	})
	if diags.HasErrors() {
		b.t.Fatal(diags)
	}
	return p
}

func (b *bench) runPlan(ctx context.Context, p *plan.Plan) (map[string]runs.Stage, error) {
	b.t.Helper()
	executor := local.New(&worker.Worker{Store: b.store, Kinds: b.kinds.Registry(), Scratch: folders{b.dir}}, local.Capacity{CPUs: 2, Memory: 1 << 30})
	b.events = nil
	list, err := run.Run(ctx, p, run.Options{
		Store: b.store, Executor: executor, FailFast: b.failFast,
		Notify: func(e engine.Event) { b.events = append(b.events, e) },
	})
	stages := map[string]runs.Stage{}
	b.previous = map[string][]cache.Digest{}
	for _, s := range list {
		stages[s.Addr] = s
		if !s.Key.IsZero() {
			b.previous[s.Addr] = []cache.Digest{s.Key}
		}
	}
	left, _ := filepath.Glob(filepath.Join(b.dir, "work*"))
	if len(left) > 0 {
		b.t.Errorf("folders left behind: %v", left)
	}
	return stages, err
}

func (b *bench) run(src string) map[string]runs.Stage {
	b.t.Helper()
	stages, err := b.runPlan(b.t.Context(), b.plan(src))
	if err != nil {
		b.t.Fatal(err)
	}
	return stages
}

// ran checks which kinds ran, in any order.
func (b *bench) ran(want ...string) {
	b.t.Helper()
	got := b.kinds.Runs()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("what ran (-want +got):\n%s", diff)
	}
}

func (b *bench) output(s runs.Stage) string {
	b.t.Helper()
	text, err := cache.ReadBlob(b.t.Context(), b.store, s.Outputs["out"].Digest)
	if err != nil {
		b.t.Fatalf("%s: %v", s.Addr, err)
	}
	return string(text)
}

const diamond = `
stage "text" "a" { text = "one " }
stage "text" "b" { text = "two " }
stage "upper" "a" { in = stage.text.a.out }
stage "upper" "b" { in = stage.text.b.out }
stage "join" "all" { in = [stage.upper.a.out, stage.upper.b.out] }
`

func TestSecondRunDoesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	stages := b.run(diamond)
	b.ran("text one ", "text two ", "upper ONE ", "upper TWO ", "join ONE TWO ")
	if got := b.output(stages["join.all"]); got != "ONE TWO " {
		t.Errorf("joined %q", got)
	}
	p := b.plan(diamond)
	if p.Count(plan.Hit) != 5 {
		t.Errorf("%d of 5 hits planned", p.Count(plan.Hit))
	}
	again := b.run(diamond)
	b.ran()
	if again["join.all"].State != runs.Hit || b.output(again["join.all"]) != "ONE TWO " {
		t.Errorf("second run: %+v", again["join.all"])
	}
}

func TestOnlyWhatChangedRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run(diamond)
	b.kinds.Runs()
	changed := strings.Replace(diamond, "two ", "three ", 1)
	p := b.plan(changed)
	var reasons []string
	for _, n := range p.Nodes {
		reasons = append(reasons, string(n.Status)+" "+n.Stage.Addr.String()+": "+n.Reason.String())
	}
	want := []string{
		"hit text.a: cached",
		`run text.b: text: "two " → "three "`,
		"hit upper.a: cached",
		"unknown upper.b: waits for: text.b",
		"unknown join.all: waits for: upper.b",
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
	b.run(changed)
	b.ran("text three ", "upper THREE ", "join ONE THREE ")
}

func TestEarlyCutoff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run(diamond)
	b.kinds.Runs()
	stages := b.run(strings.Replace(diamond, "two ", "Two ", 1))
	b.ran("text Two ", "upper TWO ") // the same capitals as before: join is not reached
	if s := stages["join.all"]; s.State != runs.Hit || s.Reason != engine.HitAfterAll {
		t.Errorf("join: %+v", s)
	}
}

func TestFilesCountByContent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const src = `
stage "upper" "a" { in = "a.txt" }
stage "join" "all" { in = ["[bc].txt", stage.upper.a.out] }
`
	for _, name := range []string{"a", "b", "c"} {
		b.write(name+".txt", name)
	}
	b.run(src)
	b.ran("upper A", "join bcA")
	b.write("a.txt", "a") // touched
	b.run(src)
	b.ran()
	b.write("c.txt", "cc")
	p := b.plan(src)
	if got := p.Nodes[1].Reason.String(); got != "c.txt changed" {
		t.Errorf("reason %q", got)
	}
	stages := b.run(src)
	b.ran("join bccA")
	if got := b.output(stages["join.all"]); got != "bccA" {
		t.Errorf("joined %q", got)
	}
}

func TestAFileThatChangesUnderTheRunIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("a.txt", "before")
	p := b.plan(`stage "upper" "a" { in = "a.txt" }`)
	b.write("a.txt", "after!")
	stages, err := b.runPlan(t.Context(), p)
	if !errors.Is(err, run.ErrFailed) || !strings.Contains(stages["upper.a"].Error, "changed while the run") {
		t.Errorf("%v, %+v", err, stages["upper.a"])
	}
}

func TestOneActionRunsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	stages := b.run(`
stage "text" "many" {
  matrix = { i = range(50) }
  text   = "same"
}
stage "join" "all" { in = stage.text.many[*].out }
`)
	b.ran("text same", "join "+strings.Repeat("same", 50))
	if b.output(stages["text.many[i=49]"]) != "same" {
		t.Error("an instance that did not run has no output")
	}
}

func TestAFailureStopsOnlyWhatNeedsIt(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"error":  "broken on purpose",
		"panic":  "the stage panicked: on purpose",
		"forget": `the stage ended without its output "out"`,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			src := `
stage "fail" "bad" { how = "` + how + `" }
stage "upper" "after" { in = stage.fail.bad.out }
stage "join" "last" { in = [stage.upper.after.out] }
stage "text" "other" { text = "fine" }
`
			stages, err := b.runPlan(t.Context(), b.plan(src))
			if !errors.Is(err, run.ErrFailed) {
				t.Errorf("error %v", err)
			}
			if bad := stages["fail.bad"]; bad.State != runs.Failed || !strings.Contains(bad.Error, want) || bad.Log.IsZero() {
				t.Errorf("failed stage %+v, want %q and a log", bad, want)
			}
			if stages["upper.after"].State != runs.Skipped || stages["join.last"].State != runs.Skipped || stages["text.other"].State != runs.Ran {
				t.Errorf("%+v", stages)
			}
			b.kinds.Runs()
			if _, err := b.runPlan(t.Context(), b.plan(src)); !errors.Is(err, run.ErrFailed) {
				t.Errorf("the failure was kept as a result: %v", err)
			}
		})
	}
}

func TestInterruptedRunGoesOnLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	src := `
stage "text" "before" { text = "kept" }
stage "fail" "slow" {
  how = "hang"
  in  = stage.text.before.out
}
stage "upper" "after" { in = stage.fail.slow.out }
`
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	go func() {
		<-b.kinds.Hanging
		cancel(stop)
	}()
	stages, err := b.runPlan(ctx, b.plan(src))
	if !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if stages["text.before"].State != runs.Ran || stages["fail.slow"].State != runs.Skipped || stages["upper.after"].State != runs.Skipped {
		t.Errorf("%+v", stages)
	}
	b.kinds.Runs()
	b.run(strings.Replace(src, "hang", "done", 1))
	b.ran("fail done", "upper DONE")
}

func TestTwoResultsOfOneActionAreReported(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const src = `stage "fail" "dice" { how = "random" }`
	first := b.run(src)["fail.dice"]
	// Its output is lost, so it has to run again, and gives something else.
	b.store.lost = []cache.Digest{first.Outputs["out"].Digest}
	p := b.plan(src)
	if got := p.Nodes[0].Reason.Kind; got != plan.OutputGone {
		t.Errorf("reason %q", got)
	}
	second := b.run(src)["fail.dice"]
	if first.Key != second.Key || b.output(second) != "2" {
		t.Errorf("second result %+v", second)
	}
	history, err := b.store.History(t.Context(), first.Key)
	if err != nil || len(history) != 2 {
		t.Errorf("history %v, %v", history, err)
	}
	if !slices.ContainsFunc(b.events, func(e engine.Event) bool {
		return e.Kind == engine.Warned && strings.Contains(e.Message, "not deterministic")
	}) {
		t.Errorf("no warning among %+v", b.events)
	}
}

func TestTargetsRunWithWhatTheyNeed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := b.runPlan(t.Context(), b.plan(diamond, "upper.a")); err != nil {
		t.Fatal(err)
	}
	b.ran("text one ", "upper ONE ")
}

func TestDeepChainAndWideFan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var src strings.Builder
	src.WriteString("stage \"text\" \"s0\" { text = \"x\" }\nstage \"upper\" \"s1\" { in = stage.text.s0.out }\n")
	const depth = 300
	for i := 2; i < depth; i++ {
		src.WriteString("stage \"join\" \"s" + strconv.Itoa(i) + "\" { in = [stage." + map[bool]string{true: "upper", false: "join"}[i == 2] + ".s" + strconv.Itoa(i-1) + ".out, \"pad.txt\"] }\n")
	}
	b.write("pad.txt", "y")
	stages := b.run(src.String())
	if got := b.output(stages["join.s"+strconv.Itoa(depth-1)]); got != "X"+strings.Repeat("y", depth-2) {
		t.Errorf("%d bytes", len(got))
	}
}
