package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache/disk"
	"repro/cache/runs"
)

func newStatus(t *terminal) *cobra.Command {
	var f workflowFlags
	c := &cobra.Command{
		Use:   "status [FILE]",
		Short: "Say what became of the last runs",
		Args:  cobra.MaximumNArgs(1),
		RunE:  f.on(func(_ context.Context, p *project) error { return p.showStatus(t) }),
	}
	f.add(c)
	return c
}

// shownRuns is how many runs status lists.
const shownRuns = 10

func (p *project) showStatus(t *terminal) error {
	records := p.records()
	list, err := records.List()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(h runs.Header) bool { return h.Workflow != p.workflowID() })
	list = list[:min(len(list), shownRuns)]
	p.tellKilled(list)
	var last *runs.Run
	if len(list) > 0 {
		if last, err = records.Load(list[0].ID); err != nil {
			return err
		}
		if list[0].Status == runs.Killed {
			last.Status = runs.Killed
		}
	}
	if p.flags.json {
		return t.printJSON(map[string]any{"last": last, "runs": list})
	}
	if last == nil {
		return t.print(fmt.Sprintf("%s has not run yet\n", p.file))
	}
	return t.print(p.statusText(last, list))
}

// tellKilled finds out which runs only seem to go on: a run has the cache open
// from before its record is written until after.
func (p *project) tellKilled(list []runs.Header) {
	for i := range list {
		if list[i].Status != runs.Running {
			continue
		}
		owner, open := disk.Owner(p.storeDir())
		if open && (owner == 0 || owner == list[i].PID) {
			continue
		}
		// It may have ended since the list was read.
		again, err := p.records().Load(list[i].ID)
		if err == nil {
			list[i] = again.Header
		}
		if list[i].Status == runs.Running {
			list[i].Status = runs.Killed
		}
	}
}

func (p *project) statusText(last *runs.Run, list []runs.Header) string {
	var b strings.Builder
	for _, h := range list {
		fmt.Fprintf(&b, "%s  %-11s  %s  %s\n", h.Started.Local().Format(time.DateTime), h.Status, commitText(h), h.ID)
	}
	b.WriteByte('\n')
	counts := map[runs.State]int{}
	for _, s := range last.Stages {
		counts[s.State]++
	}
	fmt.Fprintf(&b, "last run: %s", last.Status)
	for _, state := range []runs.State{runs.Ran, runs.Hit, runs.Failed, runs.Skipped, runs.Pending} {
		if counts[state] > 0 {
			fmt.Fprintf(&b, ", %d %s", counts[state], state)
		}
	}
	b.WriteByte('\n')
	for _, s := range last.Stages {
		if s.State == runs.Failed {
			fmt.Fprintf(&b, "  failed  %s: %s\n          whole log: %s\n", s.Addr, s.Error, p.command("log", s.Addr))
		}
	}
	return b.String()
}

func commitText(h runs.Header) string {
	if h.Commit == "" {
		return "no commit    "
	}
	text := h.Commit[:min(12, len(h.Commit))]
	if h.Dirty != "" {
		return text + "+"
	}
	return text + " "
}
