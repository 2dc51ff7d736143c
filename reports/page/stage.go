package page

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"repro/cache"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/plot"
)

// Limits of what a page shows of stages: it has to open at once.
const (
	mostDetails = 400 // stages with all that is known about them
	mostLines   = 12  // of a log
	mostInputs  = 30  // of a stage
)

// Block is a stage block with its instances.
type Block struct {
	ID     string
	Name   string
	Counts string
	Count  int
	reports.Block
	Share  float64 // of the longest block's time, in percent
	Failed bool
	Stages []Stage
}

// Stage is one instance.
type Stage struct {
	*runs.Stage
	ID      string
	Name    string // its coordinates, or the address if it has none
	Details *Details
}

// Details is all that is known about a stage.
type Details struct {
	Inputs  []Input
	More    int // inputs that are not listed
	Params  []Pair
	Tools   []Pair
	Env     []Pair
	Action  *cache.Action // nil if the cache does not have it
	Outputs []Output
	Log     []string
	Cut     int // lines of the log before those
	Lost    []string
}

// Input is one thing that a stage was given.
type Input struct{ Port, Name, Text, Link, Digest string }

// Output is one thing that a stage made.
type Output struct {
	Port   string
	Digest string
	Tree   bool
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// details gathers blocks and stages, all that is known of those that matter
// most: what failed, what numbers come from, and one of each block.
func (p *Page) details(ctx context.Context, s *reports.Snapshot, blocks []reports.Block) error {
	full := chosen(s, blocks)
	if n := len(s.Stages) - len(full); n > 0 {
		p.Cut = fmt.Sprintf("%d of %d stages are shown in full: those that failed, those that numbers come from, and the first ones of each block.", len(full), len(s.Stages))
	}
	longest := 0.0
	for _, b := range blocks {
		longest = max(longest, b.Took.Seconds())
	}
	for i := range blocks {
		b := &blocks[i]
		view := Block{ID: fmt.Sprintf("b%d", i), Name: b.Name, Counts: plot.Counts(b), Count: len(b.Stages), Block: *b, Failed: b.Counts[runs.Failed] > 0}
		if longest > 0 {
			view.Share = 100 * b.Took.Seconds() / longest
		}
		for _, stage := range b.Stages {
			one := Stage{Stage: stage, ID: p.ids[stage.Addr], Name: stage.Addr[len(b.Name):]}
			if one.Name == "" {
				one.Name = stage.Addr
			}
			if full[stage] {
				var err error
				if one.Details, err = p.stage(ctx, s, stage); err != nil {
					return err
				}
			}
			view.Stages = append(view.Stages, one)
		}
		p.Blocks = append(p.Blocks, view)
	}
	return nil
}

// chosen returns the stages that are shown in full.
func chosen(s *reports.Snapshot, blocks []reports.Block) map[*runs.Stage]bool {
	full := map[*runs.Stage]bool{}
	take := func(stage *runs.Stage) {
		if stage != nil && len(full) < mostDetails {
			full[stage] = true
		}
	}
	for _, b := range blocks {
		take(b.Stages[0])
	}
	for i := range s.Stages {
		if s.Stages[i].State == runs.Failed {
			take(&s.Stages[i])
		}
	}
	for _, r := range s.Reports {
		for _, source := range r.From {
			take(s.Stage(source.Stage))
		}
	}
	// The rest block by block in turn, so that no large one takes all.
	for n := 1; n < len(s.Stages) && len(full) < mostDetails; n++ {
		for _, b := range blocks {
			if n < len(b.Stages) {
				take(b.Stages[n])
			}
		}
	}
	return full
}

func (p *Page) stage(ctx context.Context, s *reports.Snapshot, stage *runs.Stage) (*Details, error) {
	d := &Details{}
	if !stage.Key.IsZero() {
		action, err := s.Action(ctx, stage)
		if err := d.lost(err, "The parameters"); err != nil {
			return nil, err
		}
		if action != nil {
			d.Action = action
			d.Params, d.Tools, d.Env = pairs(action.Params), pairs(action.Tools), pairs(action.Env)
		}
	}
	d.inputs(p, stage)
	for _, port := range slices.Sorted(maps.Keys(stage.Outputs)) {
		a := stage.Outputs[port]
		d.Outputs = append(d.Outputs, Output{Port: port, Digest: a.Digest.String(), Tree: a.Tree})
	}
	lines, n, err := s.Log(ctx, stage, mostLines)
	if err := d.lost(err, "The log"); err != nil {
		return nil, err
	}
	d.Log, d.Cut = lines, n-len(lines)
	return d, nil
}

// lost notes what the cache does not have; any other error is returned.
func (d *Details) lost(err error, what string) error {
	if errors.Is(err, cache.ErrMiss) || errors.Is(err, cache.ErrCorrupt) {
		d.Lost = append(d.Lost, what+" of this stage cannot be read from the cache any more.")
		return nil
	}
	return err
}

// inputs lists where inputs come from, with digests, if the action is there.
func (d *Details) inputs(p *Page, stage *runs.Stage) {
	digests := map[[2]string]string{}
	if d.Action != nil {
		for _, in := range d.Action.Inputs {
			digests[[2]string{in.Port, in.Name}] = in.Artifact.Digest.String()
		}
	}
	for _, in := range stage.Inputs {
		if len(d.Inputs) == mostInputs {
			d.More = len(stage.Inputs) - mostInputs
			return
		}
		view := Input{Port: in.Port, Name: in.Name, Text: in.Path, Digest: digests[[2]string{in.Port, in.Name}]}
		if in.Stage != "" {
			view.Text, view.Link = in.Stage+"."+in.Output, "#"+p.ids[in.Stage]
		}
		d.Inputs = append(d.Inputs, view)
	}
}

func pairs(m map[string]string) []Pair {
	var list []Pair
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, Pair{name, m[name]})
	}
	return list
}
