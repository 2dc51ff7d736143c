// Package plot draws figures.
//
// In comes a reports.Plot; out comes an SVG element to stand in an HTML page.
// Like renderers of tables it computes nothing but places. Colours are CSS
// variables of the page (Style), so that a picture follows its light and dark
// theme, and every picture has a title and a description.
package plot

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"

	"repro/reports"
)

// Style is the style sheet of the pictures: the page's own defines the
// variables --ink, --muted, --rule and --paper.
//
//go:embed plot.css
var Style string

// There are 8 colours of arms, and each comes in 3 rounds.
const (
	colors = 8
	rounds = 3
)

// Options says how a picture looks.
type Options struct {
	ID    string         // unique on the page
	Title string         // what the picture is called
	Looks map[string]int // number of the look of each arm, by its Key.ID; others have that of their place
	// Link returns where the box of a block leads to, "" for nowhere. It may be nil.
	Link func(block string) string
}

// Draw writes the picture.
func Draw(w io.Writer, p reports.Plot, o Options) error {
	body, role := canvas{most: 1.25}, "img"
	switch p := p.(type) {
	case *reports.Heatmap:
		body.heatmap(p)
	case *reports.Bars:
		body.bars(p, o)
	case *reports.Lines:
		body.lines(p, o)
	case *reports.Graph:
		body.graph(p, o)
		role = "group" // an img has no links
	default:
		return fmt.Errorf("no way to draw %T", p)
	}
	_, err := fmt.Fprintf(w, `<svg viewBox="0 0 %s %s" style="min-width:%spx;max-width:%spx" role="%s" aria-labelledby="%[6]s-t %[6]s-d"><title id="%[6]s-t">%[7]s</title><desc id="%[6]s-d">%[8]s</desc>%[9]s</svg>`,
		number(body.width), number(body.height), number(body.width*body.least), number(body.width*body.most), role,
		html.EscapeString(o.ID), html.EscapeString(o.Title), html.EscapeString(p.Describe()), body.String())
	return err
}

// canvas gathers the elements of a picture.
type canvas struct {
	strings.Builder
	width, height float64
	least, most   float64 // how much smaller and larger it may be shown
}

// add writes an element; numbers are places.
func (c *canvas) add(format string, args ...any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case float64:
			args[i] = number(arg)
		case string:
			args[i] = html.EscapeString(arg)
		}
	}
	fmt.Fprintf(c, format, args...) //nolint:errcheck // a strings.Builder takes everything
}

// number writes a place with at most one decimal: finer is not to be seen.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// value writes a cell for a tooltip: mean, interval, published value.
func value(s *reports.Scale, cell *reports.Cell) string {
	text := s.Format(cell.Mean)
	if cell.Interval != nil {
		half := reports.Scale{Digits: s.Digits}
		text += " ±" + half.Format(cell.Interval.Half())
	}
	if cell.Published != nil {
		text += ", published " + s.Format(*cell.Published)
	}
	return text
}

// Class returns the CSS classes of a look: its colour, and whether it is one of
// the full, the pale (lines: dashed) or the hollow (dotted) ones.
func Class(look int) string {
	class := "c" + strconv.Itoa(look%colors)
	if round := look / colors % rounds; round > 0 {
		class += " r" + strconv.Itoa(round)
	}
	return class
}

// class returns the classes of an arm, or those of its place.
func class(o Options, arms []reports.Key, place int) string {
	if place < len(arms) {
		if look, ok := o.Looks[arms[place].ID()]; ok {
			return Class(look)
		}
	}
	return Class(place)
}
