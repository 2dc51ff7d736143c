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

// Colors is how many colours of series there are; after them they begin anew.
const Colors = 8

// Options says how a picture looks.
type Options struct {
	ID    string         // unique on the page
	Title string         // what the picture is called
	Color map[string]int // number of the colour of each series; others have that of their place
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
		text += " ±" + s.Format(cell.Interval.Half())
	}
	if cell.Published != nil {
		text += ", published " + s.Format(*cell.Published)
	}
	return text
}

// color returns the class of a series' colour.
func color(o Options, series string, place int) string {
	if known, ok := o.Color[series]; ok {
		place = known
	}
	return "c" + strconv.Itoa(place%Colors)
}

// textWidth guesses how wide a text is: no font is known here.
func textWidth(text string, size float64) float64 {
	return 0.56 * size * float64(len([]rune(text)))
}

// cut shortens a text that is wider than width.
func cut(text string, size, width float64) string {
	letters := []rune(text)
	most := int(width / (0.56 * size))
	if len(letters) <= most {
		return text
	}
	return string(letters[:max(most-1, 1)]) + "…"
}
