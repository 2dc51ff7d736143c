// Package page writes results as one self-contained HTML page.
//
// In comes a snapshot with its tables, or the difference between two; out comes
// a page for a browser that loads nothing: no script, no font, no request. Every
// number leads to the stages that it comes from, with keys and digests.
package page

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/claims"
	"repro/reports/figures"
	"repro/reports/plot"
)

//go:embed *.html style.css
var files embed.FS

// manyCurves is how many figures of loss curves are shown at once; more are folded.
const manyCurves = 4

// Page is the report of a snapshot, ready to be written.
type Page struct {
	Title   string // path of the workflow's file
	Label   string // of the snapshot
	Facts   []Fact
	Claims  []Claim
	Reports []Report
	Missing []string // reports without any result yet
	Curves  []Figure
	Graph   template.HTML
	Blocks  []Block
	Cut     string // which stages have no details, "" if all have
	Run     *runs.Run

	looks map[string]int    // of arms, by Key.ID
	ids   map[string]string // of stages, by address
}

// Fact is one line of the summary.
type Fact struct{ Name, Value, Tone string }

// Report is a table with its figures.
type Report struct {
	Table   Table
	Figures []Figure
}

// New gathers the page of a snapshot, its tables and its judged claims, if any.
// What the cache does not have any more is said to be missing on the page.
func New(ctx context.Context, s *reports.Snapshot, tables []*reports.Table, judged []claims.Result) (*Page, error) {
	p := &Page{Title: s.Workflow, Label: s.Label, Run: s.Run, looks: map[string]int{}, ids: map[string]string{}}
	for i := range s.Stages {
		p.ids[s.Stages[i].Addr] = fmt.Sprintf("s%d", i)
	}
	drawn := map[string]bool{} // kinds of figures that there are above
	for i := range s.Reports {
		r := &s.Reports[i]
		at := slices.IndexFunc(tables, func(t *reports.Table) bool { return t.Name == r.Name })
		if at < 0 {
			p.Missing = append(p.Missing, r.Name)
			continue
		}
		made, err := figures.OfReport(ctx, s, r)
		if err != nil {
			return nil, err
		}
		report := Report{Table: p.table(s, tables[at])}
		for _, f := range made {
			figure, err := p.figure(&f)
			if err != nil {
				return nil, err
			}
			kind := fmt.Sprintf("%T", f.Panels[0].Plot)
			figure.Open = !drawn[kind] || len(f.Panels) == 1
			drawn[kind] = true
			report.Figures = append(report.Figures, figure)
		}
		p.Reports = append(p.Reports, report)
	}
	curves, err := figures.Curves(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, f := range curves {
		figure, err := p.figure(&f)
		if err != nil {
			return nil, err
		}
		figure.Open = len(p.Curves) < manyCurves
		p.Curves = append(p.Curves, figure)
	}
	if err := p.stages(ctx, s); err != nil {
		return nil, err
	}
	p.claims(judged)
	return p, nil
}

// stages gathers the graph and what became of each stage.
func (p *Page) stages(ctx context.Context, s *reports.Snapshot) error {
	graph := figures.Graph(s)
	p.Facts = facts(s, graph.Blocks)
	links := map[string]string{}
	for i := range graph.Blocks {
		links[graph.Blocks[i].Name] = fmt.Sprintf("#b%d", i)
	}
	var svg bytes.Buffer
	err := plot.Draw(&svg, graph, plot.Options{ID: "graph", Title: "Graph of stages", Link: func(block string) string { return links[block] }})
	if err != nil {
		return err
	}
	p.Graph = template.HTML(svg.String()) // plot escapes what it writes
	return p.details(ctx, s, graph.Blocks)
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error { return execute(w, "report.html", p) }

// execute writes a page whole or not at all, as far as w lets it.
func execute(w io.Writer, name string, data any) error {
	style, err := files.ReadFile("style.css")
	if err != nil {
		return err
	}
	t, err := template.New(name).Funcs(template.FuncMap{
		"style":    func() template.CSS { return template.CSS(style) + template.CSS(plot.Style) },
		"duration": duration,
		"moment":   moment,
		"short":    short,
	}).ParseFS(files, "*.html")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	_, err = page.WriteTo(w)
	return err
}
