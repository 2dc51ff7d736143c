package page

import (
	"bytes"
	"fmt"
	"html/template"

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
		o := plot.Options{ID: fmt.Sprintf("%s-%d", view.ID, i), Title: title, Color: p.colors}
		if err := plot.Draw(&svg, panel.Plot, o); err != nil {
			return view, err
		}
		view.Panels = append(view.Panels, Panel{Title: panel.Title, SVG: template.HTML(svg.String())}) // plot escapes what it writes
	}
	return view, nil
}

// legend gives each series its colour, the same one in all figures of the page.
func (p *Page) legend(view *Figure, f *reports.Figure) {
	for _, panel := range f.Panels {
		switch plot := panel.Plot.(type) {
		case *reports.Heatmap:
			view.Scale = &plot.Scale
		case *reports.Bars:
			names := plot.Series
			if len(names) == 1 {
				names = plot.Groups
			}
			for _, name := range names {
				p.key(view, name, len(plot.Series) > 1)
			}
			for _, row := range plot.Cells {
				for i := range row {
					view.Marks = view.Marks || row[i].Published != nil
				}
			}
		case *reports.Lines:
			for _, series := range plot.Series {
				p.key(view, series.Name, len(plot.Series) > 1)
			}
		}
	}
}

// key adds a series to the legend, if it is not there yet.
func (p *Page) key(view *Figure, name string, shown bool) {
	if _, known := p.colors[name]; !known {
		p.colors[name] = len(p.colors) % plot.Colors
	}
	for _, key := range view.Legend {
		shown = shown && key.Name != name
	}
	if shown {
		view.Legend = append(view.Legend, Key{Name: name, Class: fmt.Sprintf("c%d", p.colors[name])})
	}
}
