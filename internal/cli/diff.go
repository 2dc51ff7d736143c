package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache/disk"
	"repro/reports"
	"repro/reports/compare"
	"repro/reports/page"
	"repro/reports/render"
)

type diffFlags struct {
	workflowFlags
	oldVars, newVars         []string
	oldVarFiles, newVarFiles []string
	format, output           string
	only                     []string
	level                    float64
	run, partial, published  bool
	jobs                     int
}

func newDiff(t *terminal, sdk fs.FS) *cobra.Command {
	f := diffFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "diff [FILE] [OLD [NEW]]",
		Short: "Say which numbers moved, whether it is noise, and why",
		Long: "Compare the reports of two states of a workflow. OLD and NEW are git revisions, runs\n" +
			"(their IDs, or how those start; see: repro history) or \".\", the working tree. Without\n" +
			"them, HEAD is compared with the working tree. Nothing is checked out and nothing is\n" +
			"run, unless --run is given.\n\n" +
			"The exit code is 0 if nothing moved beyond noise, 1 if something did, and another if the\n" +
			"two cannot be compared.",
		Args: cobra.MaximumNArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			var names []string
			if len(args) > 0 && strings.HasSuffix(args[0], ".hcl") { // any other file may be a branch's name
				names, args = args[1:], args[:1]
			} else {
				names, args = args, nil
			}
			if len(names) > 2 {
				return withCode(exitUsage, fmt.Errorf("%s is not a workflow file (see: repro diff --help)", names[0]))
			}
			p, err := f.open(args)
			if err != nil {
				return err
			}
			err = p.diff(c.Context(), t, &f, names)
			var coded *codedError
			if err != nil && !errors.As(err, &coded) && !errors.Is(err, errInterrupted) {
				return withCode(exitNoDiff, err) // 1 means that something moved
			}
			return err
		},
	}
	f.add(c)
	c.Flags().StringArrayVar(&f.oldVars, "old-var", nil, "as --var, for the old side only")
	c.Flags().StringArrayVar(&f.newVars, "new-var", nil, "as --var, for the new side only")
	c.Flags().StringArrayVar(&f.oldVarFiles, "old-var-file", nil, "as --var-file, for the old side only")
	c.Flags().StringArrayVar(&f.newVarFiles, "new-var-file", nil, "as --var-file, for the new side only")
	c.Flags().BoolVar(&f.published, "published", false, "compare the published numbers with the working tree, or with the state that is named")
	c.Flags().StringArrayVar(&f.only, "only", nil, "compare only the report `NAME`; may be repeated")
	c.Flags().Float64Var(&f.level, "level", 0.05, "level of significance, after Holm's correction")
	c.Flags().BoolVar(&f.run, "run", false, "run what has no result yet, a commit's files beside the working tree")
	c.Flags().BoolVar(&f.partial, "partial", false, "compare what there is, even if results are missing")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "with --run, use at most `N` CPUs at once")
	c.Flags().StringVarP(&f.format, "format", "f", formatText, "how to print: "+strings.Join(render.DiffFormats(), ", ")+" or "+formatHTML+", a page for a browser")
	c.Flags().StringVarP(&f.output, "output", "o", "", "write to `FILE`")
	return c
}

func (p *project) diff(ctx context.Context, t *terminal, f *diffFlags, names []string) (err error) {
	if f.json {
		f.format = "json"
	}
	draw, err := diffFunc(f.format)
	if err != nil {
		return withCode(exitUsage, err)
	}
	if f.level <= 0 || f.level >= 1 {
		return withCode(exitUsage, fmt.Errorf("--level %v is not between 0 and 1", f.level))
	}
	store, err := p.openStore(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	made, err := p.moved(ctx, t, f, store, names)
	if err != nil {
		return err
	}
	if err := t.printTo(f.output, func(w io.Writer) error {
		return draw(w, made, render.Options{Color: f.output == "" && color(t.out), Width: watched(t.out, f.output)})
	}); err != nil {
		return err
	}
	if made.Beyond() {
		return reported(exitMoved)
	}
	return nil
}

// watched returns the width of a terminal that the answer goes to, else 0: what
// reads a file or a pipe has no width.
func watched(out io.Writer, file string) int {
	if file != "" || !isTerminal(out) {
		return 0
	}
	return width(out)
}

func diffFunc(format string) (render.DiffFunc, error) {
	if format == formatHTML {
		return func(w io.Writer, d *compare.Diff, _ render.Options) error { return page.WriteDiff(w, d) }, nil
	}
	draw, err := render.DiffByName(format)
	if err != nil {
		return nil, fmt.Errorf("%w, "+formatHTML, err)
	}
	return draw, nil
}

// moved finds both sides and compares them.
func (p *project) moved(ctx context.Context, t *terminal, f *diffFlags, store *disk.Store, names []string) (*compare.Diff, error) {
	options := compare.Options{Level: f.level, Only: f.only}
	if f.published {
		name := presentName
		if len(names) > 1 {
			return nil, withCode(exitUsage, errors.New("--published takes one state to compare with"))
		} else if len(names) == 1 {
			name = names[0]
		}
		s, err := p.side(ctx, t, f, store, name, f.newVars, f.newVarFiles)
		if err != nil {
			return nil, err
		}
		if err := knownReports(f.only, s); err != nil {
			return nil, err
		}
		return compare.Published(ctx, s, options)
	}
	oldName, newName := "HEAD", presentName
	if len(f.oldVars)+len(f.newVars)+len(f.oldVarFiles)+len(f.newVarFiles) > 0 {
		oldName = presentName // the same files with other variables
	}
	if len(names) > 0 {
		oldName = names[0]
	}
	if len(names) > 1 {
		newName = names[1]
	}
	old, oldErr := p.side(ctx, t, f, store, oldName, f.oldVars, f.oldVarFiles)
	now, newErr := p.side(ctx, t, f, store, newName, f.newVars, f.newVarFiles)
	if err := errors.Join(oldErr, newErr); err != nil {
		return nil, err
	}
	if err := knownReports(f.only, old, now); err != nil {
		return nil, err
	}
	return compare.Compare(ctx, old, now, options)
}

// knownReports refuses names of reports that no side has.
func knownReports(only []string, sides ...*reports.Snapshot) error {
	for _, name := range only {
		var known []string
		found := false
		for _, s := range sides {
			found = found || s.Report(name) != nil
			for _, r := range s.Reports {
				if !slices.Contains(known, r.Name) {
					known = append(known, r.Name)
				}
			}
		}
		if !found {
			return unknown("report", name, known)
		}
	}
	return nil
}

// fill runs what a side has no results of.
func (p *project) fill(ctx context.Context, t *terminal, f *diffFlags, s *reports.Snapshot, store *disk.Store) (*reports.Snapshot, error) {
	w, err := p.load(ctx, t)
	if err != nil {
		return nil, err
	}
	made, err := p.plan(ctx, t, w, store, nil)
	if err != nil {
		return nil, err
	}
	t.say("running %s", s.Label)
	record, err := p.carryOut(ctx, t, &runFlags{workflowFlags: *p.flags, jobs: f.jobs}, made, store, time.Now().UTC())
	if err = errors.Join(err, p.closePlugins()); err != nil {
		return nil, err
	}
	return reports.NewSnapshot(s.Label, record, store), nil
}
