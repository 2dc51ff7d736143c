package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"repro/engine/lang"
	"repro/reports"
	"repro/reports/render"
)

const formatText = "text"

type reportFlags struct {
	workflowFlags
	format string
	names  []string
}

func newReport(t *terminal, sdk fs.FS) *cobra.Command {
	f := reportFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "report [FILE]",
		Short: "Print the reports from the results at hand; run nothing",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := f.open(args)
			if err != nil {
				return err
			}
			return p.report(c.Context(), t, &f)
		},
	}
	f.add(c)
	c.Flags().StringVarP(&f.format, "format", "f", formatText, "how to print: "+strings.Join(render.Formats(), ", "))
	c.Flags().StringArrayVar(&f.names, "only", nil, "print only the report `NAME`; may be repeated")
	return c
}

func (p *project) report(ctx context.Context, t *terminal, f *reportFlags) (err error) {
	if f.json {
		f.format = "json"
	}
	if _, err := render.ByName(f.format); err != nil {
		return withCode(exitUsage, err)
	}
	w, err := p.load(ctx, t)
	if err != nil {
		return err
	}
	if w.Reports, err = onlyReports(w.Reports, f.names); err != nil {
		return err
	}
	store, err := p.openStore(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	found, err := p.snapshot(ctx, t, w, store)
	if err != nil {
		return err
	}
	tables, tablesErr := tables(ctx, t, found)
	if missing := found.Missing(); missing > 0 {
		t.say("note: %d of %d stages have no result yet; fill the gaps with: %s", missing, len(found.Stages), p.command("run"))
	}
	return errors.Join(tablesErr, t.printTables(tables, f.format))
}

func onlyReports(all []*lang.Report, names []string) ([]*lang.Report, error) {
	if len(names) == 0 {
		return all, nil
	}
	var only []*lang.Report
	for _, name := range names {
		i := slices.IndexFunc(all, func(r *lang.Report) bool { return r.Name == name })
		if i < 0 {
			var known []string
			for _, r := range all {
				known = append(known, r.Name)
			}
			return nil, withCode(exitUsage, fmt.Errorf("there is no report %q; there are %s", name, strings.Join(known, ", ")))
		}
		only = append(only, all[i])
	}
	return only, nil
}

func (t *terminal) printTables(tables []*reports.Table, format string) error {
	if format == "json" {
		list, err := tablesJSON(tables)
		if err != nil {
			return err
		}
		return t.printJSON(list)
	}
	draw, err := render.ByName(format)
	if err != nil {
		return err
	}
	options := render.Options{Color: color(t.out), Width: width(t.out)}
	for i, table := range tables {
		if i > 0 {
			if err := t.print("\n"); err != nil {
				return err
			}
		}
		if err := draw(t.out, table, options); err != nil {
			return err
		}
	}
	return nil
}

// tablesJSON returns the tables in the form that render.JSON gives each.
func tablesJSON(tables []*reports.Table) ([]json.RawMessage, error) {
	list := make([]json.RawMessage, 0, len(tables))
	for _, table := range tables {
		var b bytes.Buffer
		if err := render.JSON(&b, table, render.Options{}); err != nil {
			return nil, err
		}
		list = append(list, b.Bytes())
	}
	return list, nil
}
