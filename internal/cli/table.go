package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"

	"repro/cache"
	"repro/engine/lang"
	"repro/reports"
)

// errNoRecords: nothing that a report reads has been made yet.
var errNoRecords = errors.New("no results yet")

// buildTable makes the table of a report from the results at hand, by address.
func buildTable(ctx context.Context, w *lang.Workflow, r *lang.Report, blobs cache.Blobs, results map[string]map[string]cache.Artifact) (*reports.Table, error) {
	spec := reports.Spec{
		Name: r.Name, Title: r.Title, Caption: r.Caption,
		Rows: r.Rows, Columns: r.Columns, Average: r.Average, Over: r.Over,
		Where: r.Where, PublishedWhere: r.PublishedWhere, Best: r.Best, Digits: r.Digits,
	}
	var records []reports.Record
	for _, source := range r.From {
		dims := source.Stage.Addr.Axes()
		artifact, ok := results[source.Stage.Addr.String()][source.Port]
		if !ok {
			spec.Expected = append(spec.Expected, dims)
			continue
		}
		spec.Present++
		more, err := readRecords(ctx, blobs, artifact, dims)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", source.Port, source.Stage.Addr, err)
		}
		records = append(records, more...)
	}
	if len(records) == 0 {
		return nil, errNoRecords
	}
	published, err := readPublished(w, r)
	if err != nil {
		return nil, err
	}
	return reports.Build(spec, records, published)
}

// readRecords reads a metrics file and adds the coordinates of the stage that
// made it to its dimensions.
func readRecords(ctx context.Context, blobs cache.Blobs, a cache.Artifact, axes map[string]string) (_ []reports.Record, err error) {
	if a.Tree {
		return nil, errors.New("is a folder, not a metrics file")
	}
	r, err := blobs.Open(ctx, a.Digest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	records, err := reports.ParseMetrics(r)
	if err != nil {
		return nil, err
	}
	for i := range records {
		for name, value := range axes {
			if _, own := records[i].Dims[name]; !own {
				records[i].Dims[name] = value
			}
		}
	}
	return records, nil
}

func readPublished(w *lang.Workflow, r *lang.Report) ([]reports.Record, error) {
	if r.Published == "" {
		return nil, nil
	}
	f, err := os.Open(publishedFile(w, r))
	if err != nil {
		return nil, fmt.Errorf("published numbers: %w", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return reports.ParseCSV(r.Published, f)
}

func publishedFile(w *lang.Workflow, r *lang.Report) string {
	if filepath.IsAbs(r.Published) {
		return r.Published
	}
	return filepath.Join(w.Dir, filepath.FromSlash(r.Published))
}

// checkPublished finds out before hours of work that a file of published
// numbers is not there.
func checkPublished(w *lang.Workflow) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, r := range w.Reports {
		if r.Published == "" {
			continue
		}
		if _, err := os.Stat(publishedFile(w, r)); err != nil {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "No published numbers",
				Detail: "published: " + err.Error() + ".", Subject: &r.Range,
			})
		}
	}
	return diags
}
