package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"repro/cache/runs"
	"repro/engine"
)

func newLog(t *terminal) *cobra.Command {
	var f workflowFlags
	c := &cobra.Command{
		Use:   "log [FILE] STAGE",
		Short: "Print what a stage wrote when it last ran",
		Args:  cobra.RangeArgs(1, 2),
		RunE:  f.on(func(ctx context.Context, p *project) error { return p.showLog(ctx, t) }),
	}
	f.add(c)
	return c
}

type logAnswer struct {
	Run   string     `json:"run"`
	Stage runs.Stage `json:"stage"`
	Log   string     `json:"log"`
}

func (p *project) showLog(ctx context.Context, t *terminal) (err error) {
	run, stage, err := p.findStage()
	if err != nil {
		return err
	}
	answer := logAnswer{Run: run, Stage: stage}
	if !stage.Log.IsZero() {
		store, err := p.openStore(ctx, t)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		r, err := store.Open(ctx, stage.Log)
		if err != nil {
			return fmt.Errorf("log of %s: %w", stage.Addr, err)
		}
		defer r.Close() //nolint:errcheck // opened for reading only
		if !p.flags.json {
			_, err = io.Copy(t.out, r)
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		answer.Log = string(text)
	}
	if p.flags.json {
		return t.printJSON(answer)
	}
	t.say("%s wrote nothing", stage.Addr)
	return nil
}

// findStage returns the one stage that the command line names, from the newest
// run that knows what became of it.
func (p *project) findStage() (run string, _ runs.Stage, _ error) {
	if len(p.patterns) != 1 {
		return "", runs.Stage{}, withCode(exitUsage, errors.New("name one stage, such as train.encoder[seed=0]"))
	}
	pattern := p.patterns[0]
	var known []engine.Addr
	records := p.records()
	list, err := records.List()
	if err != nil {
		return "", runs.Stage{}, err
	}
	for _, header := range list {
		if header.Workflow != p.workflowID() {
			continue
		}
		r, err := records.Load(header.ID)
		if err != nil {
			return "", runs.Stage{}, fmt.Errorf("record %s: %w", header.ID, err)
		}
		var found []runs.Stage
		for _, s := range r.Stages {
			addr, err := engine.ParsePattern(s.Addr)
			if err != nil {
				continue
			}
			known = append(known, engine.Addr(addr))
			if pattern.Match(engine.Addr(addr)) && (s.State == runs.Ran || s.State == runs.Hit || s.State == runs.Failed || !s.Log.IsZero()) {
				found = append(found, s)
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return r.ID, found[0], nil
		}
		// Of several, the one that failed is the one that is asked for.
		failed := slices.DeleteFunc(slices.Clone(found), func(s runs.Stage) bool { return s.State != runs.Failed })
		if len(failed) == 1 {
			return r.ID, failed[0], nil
		}
		return "", runs.Stage{}, withCode(exitUsage, fmt.Errorf("%s means %d stages, such as %s: name one", pattern, len(found), found[0].Addr))
	}
	hint := ""
	if !slices.ContainsFunc(known, pattern.Match) {
		hint = "." + pattern.Hint(known)
	}
	return "", runs.Stage{}, fmt.Errorf("no run of %s has run %s%s", p.file, pattern, strings.TrimSuffix(hint, "."))
}
