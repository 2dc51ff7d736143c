package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"repro/cache"
	"repro/cache/bundle"
	"repro/cache/runs"
	"repro/engine/plan"
)

func newImport(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "import BUNDLE [FILE]",
		Short: "Take the results of a bundle into the cache",
		Long: "Take the results of a bundle that repro export wrote into the cache of this project, and the\n" +
			"record of its run. Every file is verified first. With a workflow FILE, say which of its stages\n" +
			"are hits now, and why others are not.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error { return f.importBundle(c.Context(), t, args[0], args[1:]) },
	}
	f.add(c)
	return c
}

// importAnswer is what import --json prints.
type importAnswer struct {
	Run     string            `json:"run"`
	Results int               `json:"results"`
	New     int               `json:"new"`      // results that the cache did not have
	Blobs   int               `json:"blobs"`    // blobs that the cache did not have
	LeftOut []string          `json:"left_out"` // stages whose outputs the bundle leaves out
	Differ  []string          `json:"differ"`   // stages that the cache has another result of
	Hits    *int              `json:"hits,omitempty"`
	Others  map[string]string `json:"others,omitempty"` // stages of the workflow that are no hits, and why
}

func (f *workflowFlags) importBundle(ctx context.Context, t *terminal, name string, args []string) (err error) {
	b, err := bundle.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	p := &project{flags: f}
	if len(args) == 0 {
		// The project is the one that this folder belongs to.
		err = p.settle("x.hcl") // whatever its name
	} else {
		p, err = f.open(args)
	}
	if err != nil {
		return err
	}
	answer, err := p.take(ctx, t, b)
	if err != nil {
		return err
	}
	if p.file != "" {
		if err := p.compare(ctx, t, b.Run, answer); err != nil {
			return err
		}
	}
	if f.json {
		return t.printJSON(answer)
	}
	return t.print(answer.text())
}

// take puts the bundle into the cache and its record beside the others.
func (p *project) take(ctx context.Context, t *terminal, b *bundle.Reader) (_ *importAnswer, err error) {
	store, err := p.openStore(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := store.Close(); closeErr != nil {
			err = errors.Join(err, withCode(exitCache, closeErr))
		}
	}()
	done, err := b.Import(ctx, store, bundle.Options{Room: store.Room})
	if err != nil {
		return nil, err
	}
	if err := p.noteRoot(); err != nil {
		return nil, err
	}
	records := p.records()
	if _, err := records.Load(b.Run.ID); errors.Is(err, fs.ErrNotExist) {
		err = records.Write(b.Run)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return &importAnswer{Run: b.Run.ID, Results: done.Recorded, New: done.New, Blobs: done.Blobs, LeftOut: done.LeftOut, Differ: done.Differ}, nil
}

// compare finds out which stages of the workflow are hits now.
func (p *project) compare(ctx context.Context, t *terminal, imported *runs.Run, answer *importAnswer) (err error) {
	if len(p.flags.vars)+len(p.flags.varFiles) == 0 {
		p.flags.vars = plainVars(imported.Vars)
	}
	w, err := p.load(ctx, t)
	if err != nil {
		return err
	}
	store, err := p.openStore(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	keys := make(map[string][]cache.Digest, len(imported.Stages))
	for _, s := range imported.Stages {
		keys[s.Addr] = []cache.Digest{s.Key}
	}
	made, err := p.plan(ctx, t, w, store, keys)
	if err != nil {
		return err
	}
	hits := made.Count(plan.Hit)
	answer.Hits, answer.Others = &hits, map[string]string{}
	for _, n := range made.Nodes {
		if n.Status != plan.Hit {
			answer.Others[n.Stage.Addr.String()] = n.Reason.String()
		}
		if n.Status == plan.Run || n.Status == plan.Blocked {
			t.say("%-8s %s  (%s)", n.Status, n.Stage.Addr, n.Reason)
		}
	}
	return nil
}

// text returns the answer for people.
func (a *importAnswer) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "run %s: %d results, %d of them new, with %d new blobs\n", a.Run, a.Results, a.New, a.Blobs)
	several := func(list []string, what string) {
		if len(list) > 0 {
			fmt.Fprintf(&b, "%d stages %s, such as %s\n", len(list), what, list[0])
		}
	}
	several(a.LeftOut, "run again: the bundle leaves out what they made")
	several(a.Differ, "have another result in this cache, which stays the one that is used")
	if a.Hits != nil {
		fmt.Fprintf(&b, "%d of %d stages of the workflow are hits now\n", *a.Hits, *a.Hits+len(a.Others))
	}
	return b.String()
}
