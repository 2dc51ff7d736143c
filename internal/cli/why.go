package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache"
	"repro/cache/runs"
	"repro/engine"
	"repro/reports"
	"repro/reports/cause"
)

func newWhy(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "why [FILE] STAGE…",
		Short: "Say what differs of stages since they last ran otherwise, up to the first cause",
		Long: "Compare all that decides the result of the named stages with the nearest earlier\n" +
			"action on record: the exact parameters, files, plugins and programs that differ, of the\n" +
			"stages themselves or of those that they need.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := f.open(args)
			if err != nil {
				return err
			}
			if len(p.patterns) == 0 {
				return withCode(exitUsage, errors.New("name a stage, such as train.encoder or train.encoder[seed=0]"))
			}
			return p.showWhy(c.Context(), t)
		},
	}
	f.add(c)
	return c
}

// explanation is why some stages are not as they were in one earlier run.
type explanation struct {
	Stages  []string      `json:"stages"`
	Cached  int           `json:"cached"` // how many of them have a result
	Run     string        `json:"run,omitempty"`
	Commit  string        `json:"commit,omitempty"`
	Started time.Time     `json:"started,omitzero"`
	Causes  []cause.Cause `json:"causes,omitempty"`

	record *runs.Run // nil if they never ran otherwise
}

func (p *project) showWhy(ctx context.Context, t *terminal) (err error) {
	now, store, err := p.found(ctx, t, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	list, err := p.explain(ctx, t, now)
	if err != nil {
		return err
	}
	if p.flags.json {
		return t.printJSON(list)
	}
	return t.print(whyText(list))
}

// explain groups the stages that the command line names by the earlier run that
// they are compared with.
func (p *project) explain(ctx context.Context, t *terminal, now *reports.Snapshot) ([]*explanation, error) {
	earlier, err := p.earlierRuns(t)
	if err != nil {
		return nil, err
	}
	var list []*explanation
	for i := range now.Stages {
		stage := &now.Stages[i]
		addr, err := engine.ParsePattern(stage.Addr)
		if err != nil || !slices.ContainsFunc(p.patterns, func(pattern engine.Pattern) bool { return pattern.Match(engine.Addr(addr)) }) {
			continue
		}
		record, err := nearest(ctx, now, stage, earlier)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(list, func(e *explanation) bool { return e.record == record })
		if at < 0 {
			at, list = len(list), append(list, &explanation{record: record})
		}
		list[at].Stages = append(list[at].Stages, stage.Addr)
		if stage.Outputs != nil {
			list[at].Cached++
		}
	}
	for _, e := range list {
		if e.record == nil {
			continue
		}
		e.Run, e.Commit, e.Started = e.record.ID, e.record.Commit, e.record.Started
		if e.Causes, err = cause.Explain(ctx, reports.NewSnapshot("run "+e.Run, e.record, now.Blobs), now, e.Stages); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// nearest returns the run in which the stage's action was another, but differed
// least from what it is now, nil if there is none.
func nearest(ctx context.Context, now *reports.Snapshot, stage *runs.Stage, earlier []*runs.Run) (*runs.Run, error) {
	is, err := now.Action(ctx, stage)
	if err != nil {
		return nil, err
	}
	var ran []*runs.Run
	var keys []cache.Digest
	for _, r := range earlier {
		i := slices.IndexFunc(r.Stages, func(s runs.Stage) bool { return s.Addr == stage.Addr })
		if i < 0 || r.Stages[i].Key.IsZero() || r.Stages[i].State == runs.Pending || r.Stages[i].Key == stage.Key || slices.Contains(keys, r.Stages[i].Key) {
			continue
		}
		ran, keys = append(ran, r), append(keys, r.Stages[i].Key)
	}
	at, _, err := cache.Nearest(ctx, now.Blobs, is, keys)
	if err != nil || at < 0 {
		return nil, err
	}
	return ran[at], nil
}

func whyText(list []*explanation) string {
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		what := e.Stages[0]
		if n := len(e.Stages); n > 1 {
			what = fmt.Sprintf("%d stages, such as %s", n, what)
		}
		state := "no result yet"
		if e.Cached == len(e.Stages) {
			state = "cached"
		} else if e.Cached > 0 {
			state = fmt.Sprintf("%d cached", e.Cached)
		}
		fmt.Fprintf(&b, "%s: %s\n", what, state)
		if e.record == nil {
			b.WriteString("  never ran otherwise, as far as is on record\n")
			continue
		}
		fmt.Fprintf(&b, "  since run %s (%s, %s)\n", e.Run, strings.TrimSpace(commitText(e.record.Header)), e.Started.Local().Format(time.DateTime))
		for j := range e.Causes {
			line, way := e.Causes[j].Text()
			fmt.Fprintf(&b, "  %s\n", line)
			if way != "" {
				fmt.Fprintf(&b, "      %s\n", way)
			}
		}
		if len(e.Causes) == 0 {
			b.WriteString("  nothing that is on record differs\n")
		}
	}
	return b.String()
}
