package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/lang"
	"repro/internal/git"
)

func (p *project) records() *runs.Dir { return runs.Open(p.runs) }

// runByName returns the record whose ID starts with name.
func (p *project) runByName(name string) (*runs.Run, error) {
	list, err := p.records().List()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, h := range list {
		if h.ID == name {
			found = []string{h.ID}
			break
		}
		if strings.HasPrefix(h.ID, name) {
			found = append(found, h.ID)
		}
	}
	switch len(found) {
	case 0:
		return nil, withCode(exitUsage, fmt.Errorf("there is no run %s on record.%s List runs with: %s", name, likeRun(name, list), p.command("history")))
	case 1:
	default:
		return nil, withCode(exitUsage, fmt.Errorf("%s means %d runs, such as %s and %s: give more of it", name, len(found), found[0], found[1]))
	}
	return p.records().Load(found[0])
}

// likeRun proposes the run whose ID begins most like name.
func likeRun(name string, list []runs.Header) string {
	starts := make([]string, 0, len(list))
	for _, h := range list {
		starts = append(starts, h.ID[:min(len(name), len(h.ID))])
	}
	return engine.DidYouMean(name, starts)
}

// workflowID names the workflow in records: its path from the root.
func (p *project) workflowID() string {
	abs, err := filepath.Abs(p.file)
	if err != nil {
		return p.file
	}
	rel, err := filepath.Rel(p.root, abs)
	if err != nil {
		return abs
	}
	return filepath.ToSlash(rel)
}

// newRecord starts the record of a run.
func (p *project) newRecord(ctx context.Context, w *lang.Workflow) *runs.Run {
	r := runs.New()
	r.Workflow = p.workflowID()
	r.PID = os.Getpid()
	r.Vars = w.Vars
	r.Host = runs.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(), Repro: version}
	for _, pattern := range p.patterns {
		r.Targets = append(r.Targets, pattern.String())
	}
	if p.past != nil {
		r.Commit = p.past.Commit
		return r
	}
	// A run outside of a repository has a record all the same.
	if state, err := git.StateOf(ctx, p.root, p.owns()); err == nil {
		r.Commit, r.Dirty = state.Commit, state.Dirty
	}
	return r
}

// lookBack is how many runs are searched for an earlier action.
const lookBack = 50

func (p *project) earlierRuns(t *terminal) ([]*runs.Run, error) {
	headers, err := p.records().List()
	if err != nil {
		return nil, err
	}
	var list []*runs.Run
	for _, h := range headers {
		if h.Workflow != p.workflowID() || len(list) == lookBack {
			continue
		}
		r, err := p.records().Load(h.ID)
		if err != nil {
			t.say("warning: a record is left out: %v", err)
			continue
		}
		list = append(list, r)
	}
	return list, nil
}

// earlierKeys returns the action keys that each stage had in the newest records,
// newest first.
func earlierKeys(dir *runs.Dir, workflow string) map[string][]cache.Digest {
	keys := map[string][]cache.Digest{}
	list, err := dir.List()
	if err != nil {
		return keys
	}
	const few = 5 // runs: for most stages the last one says it
	list = slices.DeleteFunc(list, func(h runs.Header) bool { return h.Workflow != workflow })
	for _, header := range list[:min(few, len(list))] {
		r, err := dir.Load(header.ID)
		if err != nil {
			continue
		}
		for _, s := range r.Stages {
			if !s.Key.IsZero() && s.State != runs.Pending && !slices.Contains(keys[s.Addr], s.Key) {
				keys[s.Addr] = append(keys[s.Addr], s.Key)
			}
		}
	}
	return keys
}
