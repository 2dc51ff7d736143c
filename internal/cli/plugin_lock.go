package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"repro/engine/lock"
	"repro/engine/plan"
)

func newPluginLock(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "lock [FILE]",
		Short: "Pin plugins, programs and source files in " + lock.File,
		Long: "Write into " + lock.File + ", beside the workflow, which state of its plugins, of the programs\n" +
			"that its stages run and of its source files it has now. Entries of other workflows,\n" +
			"or of other variables, stay. run --locked refuses whatever differs.",
		Args: cobra.MaximumNArgs(1),
		RunE: f.on(func(ctx context.Context, p *project) error { return p.lock(ctx, t) }),
	}
	f.add(c)
	return c
}

func (p *project) lock(ctx context.Context, t *terminal) (err error) {
	made, store, err := p.planned(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	w := made.Workflow
	// What is missing cannot be pinned, and a lock without it would refuse the
	// machine that has it.
	for _, n := range made.Nodes {
		if n.Status == plan.Blocked {
			return withCode(exitStage, fmt.Errorf("cannot pin %s: %s", n.Stage.Addr, strings.Join(n.Reason.Details, ", ")))
		}
	}
	now := lock.Of(made)
	all, err := lock.Load(w.Dir)
	switch {
	case lock.None(err):
		all = &lock.Lock{}
	case err != nil:
		return withCode(exitWorkflow, err)
	}
	changed := all.Drift(now)
	all.Add(now)
	if err := all.Write(w.Dir); err != nil {
		return err
	}
	if p.flags.json {
		return t.printJSON(map[string]any{"file": filepath.Join(w.Dir, lock.File), "changed": changed})
	}
	for _, line := range changed {
		if !strings.HasSuffix(line, "is not locked") { // it is now, and the file says which
			t.say("%s", line)
		}
	}
	return t.print(fmt.Sprintf("%s pins %d plugins, %d programs and %d sources\n",
		filepath.Join(w.Dir, lock.File), len(all.Plugins), len(all.Tools), len(all.Sources)))
}

// checkLock refuses a plan that differs from the lock file.
func (p *project) checkLock(t *terminal, made *plan.Plan) error {
	w := made.Workflow
	locked, err := lock.Load(w.Dir)
	switch {
	case lock.None(err):
		return withCode(exitWorkflow, fmt.Errorf("there is no %s in %s. Write it with: %s", lock.File, w.Dir, p.command("plugin lock")))
	case err != nil:
		return withCode(exitWorkflow, err)
	}
	drift := locked.Drift(lock.Of(made))
	if len(drift) == 0 {
		return nil
	}
	for _, line := range drift {
		t.say("%s", line)
	}
	return withCode(exitWorkflow, fmt.Errorf("%d differences from %s. Go back to what is locked, or accept what is there with: %s",
		len(drift), filepath.Join(w.Dir, lock.File), p.command("plugin lock")))
}
