package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"repro/cache"
	"repro/cache/disk"
	"repro/engine/lang"
	"repro/engine/plan"
)

func newPlan(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "plan [FILE] [STAGE…]",
		Short: "Say what run would do, and why",
		Args:  cobra.ArbitraryArgs,
		RunE:  f.on(func(ctx context.Context, p *project) error { return p.showPlan(ctx, t) }),
	}
	f.add(c)
	return c
}

type planAnswer struct {
	Stages  []plannedStage `json:"stages"`
	Hit     int            `json:"hit"`
	Run     int            `json:"run"`
	Unknown int            `json:"unknown"`
	Blocked int            `json:"blocked"`
}

type plannedStage struct {
	Addr    string            `json:"addr"`
	Axes    map[string]string `json:"axes,omitempty"`
	Status  plan.Status       `json:"status"`
	Reason  plan.ReasonKind   `json:"reason"`
	Details []string          `json:"details,omitempty"`
	Key     cache.Digest      `json:"key"`
}

func (p *project) showPlan(ctx context.Context, t *terminal) (err error) {
	made, store, err := p.planned(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	answer := planAnswer{
		Hit: made.Count(plan.Hit), Run: made.Count(plan.Run),
		Unknown: made.Count(plan.Unknown), Blocked: made.Count(plan.Blocked),
	}
	for _, n := range made.Nodes {
		answer.Stages = append(answer.Stages, plannedStage{
			Addr: n.Stage.Addr.String(), Axes: n.Stage.Addr.Axes(),
			Status: n.Status, Reason: n.Reason.Kind, Details: n.Reason.Details, Key: n.Key,
		})
	}
	if p.flags.json {
		return t.printJSON(answer)
	}
	return t.print(planText(made, answer))
}

// planText lists what would be done. Hits are counted by block: nothing
// happens to them.
func planText(made *plan.Plan, answer planAnswer) string {
	var b strings.Builder
	for i := 0; i < len(made.Nodes); {
		n := made.Nodes[i]
		same := i
		for same < len(made.Nodes) && made.Nodes[same].Stage.Block == n.Stage.Block &&
			made.Nodes[same].Status == plan.Hit && n.Status == plan.Hit {
			same++
		}
		switch {
		case same-i > 1:
			fmt.Fprintf(&b, "%-8s %s × %d\n", plan.Hit, n.Stage.Addr.Block(), same-i)
			i = same
		default:
			fmt.Fprintf(&b, "%-8s %s", n.Status, n.Stage.Addr)
			if n.Status != plan.Hit {
				fmt.Fprintf(&b, "  (%s)", n.Reason)
			}
			b.WriteByte('\n')
			i++
		}
	}
	fmt.Fprintf(&b, "%d to run, %d known only once others have run, %d cached", answer.Run, answer.Unknown, answer.Hit)
	if answer.Blocked > 0 {
		fmt.Fprintf(&b, ", %d blocked by missing programs", answer.Blocked)
	}
	b.WriteByte('\n')
	return b.String()
}

// planned loads the workflow, opens the cache and plans. The store is to be
// closed.
func (p *project) planned(ctx context.Context, t *terminal) (_ *plan.Plan, store *disk.Store, err error) {
	w, err := p.load(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	if store, err = p.openStore(ctx, t); err != nil {
		return nil, nil, err
	}
	made, err := p.plan(ctx, t, w, store, nil)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return made, store, nil
}

// plan makes the plan and shows what is wrong with it. Stages that have no
// result are compared with the earlier keys, by address and the newest first:
// those on record if earlier is nil.
func (p *project) plan(ctx context.Context, t *terminal, w *lang.Workflow, store *disk.Store, earlier map[string][]cache.Digest) (*plan.Plan, error) {
	previous := func() map[string][]cache.Digest { return earlier }
	if earlier == nil {
		previous = func() map[string][]cache.Digest { return earlierKeys(p.records(), p.workflowID()) }
	}
	made, diags := plan.New(ctx, w, plan.Options{Store: store, Files: store, Targets: p.patterns, Previous: previous})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return made, t.diagnose(diags, w.Sources, p.flags.json)
}
