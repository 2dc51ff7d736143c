package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache/disk"
	"repro/cache/gc"
	"repro/stages/plugin/build"
)

type gcFlags struct {
	workflowFlags
	keep    int
	newer   string
	maxSize string
	dryRun  bool
}

func newGC(t *terminal) *cobra.Command {
	var f gcFlags
	c := &cobra.Command{
		Use:   "gc",
		Short: "Remove results that no recent or tagged run needs",
		Long: "Remove from the cache what no run needs that is to be kept. Kept are the newest runs of each\n" +
			"workflow and set of variables, runs that are young, and runs of commits that a tag or the tip of a\n" +
			"branch points at, with a clean tree: tag what a paper is made of. Records of runs stay; a stage\n" +
			"whose result was removed runs again when something needs it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.gc(c.Context(), t) },
	}
	c.Flags().IntVar(&f.keep, "keep", 3, "keep the newest `N` different results of each workflow and set of variables")
	c.Flags().StringVar(&f.newer, "newer", "14d", "keep what is younger than `DURATION`, such as 14d or 12h")
	c.Flags().StringVar(&f.maxSize, "max-size", "", "then remove results, the oldest first, until all fits into `SIZE`, such as 10GB; the newest result of each and tagged ones stay")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would be removed")
	f.addCache(c)
	addJSON(c, &f.json)
	return c
}

// gcAnswer is what gc --json prints.
type gcAnswer struct {
	Cache      string     `json:"cache"`
	DryRun     bool       `json:"dry_run"`
	Kept       []gcRun    `json:"kept"`
	Dropped    []string   `json:"dropped"`    // runs that keep nothing for themselves
	Unclean    int        `json:"unclean"`    // of them, those of tagged commits whose tree was not clean
	Unfinished int        `json:"unfinished"` // results of killed runs, which stay
	Removed    []gc.Share `json:"removed"`
	Bytes      int64      `json:"bytes"`  // of what is removed
	Before     int64      `json:"before"` // bytes on the disk
	After      int64      `json:"after"`  // the same afterwards; of a dry run, what it would be
	Over       int64      `json:"over"`   // bytes beyond --max-size
}

// gcRun is a run that keeps its results.
type gcRun struct {
	ID       string   `json:"id"`
	Workflow string   `json:"workflow"`
	Why      []string `json:"why"`
	Bytes    int64    `json:"bytes"` // that it adds to what other runs keep
}

func (f *gcFlags) policy() (policy gc.Policy, err error) {
	age, err := parseAge(f.newer)
	if err != nil {
		return policy, withCode(exitUsage, fmt.Errorf("--newer %s: %w", f.newer, err))
	}
	if f.keep < 0 {
		return policy, withCode(exitUsage, fmt.Errorf("--keep %d: want 0 or more", f.keep))
	}
	if f.maxSize != "" {
		if policy.Max, err = parseSize(f.maxSize); err != nil {
			return policy, withCode(exitUsage, fmt.Errorf("--max-size %s: %w", f.maxSize, err))
		}
	}
	policy.Keep, policy.Since = f.keep, time.Now().Add(-age)
	return policy, nil
}

func (f *gcFlags) gc(ctx context.Context, t *terminal) error {
	policy, err := f.policy()
	if err != nil {
		return err
	}
	p := &project{flags: &f.workflowFlags}
	if err := p.settle("here"); err != nil {
		return err
	}
	answer := &gcAnswer{Cache: p.dir, DryRun: f.dryRun, Kept: []gcRun{}, Dropped: []string{}, Removed: []gc.Share{}}
	if disk.Exists(p.storeDir()) {
		if err := p.collect(ctx, t, policy, answer); err != nil {
			return err
		}
	}
	if f.json {
		err = t.printJSON(answer)
	} else {
		err = t.print(answer.text())
	}
	if answer.Over > 0 {
		err = errors.Join(err, fmt.Errorf("%s is not enough: the newest run of each workflow and set of variables, tagged ones and what cannot be removed take %s more. Of them, %s",
			f.maxSize, size(answer.Over), answer.holders()))
	}
	return err
}

// collect plans and, unless it is a dry run, removes.
func (p *project) collect(ctx context.Context, t *terminal, policy gc.Policy, answer *gcAnswer) (err error) {
	var work []leftover
	store, err := p.openStoreWith(ctx, t, disk.Options{
		KeepWork: answer.DryRun,
		AtRest: func() (err error) {
			if answer.Before, err = p.onDisk(); err == nil {
				work, err = p.leftWork()
			}
			return err
		},
	})
	if err != nil {
		return err
	}
	closed := false
	closeStore := func() error {
		if closed {
			return nil
		}
		closed = true
		if err := store.Close(); err != nil {
			return withCode(exitCache, err)
		}
		return nil
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	beside, err := p.beside(policy.Since)
	if err != nil {
		return err
	}
	policy.Total = answer.Before - total(beside) - total(work)
	projects, err := p.projects(ctx, t)
	if err != nil {
		return withCode(exitCache, fmt.Errorf("nothing was removed, as what is needed is not known: %w", err))
	}
	made, err := gc.New(ctx, store, projects, policy)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return withCode(exitCache, fmt.Errorf("nothing was removed: %w", err))
	}
	plugins, err := p.unusedPlugins(policy.Since, made.Plugins)
	if err != nil {
		return err
	}
	beside = append(beside, plugins...)
	answer.fill(made, append(work, beside...))
	if answer.DryRun {
		answer.After = answer.Before - answer.Bytes
		return nil
	}
	if err := remove(ctx, store, made.Remove, beside); ctx.Err() != nil {
		return context.Cause(ctx)
	} else if err != nil {
		return withCode(exitCache, err)
	}
	if err := closeStore(); err != nil {
		return err
	}
	answer.After, err = p.onDisk()
	return err
}

func remove(ctx context.Context, store *disk.Store, blobs []disk.Stored, beside []leftover) error {
	if err := store.Remove(ctx, blobs); err != nil {
		return err
	}
	for _, l := range beside {
		if err := build.Discard(l.path); err != nil { // read-only folders too
			return err
		}
	}
	return nil
}

func (a *gcAnswer) fill(made *gc.Plan, beside []leftover) {
	for _, c := range made.Kept {
		a.Kept = append(a.Kept, gcRun{ID: c.ID, Workflow: c.Workflow, Why: c.Why, Bytes: c.Bytes})
	}
	for _, r := range made.Dropped {
		a.Dropped = append(a.Dropped, r.ID)
		if r.Unclean {
			a.Unclean++
		}
	}
	a.Unfinished, a.Over = made.Unfinished, made.Over
	a.Removed = append(a.Removed, made.Gone...)
	a.Removed = append(a.Removed, shares(beside)...)
	for _, s := range a.Removed {
		a.Bytes += s.Bytes
	}
}

// text returns the answer for people.
func (a *gcAnswer) text() string {
	const most = 20 // runs that are listed
	var b strings.Builder
	fmt.Fprintf(&b, "kept: the results of %d of %d runs", len(a.Kept), len(a.Kept)+len(a.Dropped))
	if a.Unfinished > 0 {
		fmt.Fprintf(&b, ", and %d of runs that were killed", a.Unfinished)
	}
	b.WriteByte('\n')
	for _, r := range a.Kept[:min(most, len(a.Kept))] {
		fmt.Fprintf(&b, "  %s  %10s  %s (%s)\n", r.ID, size(r.Bytes), r.Workflow, strings.Join(r.Why, ", "))
	}
	if more := len(a.Kept) - most; more > 0 {
		fmt.Fprintf(&b, "  and %d older ones\n", more)
	}
	if a.Unclean > 0 {
		fmt.Fprintf(&b, "runs of tagged commits that are not pinned, as the tree was not clean: %d\n", a.Unclean)
	}
	verb, would := "removed", ""
	if a.DryRun {
		verb, would = "to be removed", "would be "
	}
	if len(a.Removed) == 0 {
		fmt.Fprintf(&b, "%s: nothing\n", verb)
	} else {
		fmt.Fprintf(&b, "%s:\n", verb)
		for _, s := range a.Removed {
			fmt.Fprintf(&b, "  %6d × %-18s %10s\n", s.Blobs, s.Kind, size(s.Bytes))
		}
	}
	fmt.Fprintf(&b, "%s: %s, %s%s now\n", a.Cache, size(a.Before), would, size(a.After))
	return b.String()
}

// holders names the runs that take the most of what stays.
func (a *gcAnswer) holders() string {
	var names []string
	left := a.Kept
	for len(left) > 0 && len(names) < 3 {
		most := 0
		for i := range left {
			if left[i].Bytes > left[most].Bytes {
				most = i
			}
		}
		r := left[most]
		if r.Bytes == 0 {
			break
		}
		names = append(names, fmt.Sprintf("run %s holds %s (%s)", r.ID, size(r.Bytes), strings.Join(r.Why, ", ")))
		left = append(left[:most:most], left[most+1:]...)
	}
	if len(names) == 0 {
		return "no run holds anything"
	}
	return strings.Join(names, "; ")
}
