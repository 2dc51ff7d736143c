package figures

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/runs"
	"repro/reports"
)

const (
	curvePort = "curve"
	maxPoints = 160 // of a line: more are not to be seen
)

// Curves returns a figure for each block of stages that gives loss curves: a
// line for each instance, instances that differ only in what intervals are over
// (seeds) as one series. Curves that the cache does not have are left out.
func Curves(ctx context.Context, s *reports.Snapshot) ([]reports.Figure, error) {
	over := map[string]bool{}
	for _, r := range s.Reports {
		over[r.Over] = true
	}
	var made []reports.Figure
	for _, block := range s.Blocks() {
		f, err := blockCurves(ctx, s, &block, over)
		if err != nil {
			return nil, err
		}
		if f != nil {
			made = append(made, *f)
		}
	}
	return made, nil
}

// curve is the loss curve of one stage.
type curve struct {
	dims     []string // of arm
	arm, run reports.Key
	points   map[string][]reports.Point // by what they show, "loss"
}

// shown is what of a loss curve is drawn, and how it is called.
var shown = []struct{ field, title string }{{"loss", "training loss"}, {"validation_loss", "validation loss"}}

func blockCurves(ctx context.Context, s *reports.Snapshot, block *reports.Block, over map[string]bool) (*reports.Figure, error) {
	var curves []curve
	arms, left := map[string]bool{}, map[string]bool{} // that are drawn, and that are not
	for _, stage := range block.Stages {
		artifact, ok := stage.Outputs[curvePort]
		if !ok || artifact.Tree {
			continue
		}
		dims, arm, run := split(stage, over)
		id := strings.Join(arm, "\x00")
		if arms[id] = true; len(arms) > maxSeries {
			delete(arms, id)
			left[id] = true
			continue
		}
		points, err := readCurve(ctx, s, artifact)
		if errors.Is(err, cache.ErrMiss) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", curvePort, stage.Addr, err)
		}
		curves = append(curves, curve{dims: dims, arm: arm, run: run, points: points})
	}
	f := &reports.Figure{Name: "curves-" + block.Name, Title: "Loss of " + block.Name}
	if n := len(left); n > 0 {
		f.Caption = fmt.Sprintf("The first %d of %d arms.", len(arms), len(arms)+n)
	}
	for _, what := range shown {
		if l := lines(curves, what.field); l != nil {
			l.Y = what.title
			f.Panels = append(f.Panels, reports.Panel{Plot: l})
		}
	}
	if len(f.Panels) == 0 {
		return nil, nil
	}
	return f, nil
}

// lines returns the picture of one field of the curves, nil if none has it.
func lines(curves []curve, field string) *reports.Lines {
	curves = slices.DeleteFunc(slices.Clone(curves), func(c curve) bool { return len(c.points[field]) == 0 })
	if len(curves) == 0 {
		return nil
	}
	var arms []reports.Key
	for _, c := range curves {
		if !slices.ContainsFunc(arms, func(k reports.Key) bool { return slices.Equal(k, c.arm) }) {
			arms = append(arms, c.arm)
		}
	}
	l := &reports.Lines{X: "step"}
	xLo, xHi := none()
	yLo, yHi := none()
	for i, name := range Labels(arms) {
		series := reports.Series{Name: name}
		for _, c := range curves {
			if !slices.Equal(c.arm, arms[i]) {
				continue
			}
			series.Arm = armOf(c.dims, c.arm)
			line := reports.Line{Name: strings.Join(c.run, ", "), Points: thin(c.points[field])}
			series.Lines = append(series.Lines, line)
			for _, p := range line.Points {
				xLo, xHi, yLo, yHi = min(xLo, p.X), max(xHi, p.X), min(yLo, p.Y), max(yHi, p.Y)
			}
		}
		l.Series = append(l.Series, series)
	}
	l.XScale, l.YScale = reports.Scale{Lo: min(0, xLo), Hi: xHi}, reports.Scale{Lo: min(0, yLo), Hi: yHi, Digits: 3}
	return l
}

// split returns the coordinates of a stage that make its arm, with their names,
// and those that tell its runs apart, each in the order of their names.
func split(stage *runs.Stage, over map[string]bool) (dims []string, arm, run reports.Key) {
	var names []string
	for name := range stage.Axes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if over[name] {
			run = append(run, name+" "+stage.Axes[name])
		} else {
			dims, arm = append(dims, name), append(arm, stage.Axes[name])
		}
	}
	return dims, arm, run
}

// thin returns at most maxPoints points, the first and the last among them.
func thin(points []reports.Point) []reports.Point {
	if len(points) <= maxPoints {
		return points
	}
	few := make([]reports.Point, maxPoints)
	for i := range few {
		few[i] = points[i*(len(points)-1)/(maxPoints-1)]
	}
	return few
}

// readCurve reads JSON Lines with step and what is shown (docs/formats.md).
func readCurve(ctx context.Context, s *reports.Snapshot, a cache.Artifact) (_ map[string][]reports.Point, err error) {
	r, err := s.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	points := map[string][]reports.Point{}
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := addPoints(points, line); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return points, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func addPoints(points map[string][]reports.Point, line []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return err
	}
	step, ok := fields["step"].(float64)
	if !ok {
		return errors.New(`it needs a number "step"`)
	}
	for _, what := range shown {
		if value, ok := fields[what.field].(float64); ok {
			points[what.field] = append(points[what.field], reports.Point{X: step, Y: value})
		}
	}
	return nil
}
