package runs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/runs"
)

func open(t testing.TB) (*runs.Dir, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "runs")
	d := runs.Open(path)
	return d, path
}

func full() *runs.Run {
	r := runs.New()
	r.Workflow, r.Commit, r.Dirty = "workflows/paper.hcl", strings.Repeat("a", 40), "b"
	r.Vars = map[string]string{"scale": `"small"`}
	r.Targets = []string{"train.encoder"}
	r.Host = runs.Host{OS: "linux", Arch: "amd64", CPUs: 2, Go: "go1.26", Repro: "0.1.0"}
	r.Stages = []runs.Stage{{
		Addr: "train.encoder[seed=0]", Axes: map[string]string{"seed": "0"}, Kind: "train", Key: cache.Of([]byte("k")),
		State: runs.Ran, Reason: "never run", Started: r.Started, Took: time.Second, Log: cache.Of([]byte("l")),
		Outputs: map[string]cache.Artifact{"model": {Digest: cache.Of([]byte("m")), Tree: true}},
	}, {Addr: "embed.texts", Kind: "embed", State: runs.Pending}}
	return r
}

func TestRecordsComeBackNewestFirst(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	var ids []string
	for i := range 3 {
		r := full()
		r.ID = r.ID[:len(r.ID)-1] + string(rune('a'+i)) // within one millisecond the suffix orders
		r.ID = fmt.Sprintf("%d", 2026+i) + r.ID[4:]
		if err := d.Write(r); err != nil {
			t.Fatal(err)
		}
		ids = append([]string{r.ID}, ids...)
		got, err := d.Load(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Error(diff)
		}
	}
	list, err := d.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range list {
		got = append(got, h.ID)
		if h.Workflow != "workflows/paper.hcl" || h.Status != runs.Running || h.Started.IsZero() {
			t.Errorf("header %+v", h)
		}
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheEndReplacesTheStart(t *testing.T) {
	t.Parallel()
	d, path := open(t)
	r := full()
	for _, status := range []runs.Status{runs.Running, runs.Done} {
		r.Status = status
		if err := d.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	list, err := d.List()
	if err != nil || len(list) != 1 || list[0].Status != runs.Done {
		t.Errorf("%v, %v", list, err)
	}
	entries, _ := os.ReadDir(path)
	if len(entries) != 1 {
		t.Errorf("files left behind: %v", entries)
	}
}

func TestADamagedRecordHidesNoOther(t *testing.T) {
	t.Parallel()
	d, path := open(t)
	if err := d.Write(full()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"29990101-cut.json": `{"id":"29990101-cut","work`, "empty.json": "", "other.json": "[]", "x.txt": "x"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	list, err := d.List()
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := d.Load("29990101-cut"); err == nil {
		t.Error("a damaged record was loaded")
	}
}

func TestIDsThatLeaveTheFolderAreRefused(t *testing.T) {
	t.Parallel()
	d, path := open(t)
	outside := filepath.Join(filepath.Dir(path), "outside.json")
	if err := os.WriteFile(outside, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", ".", "..", "../outside", ".new-1", `..\outside`, "a/b", "absent", "20260102T030405.000Z", "20260102T030405.000Z-0g", "20260102T030405.000Z-00/../..", "x20260102T030405.000Z-00", "20260102T030405.000Z-00\n"} {
		if _, err := d.Load(id); err == nil {
			t.Errorf("%q was loaded", id)
		}
		r := full()
		if r.ID = id; d.Write(r) == nil {
			t.Errorf("%q was written", id)
		}
	}
	if _, err := d.Load("20260102T030405.000Z-00000000"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run that never was: %v, want fs.ErrNotExist", err)
	}
}

func TestARecordCutShortIsNotLoaded(t *testing.T) {
	t.Parallel()
	d, path := open(t)
	r := full()
	if err := d.Write(r); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(path, r.ID+".json")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, len(whole) / 2, len(whole) - 2} {
		if err := os.WriteFile(file, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Load(r.ID); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("the first %d of %d bytes: %v, want an error that names the file", n, len(whole), err)
		}
	}
}

func TestRunsAreListedWhileTheyAreWritten(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	var writers sync.WaitGroup
	for range 4 {
		r := full()
		writers.Go(func() {
			for range 20 {
				if err := d.Write(r); err != nil {
					t.Error(err)
				}
				if _, err := d.Load(r.ID); err != nil {
					t.Error(err)
				}
				if _, err := d.List(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if list, err := d.List(); err != nil || len(list) != 4 {
		t.Errorf("%d runs, %v; want 4", len(list), err)
	}
}

func BenchmarkWrite10k(b *testing.B) {
	d, _ := open(b)
	r := full()
	for len(r.Stages) < 10_000 {
		r.Stages = append(r.Stages, r.Stages[0])
	}
	for b.Loop() {
		if err := d.Write(r); err != nil {
			b.Fatal(err)
		}
	}
}

func TestResultsAreMadeByTheEndOrTheLastStage(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }
	r := &runs.Run{Header: runs.Header{Started: at(1)}, Stages: []runs.Stage{{Started: at(2), Took: 3 * time.Minute}, {Started: at(4), Took: time.Second}, {}}}
	if got := r.Made(); !got.Equal(at(5)) {
		t.Errorf("without an end: %v", got)
	}
	if r.Ended = at(9); !r.Made().Equal(at(9)) {
		t.Errorf("with an end: %v", r.Made())
	}
	if none := (&runs.Run{Header: runs.Header{Started: at(1)}}).Made(); !none.Equal(at(1)) {
		t.Errorf("without stages: %v", none)
	}
}
