package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/hcl/v2"

	"repro/cache"
	"repro/cache/disk"
	"repro/cache/runs"
	"repro/engine/lang"
	"repro/engine/plan"
	"repro/engine/run"
	"repro/reports"
)

// found returns what the cache has for the workflow as it is now or, if id is
// given, the results of that run. The store is to be closed.
func (p *project) found(ctx context.Context, t *terminal, id string) (_ *reports.Snapshot, store *disk.Store, err error) {
	if id != "" {
		record, err := p.runByName(id)
		if err != nil {
			return nil, nil, err
		}
		if store, err = p.openStore(ctx, t); err != nil {
			return nil, nil, err
		}
		return reports.NewSnapshot("run "+record.ID, record, store), store, nil
	}
	made, store, err := p.planned(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	found, err := p.snapshot(ctx, made, store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return found, store, nil
}

// tellMissing says how many stages have no result and, unless it is those of a
// run, what makes them.
func (p *project) tellMissing(t *terminal, found *reports.Snapshot, run string) {
	missing := found.Missing()
	if missing == 0 {
		return
	}
	remedy := ""
	if run == "" {
		remedy = " yet; fill the gaps with: " + p.command("run")
	}
	t.say("note: %d of %d stages have no result%s", missing, len(found.Stages), remedy)
}

// snapshot returns what the cache has for the workflow as it is planned now.
func (p *project) snapshot(ctx context.Context, made *plan.Plan, store *disk.Store) (*reports.Snapshot, error) {
	w := made.Workflow
	record := p.newRecord(ctx, w)
	record.Stages = run.Found(made)
	if err := p.define(ctx, record, w, store); err != nil {
		return nil, err
	}
	found := reports.NewSnapshot("working tree", record, store)
	found.Planned = map[string]*cache.Action{}
	for i, n := range made.Nodes {
		if n.Status != plan.Hit {
			found.Planned[n.Stage.Addr.String()] = made.Action(i)
		}
	}
	return found, nil
}

// define puts into a record what the workflow makes of its results, and the
// plugins that it uses.
func (p *project) define(ctx context.Context, record *runs.Run, w *lang.Workflow, store cache.Blobs) error {
	for _, plugin := range p.plugins {
		record.Plugins = append(record.Plugins, runs.Plugin{Name: plugin.decl.Name, Identity: plugin.built.Identity, Files: plugin.built.Files})
	}
	for _, r := range w.Reports {
		report := r.Report
		if err := keepPublished(ctx, store, w, r.PublishedFile, &report.Published); err != nil {
			return err
		}
		record.Reports = append(record.Reports, report)
	}
	for _, c := range w.Claims {
		claim := c.Claim
		if err := keepPublished(ctx, store, w, c.PublishedFile, &claim.Published); err != nil {
			return err
		}
		record.Claims = append(record.Claims, claim)
	}
	return nil
}

// keepPublished puts a file of published numbers, if there is one, into the
// cache, so that a record's tables and verdicts do not change with it.
func keepPublished(ctx context.Context, store cache.Blobs, w *lang.Workflow, file string, to *cache.Digest) error {
	if file == "" {
		return nil
	}
	b, err := os.ReadFile(w.Path(file))
	if err != nil {
		return fmt.Errorf("published numbers: %w", err)
	}
	*to, err = cache.PutBytes(ctx, store, b)
	return err
}

// tables builds the reports of a snapshot. One that cannot be built does not
// keep the others from it.
func tables(ctx context.Context, t *terminal, s *reports.Snapshot) ([]*reports.Table, error) {
	var made []*reports.Table
	var problems []error
	for i := range s.Reports {
		r := &s.Reports[i]
		table, err := s.Table(ctx, r)
		if errors.Is(err, reports.ErrNoRecords) {
			t.say("note: report %q has no results yet", r.Name)
			continue
		}
		if err != nil {
			problems = append(problems, withCode(exitWorkflow, fmt.Errorf("%s: %w", r.At, err)))
			continue
		}
		made = append(made, table)
	}
	return made, errors.Join(problems...)
}

// checkPublished finds out before hours of work that a file of published
// numbers is not there.
func checkPublished(w *lang.Workflow) hcl.Diagnostics {
	var diags hcl.Diagnostics
	check := func(file string, at hcl.Range) {
		if file == "" {
			return
		}
		if _, err := os.Stat(w.Path(file)); err != nil {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "No published numbers",
				Detail: "published: " + err.Error() + ".", Subject: &at,
			})
		}
	}
	for _, r := range w.Reports {
		check(r.PublishedFile, r.Range)
	}
	for _, c := range w.Claims {
		check(c.PublishedFile, c.Range)
	}
	return diags
}
