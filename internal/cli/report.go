package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"repro/reports"
	"repro/reports/claims"
	"repro/reports/page"
	"repro/reports/render"
)

const (
	formatText = "text"
	formatHTML = "html"
)

type reportFlags struct {
	workflowFlags
	format string
	names  []string
	run    string
	output string
}

func newReport(t *terminal, sdk fs.FS) *cobra.Command {
	f := reportFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "report [FILE]",
		Short: "Print the reports from the results at hand; run nothing",
		Args:  cobra.MaximumNArgs(1),
		RunE:  f.on(func(ctx context.Context, p *project) error { return p.report(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().StringVarP(&f.format, "format", "f", formatText, "how to print: "+strings.Join(render.Formats(), ", ")+" or "+formatHTML+", a page for a browser")
	c.Flags().StringArrayVar(&f.names, "only", nil, "print only the report `NAME`; may be repeated")
	c.Flags().StringVar(&f.run, "run", "", "report the earlier run `ID` (see history; a unique beginning will do) from its record")
	c.Flags().StringVarP(&f.output, "output", "o", "", "write to `FILE`")
	return c
}

func (p *project) report(ctx context.Context, t *terminal, f *reportFlags) (err error) {
	if f.json {
		f.format = "json"
	}
	if f.format != formatHTML {
		if _, err := render.ByName(f.format); err != nil {
			return withCode(exitUsage, fmt.Errorf("%w, "+formatHTML, err))
		}
	}
	found, store, err := p.found(ctx, t, f.run)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if found.Reports, err = only("report", found.Reports, reportName, f.names); err != nil {
		return err
	}
	tables, tablesErr := tables(ctx, t, found)
	p.tellMissing(t, found, f.run)
	if f.format == formatHTML {
		return errors.Join(tablesErr, t.printPage(ctx, f, found, tables))
	}
	return errors.Join(tablesErr, t.printTo(f.output, func(w io.Writer) error {
		return (&terminal{out: w, err: t.err}).printTables(tables, f.format)
	}))
}

// printPage writes results as a page for a browser, with claims if all reports
// are there that they are about.
func (t *terminal) printPage(ctx context.Context, f *reportFlags, s *reports.Snapshot, tables []*reports.Table) error {
	var judged []claims.Result
	var problems error
	if len(f.names) == 0 {
		if judged, problems = claims.Judge(ctx, s, claims.Options{}); problems != nil {
			problems = withCode(exitWorkflow, problems)
		}
	}
	made, err := page.New(ctx, s, tables, judged)
	if err == nil {
		err = t.printTo(f.output, made.Write)
	}
	return errors.Join(problems, err)
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
