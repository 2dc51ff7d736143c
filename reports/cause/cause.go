// Package cause finds out why two snapshots of a workflow differ.
//
// In come two snapshots and the stages in question; out come the first causes:
// what differs of the stages furthest up that differ by themselves, and not
// only because of what they are given.
package cause

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/runs"
	"repro/reports"
)

// Kind says what became of a stage from one snapshot to the other.
type Kind string

// The kinds of causes.
const (
	Changed  Kind = "changed"  // its action is another by itself: Details says what differs
	Appeared Kind = "appeared" // the old snapshot does not have it
	Gone     Kind = "gone"     // the new snapshot does not have it
	Unstable Kind = "unstable" // the same action gave another result
	Unmade   Kind = "unmade"   // one of the snapshots has no result of it
	Lost     Kind = "lost"     // its action differs, but what it was is not in the cache any more
)

// Cause is one reason why results differ, which all instances of a stage block
// may share.
type Cause struct {
	Kind    Kind     `json:"kind"`
	Block   string   `json:"block"`             // "train.encoder"
	Stages  []string `json:"stages"`            // addresses of its instances
	Details []string `json:"details,omitempty"` // "temperature: 0.05 → 1", "data/en.jsonl changed"
	// Via is how the first of Stages reaches the stage in question: addresses,
	// from the cause down. It ends before the stage that was asked for, and is
	// empty if that is the cause itself.
	Via []string `json:"via,omitempty"`
}

// Explain returns the first causes of what differs at the stages with these
// addresses, in the order of the workflow, and none if nothing does.
func Explain(ctx context.Context, old, now *reports.Snapshot, addrs []string) ([]Cause, error) {
	e := &explainer{old: old, now: now, ctx: ctx, seen: map[string]bool{}}
	for _, addr := range addrs {
		if err := e.visit(addr, nil); err != nil {
			return nil, err
		}
	}
	order := map[string]int{}
	for _, s := range []*reports.Snapshot{old, now} { // the new one's order wins
		for i := range s.Stages {
			order[s.Stages[i].Addr] = i
		}
	}
	slices.SortStableFunc(e.causes, func(a, b Cause) int { return order[a.Stages[0]] - order[b.Stages[0]] })
	return e.causes, nil
}

type explainer struct {
	ctx      context.Context //nolint:containedctx // lives as long as one call of Explain
	old, now *reports.Snapshot
	seen     map[string]bool
	causes   []Cause
}

// visit looks at a stage and goes on to what it is given; via is the way that
// led here, the stage in question first.
func (e *explainer) visit(addr string, via []string) error {
	if e.seen[addr] {
		return nil
	}
	e.seen[addr] = true
	was, is := e.old.Stage(addr), e.now.Stage(addr)
	switch {
	case was == nil && is == nil:
		return nil
	case was == nil:
		e.add(Cause{Kind: Appeared, Stages: []string{addr}, Details: newAxes(is, e.old)}, via)
		return nil
	case is == nil:
		e.add(Cause{Kind: Gone, Stages: []string{addr}, Details: newAxes(was, e.now)}, via)
		return nil
	case was.Key == is.Key && !is.Key.IsZero():
		if !sameOutputs(was, is) {
			e.add(Cause{Kind: Unstable, Stages: []string{addr}}, via)
		}
		return nil
	}
	before, err := e.old.Action(e.ctx, was)
	if err == nil {
		var after *cache.Action
		if after, err = e.now.Action(e.ctx, is); err == nil {
			return e.compare(was, is, before, after, via)
		}
	}
	if errors.Is(err, cache.ErrMiss) {
		c := Cause{Kind: Lost, Stages: []string{addr}}
		for _, side := range []*runs.Stage{was, is} {
			if side.Outputs == nil {
				c.Kind, c.Details = Unmade, []string{whyUnmade(side)}
			}
		}
		e.add(c, via)
		return nil
	}
	return err
}

func whyUnmade(s *runs.Stage) string {
	switch {
	case s.Error != "":
		return s.Error
	case s.Reason != "":
		return s.Reason
	default:
		return string(s.State)
	}
}

// compare tells what differs of the stage itself from what it is only given.
func (e *explainer) compare(was, is *runs.Stage, before, after *cache.Action, via []string) error {
	var details []string
	for _, d := range cache.Compare(before, after) {
		if d.Part != cache.PartInput {
			details = append(details, e.describe(d)...)
		}
	}
	deeper := append([]string{is.Addr}, via...)
	more, err := compareInputs(inputs(was, before), inputs(is, after), func(addr string) error { return e.visit(addr, deeper) })
	if err != nil {
		return err
	}
	if details = append(details, more...); len(details) > 0 {
		e.add(Cause{Kind: Changed, Stages: []string{is.Addr}, Details: details}, via)
	}
	return nil
}

// add notes a cause, with others of its block that have the same details.
func (e *explainer) add(c Cause, via []string) {
	c.Block = blockOf(c.Stages[0])
	if len(via) > 0 {
		c.Via = via[:len(via)-1]
	}
	for i := range e.causes {
		same := &e.causes[i]
		if same.Kind != c.Kind || same.Block != c.Block {
			continue
		}
		if c.Kind == Changed && !slices.Equal(same.Details, c.Details) {
			continue
		}
		same.Stages = append(same.Stages, c.Stages...)
		for _, detail := range c.Details {
			if !slices.Contains(same.Details, detail) {
				same.Details = append(same.Details, detail)
			}
		}
		return
	}
	e.causes = append(e.causes, c)
}

// newAxes returns the coordinates of a stage that no instance of its block has
// in the other snapshot: "seed = 3". There are none if the block is not there.
func newAxes(stage *runs.Stage, other *reports.Snapshot) []string {
	block := blockOf(stage.Addr)
	known, any := map[[2]string]bool{}, false
	for i := range other.Stages {
		if s := &other.Stages[i]; blockOf(s.Addr) == block {
			any = true
			for name, value := range s.Axes {
				known[[2]string{name, value}] = true
			}
		}
	}
	var details []string
	for _, name := range slices.Sorted(maps.Keys(stage.Axes)) {
		if value := stage.Axes[name]; any && !known[[2]string{name, value}] {
			details = append(details, name+" = "+value)
		}
	}
	return details
}

func blockOf(addr string) string {
	block, _, _ := strings.Cut(addr, "[")
	return block
}

func sameOutputs(a, b *runs.Stage) bool {
	if a.Outputs == nil || b.Outputs == nil {
		return true // there is nothing to compare
	}
	x, y := cache.Result{Outputs: a.Outputs}, cache.Result{Outputs: b.Outputs}
	return x.SameOutputs(&y)
}
