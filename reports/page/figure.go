package page

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"

	"repro/reports"
	"repro/reports/plot"
)

// Figure is a reports.Figure, drawn.
type Figure struct {
	ID, Title, Caption string
	Panels             []Panel
	Legend             []Key
	Scale              *reports.Scale // of a heat map's colours
	Marks              bool           // whether marks show published values
	Open               bool
}

// Panel is one picture.
type Panel struct {
	Title string
	SVG   template.HTML
}

// Key says which colour stands for which series.
type Key struct{ Name, Class string }

func (p *Page) figure(f *reports.Figure) (Figure, error) {
	view := Figure{ID: "f-" + f.Name, Title: f.Title, Caption: f.Caption}
	p.legend(&view, f)
	for i, panel := range f.Panels {
		title := f.Title
		if panel.Title != "" {
			title += ", " + panel.Title
		}
		var svg bytes.Buffer
		o := plot.Options{ID: fmt.Sprintf("%s-%d", view.ID, i), Title: title, Looks: p.looks}
		if err := plot.Draw(&svg, panel.Plot, o); err != nil {
			return view, err
		}
		view.Panels = append(view.Panels, Panel{Title: panel.Title, SVG: template.HTML(svg.String())}) // plot escapes what it writes
	}
	return view, nil
}

// legend gives each arm its look, the same one in all figures of the page.
func (p *Page) legend(view *Figure, f *reports.Figure) {
	for _, panel := range f.Panels {
		switch plot := panel.Plot.(type) {
		case *reports.Heatmap:
			view.Scale = &plot.Scale
		case *reports.Bars:
			for i, arm := range plot.Arms {
				p.look(arm)
				if len(plot.Series) > 1 {
					p.key(view, plot.Series[i], arm)
				}
			}
			for _, row := range plot.Cells {
				for i := range row {
					view.Marks = view.Marks || row[i].Published != nil
				}
			}
		case *reports.Lines:
			for _, series := range plot.Series {
				p.look(series.Arm)
				if len(plot.Series) > 1 {
					p.key(view, series.Name, series.Arm)
				}
			}
		}
	}
}

// look gives an arm a look, if it has none yet.
func (p *Page) look(arm reports.Key) {
	if _, known := p.looks[arm.ID()]; !known {
		p.looks[arm.ID()] = len(p.looks)
	}
}

// key adds an arm to the legend, if it is not there yet.
func (p *Page) key(view *Figure, name string, arm reports.Key) {
	key := Key{Name: name, Class: plot.Class(p.looks[arm.ID()])}
	if !slices.Contains(view.Legend, key) {
		view.Legend = append(view.Legend, key)
	}
}
