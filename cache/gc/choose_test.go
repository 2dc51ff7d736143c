package gc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/gc"
	"repro/cache/runs"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// record returns a finished run, so many days ago, with a stage whose key and
// output are made of state.
func record(daysAgo int, state string, change func(*runs.Run)) *runs.Run {
	at := now.AddDate(0, 0, -daysAgo)
	r := &runs.Run{Header: runs.Header{
		ID: at.Format("20060102T150405.000Z") + "-0a", Workflow: "w.hcl", Commit: "c" + state,
		Started: at.Add(-time.Hour), Ended: at, Status: runs.Done,
	}}
	r.Stages = []runs.Stage{{
		Addr: "train.model", Kind: "train", Key: cache.Of([]byte("key " + state)), State: runs.Ran,
		Outputs: map[string]cache.Artifact{"model": {Digest: cache.Of([]byte(state))}},
	}}
	if change != nil {
		change(r)
	}
	return r
}

func TestChoose(t *testing.T) {
	t.Parallel()
	failed := func(r *runs.Run) { r.Status = runs.FailedRun }
	dirty := func(r *runs.Run) { r.Dirty = "d" }
	tests := map[string]struct {
		records []*runs.Run
		keep    int
		refs    map[string][]string
		want    string // days ago, with the reasons; ! for those that must stay
	}{
		"none": {keep: 3},
		"the newest states": {
			records: []*runs.Run{record(50, "a", nil), record(40, "b", nil), record(30, "c", nil)}, keep: 2,
			want: "30! newest, 40 newest",
		},
		"runs that changed nothing push out none": {
			records: []*runs.Run{record(50, "a", nil), record(40, "b", nil), record(30, "b", nil), record(20, "b", nil)}, keep: 2,
			want: "20! newest, 30! newest, 40! newest, 50 newest",
		},
		"back to an earlier state": {
			records: []*runs.Run{record(50, "a", nil), record(40, "b", nil), record(30, "a", nil)}, keep: 1,
			want: "30! newest, 50! newest",
		},
		"other variables, targets and workflows": {
			records: []*runs.Run{
				record(50, "a", nil), record(49, "b", func(r *runs.Run) { r.Vars = map[string]string{"n": "1"} }),
				record(48, "c", func(r *runs.Run) { r.Targets = []string{"train.model"} }), record(47, "d", func(r *runs.Run) { r.Workflow = "v.hcl" }),
				record(46, "e", nil),
			}, keep: 1,
			want: "46! newest, 47! newest, 48! newest, 49! newest",
		},
		"young ones, failed too, by their end": {
			records: []*runs.Run{record(30, "a", failed), record(13, "b", failed), record(14, "c", func(r *runs.Run) { r.Started = now.AddDate(0, 0, -40) }), record(1, "d", failed)},
			keep:    0,
			want:    "1 young, 13 young",
		},
		"the newest that did not come to its end, if it is the newest of all": {
			records: []*runs.Run{
				record(90, "a", failed), record(80, "a", nil), record(70, "b", failed), record(60, "b", failed),
				record(50, "c", failed), record(40, "c", nil), record(35, "e", failed), record(33, "f", failed), record(30, "d", func(r *runs.Run) { failed(r); r.Vars = map[string]string{"n": "1"} }),
			}, keep: 1,
			want: "30! under way, 33! under way, 40! newest",
		},
		"tags, not of other trees": {
			records: []*runs.Run{record(60, "a", nil), record(50, "a", dirty), record(40, "a", failed), record(30, "b", nil)}, keep: 0,
			refs: map[string][]string{"ca": {"tag v1"}, "": {"tag none"}},
			want: "40! tag v1, 60! tag v1",
		},
		"imported ones, by when that was, in the order of their ends": {
			records: []*runs.Run{record(90, "a", func(r *runs.Run) { r.Commit = "imported" }), record(50, "b", nil), record(40, "c", nil)}, keep: 1,
			want: "40! newest, 90 young",
		},
		"results that are of no single run": {
			records: []*runs.Run{record(20, "a", nil), record(90, "b", func(r *runs.Run) {
				r.Started, r.Ended, r.Commit = time.Time{}, time.Time{}, ""
				r.Stages[0].Started, r.Stages[0].Took = now.AddDate(0, 0, -2), time.Hour
			})}, keep: 1,
			refs: map[string][]string{"": {"tag none"}},
			want: "90! newest young",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []gc.Run
			ago := map[string]string{}
			for _, r := range test.records {
				run := gc.NewRun("dir", r, test.refs[r.Commit])
				run.Here = run.Made
				if r.Commit == "imported" {
					run.Here = now.AddDate(0, 0, -1)
				}
				all = append(all, run)
				at, err := time.Parse("20060102T150405.000Z", strings.TrimSuffix(r.ID, "-0a"))
				if err != nil {
					t.Fatal(err)
				}
				ago[r.ID] = fmt.Sprint(int(now.Sub(at).Hours()) / 24)
			}
			kept, others := gc.Choose(all, gc.Policy{Keep: test.keep, Since: now.AddDate(0, 0, -14)})
			var got []string
			for _, c := range kept {
				must := ""
				if c.Must {
					must = "!"
				}
				got = append(got, ago[c.ID]+must+" "+strings.Join(c.Why, " "))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if len(kept)+len(others) != len(all) {
				t.Errorf("%d kept and %d others of %d", len(kept), len(others), len(all))
			}
		})
	}
}
