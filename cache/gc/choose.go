// Package gc decides what of a cache may go.
//
// In comes what is on record of runs and what lies in the store; out comes a
// plan: which runs keep their results, and why, and which blobs no kept run
// needs. Nothing is removed here. docs/decisions/0016-garbage-collection.md has
// the reasons.
package gc

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"repro/cache"
	"repro/cache/runs"
)

// Run is a record as far as it decides what is kept.
type Run struct {
	runs.Header
	Dir   string       // the folder of its record: each project has its own
	Group string       // runs with the same workflow, variables and targets share it
	State cache.Digest // of what it came to: runs with the same one hold the same results
	Made  time.Time    // when its results were there
	Here  time.Time    // when its record was written here: of an imported one, later
	Refs  []string     // what points at its commit, such as "tag v1": its results stay

	Unclean bool // a tag points at its commit, but not all was as committed
}

// NewRun returns what matters of a record in the folder dir. refs say what pins
// the commit that it belongs to; they count only if the tree was clean.
func NewRun(dir string, r *runs.Run, refs []string) Run {
	group := []string{dir, r.Workflow, strings.Join(r.Targets, " ")}
	for _, name := range slices.Sorted(maps.Keys(r.Vars)) {
		group = append(group, name+"="+r.Vars[name])
	}
	var state strings.Builder
	for i := range r.Stages {
		s := &r.Stages[i]
		fmt.Fprintf(&state, "%s %s\n", s.Addr, s.Key)
		for _, port := range slices.Sorted(maps.Keys(s.Outputs)) {
			fmt.Fprintf(&state, " %s %s\n", port, s.Outputs[port].Digest)
		}
	}
	run := Run{Header: r.Header, Dir: dir, Group: strings.Join(group, "\x00"), State: cache.Of([]byte(state.String())), Made: r.Made()}
	if r.Commit != "" && r.Dirty == "" {
		run.Refs = refs
	} else if r.Commit != "" {
		run.Unclean = slices.ContainsFunc(refs, func(ref string) bool { return strings.HasPrefix(ref, "tag ") })
	}
	return run
}

// Policy says which runs keep their results.
type Policy struct {
	Keep  int       // the newest so many states of each group
	Since time.Time // runs that ended later, and whatever else was made since
	Max   int64     // bytes that all may take on the disk; 0 means any
	Total int64     // bytes that it takes now, but for what goes besides blobs
}

// Choice is a run that keeps its results, unless that would be too much.
type Choice struct {
	Run
	Why   []string // "newest", "young", "under way", "tag v1"
	Must  bool     // whatever Policy.Max
	Bytes int64    // that it adds to what is kept already
}

// Choose returns the runs that keep their results, newest first, and the others.
func Choose(all []Run, p Policy) (kept []Choice, others []Run) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Run) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(b.ID, a.ID)) })
	states := map[string][]cache.Digest{} // of each group, newest first
	begun := map[string]bool{}            // groups with a run, in all that is newer
	for _, r := range all {
		c := Choice{Run: r, Why: slices.Clone(r.Refs), Must: len(r.Refs) > 0}
		if r.Status == runs.Done {
			// Runs that changed nothing do not push out what was there before.
			rank := slices.Index(states[r.Group], r.State)
			if rank < 0 {
				rank = len(states[r.Group])
				states[r.Group] = append(states[r.Group], r.State)
			}
			if rank < p.Keep {
				c.Why = append(c.Why, "newest")
				c.Must = c.Must || rank == 0
			}
		} else if !begun[r.Group] && p.Keep > 0 { // the next one goes on from it
			c.Why, c.Must = append(c.Why, "under way"), true
		}
		begun[r.Group] = true
		if r.Made.After(p.Since) || r.Here.After(p.Since) {
			c.Why = append(c.Why, "young")
		}
		if len(c.Why) > 0 {
			kept = append(kept, c)
		} else {
			others = append(others, r)
		}
	}
	return kept, others
}
