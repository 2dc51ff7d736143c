package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache"
	"repro/cache/disk"
	"repro/cache/runs"
	"repro/engine"
	"repro/internal/git"
	"repro/reports"
)

type historyFlags struct {
	workflowFlags
	limit int
	value string
}

func newHistory(t *terminal) *cobra.Command {
	var f historyFlags
	c := &cobra.Command{
		Use:   "history [FILE]",
		Short: "List the runs on record, by commit, and how a number went",
		Args:  cobra.MaximumNArgs(1),
		RunE:  f.on(func(ctx context.Context, p *project) error { return p.showHistory(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().IntVarP(&f.limit, "limit", "n", 20, "list the newest `N` runs; 0 means all")
	c.Flags().StringVar(&f.value, "value", "", "show one `CELL` of each run, such as 'map[sampler=hybrid,setting=multilingual]'")
	return c
}

// pastRun is one line of the history.
type pastRun struct {
	runs.Header
	Subject string            `json:"subject,omitempty"` // of the commit
	Ran     int               `json:"ran"`
	Cached  int               `json:"cached"`
	Failed  int               `json:"failed"`
	Vars    map[string]string `json:"vars,omitempty"` // those that the runs do not all have alike
	Value   *float64          `json:"value,omitempty"`
	Half    *float64          `json:"half,omitempty"` // of the value's 95 % interval

	digits int // of the value
}

func (p *project) showHistory(ctx context.Context, t *terminal, f *historyFlags) (err error) {
	headers, err := p.records().List()
	if err != nil {
		return err
	}
	headers = slices.DeleteFunc(headers, func(h runs.Header) bool { return h.Workflow != p.workflowID() })
	if f.limit > 0 {
		headers = headers[:min(f.limit, len(headers))]
	}
	p.tellKilled(headers)
	var cell *engine.Pattern
	var store *disk.Store
	if f.value != "" {
		pattern, err := engine.ParsePattern("report." + f.value)
		if err != nil {
			return withCode(exitUsage, fmt.Errorf("--value %s: want REPORT[DIMENSION=VALUE,…]", f.value))
		}
		cell = &pattern
		if store, err = p.openStore(ctx, t); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
	}
	var list []pastRun
	var nowhere error // why the newest run has no such value
	found := 0
	var commits []string
	vars := map[string][]string{} // name → the values that occur
	for _, h := range headers {
		r, err := p.records().Load(h.ID)
		if err != nil {
			t.say("warning: a record is left out: %v", err)
			continue
		}
		line := pastRun{Header: h, Vars: r.Vars}
		for i := range r.Stages {
			switch r.Stages[i].State {
			case runs.Ran:
				line.Ran++
			case runs.Hit:
				line.Cached++
			case runs.Failed:
				line.Failed++
			}
		}
		if cell != nil {
			if err := line.find(ctx, reports.NewSnapshot(h.ID, r, store), cell); errors.Is(err, reports.ErrNoCell) {
				nowhere = cmp.Or(nowhere, err)
			} else if errors.Is(err, cache.ErrMiss) || errors.Is(err, cache.ErrCorrupt) {
				t.say("note: run %s: %v", h.ID, err)
			} else if err != nil {
				return withCode(exitUsage, fmt.Errorf("--value %s: run %s: %w", f.value, h.ID, err))
			} else if line.Value != nil {
				found++
			}
		}
		for name, value := range r.Vars {
			if !slices.Contains(vars[name], value) {
				vars[name] = append(vars[name], value)
			}
		}
		if h.Commit != "" && !slices.Contains(commits, h.Commit) {
			commits = append(commits, h.Commit)
		}
		list = append(list, line)
	}
	if nowhere != nil && found == 0 {
		return withCode(exitUsage, fmt.Errorf("--value %s: %w", f.value, nowhere))
	}
	subjects := git.Here(p.root).Subjects(ctx, commits)
	for i := range list {
		list[i].Subject = subjects[list[i].Commit]
		maps.DeleteFunc(list[i].Vars, func(name, _ string) bool { return len(vars[name]) < 2 })
	}
	if f.json {
		return t.printJSON(map[string]any{"runs": list})
	}
	if len(list) == 0 {
		return t.print(fmt.Sprintf("%s has not run yet\n", p.file))
	}
	return t.print(historyText(list, cell != nil))
}

// find looks the cell up in the tables of the run.
func (r *pastRun) find(ctx context.Context, s *reports.Snapshot, cell *engine.Pattern) error {
	report := s.Report(cell.Name)
	if report == nil {
		return fmt.Errorf("%w: there was no report %s", reports.ErrNoCell, cell.Name)
	}
	table, err := s.Table(ctx, report)
	if errors.Is(err, reports.ErrNoRecords) {
		return nil
	}
	if err != nil {
		return err
	}
	found, err := table.Find(engine.Addr(*cell).Axes())
	if err != nil || found == nil {
		return err
	}
	r.Value, r.digits = &found.Mean, table.Digits
	if found.Interval != nil {
		half := found.Interval.Half()
		r.Half = &half
	}
	return nil
}

// historyText lists runs, newest first, under the commits that they belong to.
func historyText(list []pastRun, withValue bool) string {
	var b strings.Builder
	commit := "none yet"
	for _, r := range list {
		if r.Commit != commit {
			commit = r.Commit
			title := "no commit"
			if commit != "" {
				title = strings.TrimSpace(commit[:min(12, len(commit))] + " " + r.Subject)
			}
			fmt.Fprintf(&b, "%s\n", title)
		}
		dirty := ""
		if r.Dirty != "" {
			dirty = " +" + r.Dirty[:min(7, len(r.Dirty))] // files were not as committed
		}
		took := "—"
		if !r.Ended.IsZero() {
			took = r.Ended.Sub(r.Started).Round(time.Millisecond).String()
		}
		fmt.Fprintf(&b, "  %s  %-11s %4d ran %4d cached  %8s", r.ID, r.Status, r.Ran, r.Cached, took)
		if withValue {
			fmt.Fprintf(&b, "  %s", r.valueText())
		}
		b.WriteString(dirty)
		for _, name := range slices.Sorted(maps.Keys(r.Vars)) {
			fmt.Fprintf(&b, "  %s=%s", name, r.Vars[name])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (r *pastRun) valueText() string {
	if r.Value == nil {
		return "—"
	}
	text := strconv.FormatFloat(*r.Value, 'f', r.digits, 64)
	if r.Half != nil {
		text += " ±" + strconv.FormatFloat(*r.Half, 'f', r.digits, 64)
	}
	return text
}
