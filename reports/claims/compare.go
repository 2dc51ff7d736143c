package claims

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/stats"
)

// spot is a cell of a table.
type spot struct {
	name        string // for people: what tells it from its rivals
	place       place
	row, column reports.Key
	cell        *reports.Cell
}

// group is the cells of one place that differ in the compared dimension only.
type group struct {
	place string
	cells map[string]spot // value of that dimension → cell
}

func groupsOf(t *reports.Table, dim string) []group {
	var groups []group
	index := map[string]int{}
	for i := range t.Rows {
		for j := range t.Columns {
			at := coordinates(t, i, j)
			name := at.describe(dim)
			n, known := index[name]
			if !known {
				n = len(groups)
				index[name] = n
				groups = append(groups, group{place: name, cells: map[string]spot{}})
			}
			groups[n].cells[at.value(dim)] = spot{at.value(dim), at, t.Rows[i], t.Columns[j], &t.Cells[i][j]}
		}
	}
	return groups
}

// contest is one comparison: subject is to be better than against.
type contest struct{ subject, against string }

// contests returns the comparisons that a check makes at each place, and the
// dimension that they are in.
func contests(c *runs.Check) (dim string, list []contest) {
	if c.Kind == runs.Trend {
		for i := range c.Order[1:] {
			list = append(list, contest{c.Order[i+1], c.Order[i]})
		}
		return c.Along, list
	}
	for _, than := range c.Than {
		list = append(list, contest{c.Better, than})
	}
	return c.Dim, list
}

// compare makes the comparisons of a check at each place of a table that has
// one of their sides.
func (j *judge) compare(n *numbers, t *reports.Table, c *runs.Check) ([]pending, error) {
	var all []pending
	dim, list := contests(c)
	units := &byDimension{judge: j, numbers: n, name: n.unit(c)}
	for _, g := range groupsOf(t, dim) {
		for _, contest := range list {
			subject, ok1 := g.cells[contest.subject]
			against, ok2 := g.cells[contest.against]
			if !ok1 && !ok2 {
				continue
			}
			p := pending{margin: math.NaN(), Evidence: Evidence{
				Place: g.place + beside(t, c), Subject: contest.subject, Against: contest.against, Digits: t.Digits, Level: c.Level,
			}}
			p.side(&p.Value, &p.Seeds[0], contest.subject, subject.cell, n.hint(dim, contest.subject))
			p.side(&p.Other, &p.Seeds[1], contest.against, against.cell, n.hint(dim, contest.against))
			if p.Verdict == "" {
				p.incomplete(n, subject, against)
			}
			if p.Verdict == "" {
				if err := p.differ(c, &n.report, subject.cell.Metric); err != nil {
					return nil, err
				}
				p.tell = func(p *pending, draws int) error { return j.test(p, c, draws, units, subject, against) }
			}
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: no cell has %s = %s%s", errNoData, dim, list[0].subject, n.hint(dim, list[0].subject))
	}
	values := []string{}
	for _, contest := range list {
		values = append(values, contest.subject, contest.against)
	}
	return append(all, elsewhere(n, t, dim, values)...), nil
}

// unit returns what a check is paired over, "" if there is nothing. Published
// numbers have no questions, but often a value for each language.
func (n *numbers) unit(c *runs.Check) string {
	switch {
	case n.snapshot != nil, slices.Contains(n.report.Average, c.Unit):
		return c.Unit
	case c.Unit == unitQuestion && len(n.report.Average) > 0:
		return n.report.Average[0]
	default:
		return ""
	}
}

// side notes the value of one side.
func (p *pending) side(value **float64, seeds *int, name string, cell *reports.Cell, hint string) {
	if cell == nil || cell.Missing() {
		p.Verdict = NoData
		p.note("there is no value for " + name + hint)
		return
	}
	*value = &cell.Mean
	if !cell.Constant {
		*seeds = len(cell.Samples)
	}
}

// differ fills in the difference.
func (p *pending) differ(c *runs.Check, r *runs.Report, metric string) error {
	sign, err := sign(c, r, metric)
	if err != nil {
		return err
	}
	p.needed = sign * c.By
	if c.NotWorse {
		p.needed = -p.needed
	}
	difference := *p.Value - *p.Other
	p.Difference, p.Better = &difference, sign*difference > 0
	p.margin = sign * (difference - p.needed)
	switch {
	case c.By > 0 && c.NotWorse:
		p.note(fmt.Sprintf("may be %v worse", c.By))
	case c.By > 0:
		p.note(fmt.Sprintf("has to be %v better", c.By))
	}
	return nil
}

// test fills in what tells the difference from noise.
func (j *judge) test(p *pending, c *runs.Check, draws int, units *byDimension, subject, against spot) (err error) {
	if units.name == unitQuestion {
		err = j.byQuestion(p, c, draws, units.numbers, subject, against)
	} else {
		err = units.test(p, subject, against)
	}
	if err != nil {
		return err
	}
	p.overSeeds(units.numbers, subject.cell, against.cell, 1-c.Level)
	if p.P == nil {
		p.note("there is nothing to tell it from noise by")
	}
	return nil
}

// sign returns 1 if a larger value is what the check wants, else −1.
func sign(c *runs.Check, r *runs.Report, metric string) (float64, error) {
	if c.Kind == runs.Trend {
		return map[string]float64{"rising": 1, "falling": -1}[c.Direction], nil
	}
	switch runs.ForMetric(r.Best, metric) {
	case "max":
		return 1, nil
	case "min":
		return -1, nil
	default:
		return 0, fmt.Errorf(`report %q does not say which values of %s are better: give it best = { %q = "max" } or "min"`, r.Name, metric, metric)
	}
}

// overSeeds tests a difference over the values of the report's over
// (stats.OverSeeds), which are paired if both cells are of the same stages.
func (p *pending) overSeeds(n *numbers, subject, against *reports.Cell, level float64) {
	is, than := stats.Drawn{Values: subject.Values(), Fixed: subject.Constant}, stats.Drawn{Values: against.Values(), Fixed: against.Constant}
	for i := range is.Values {
		is.Values[i] -= p.needed
	}
	e, test := stats.OverSeeds(than, is, against.SameDraws(subject), level)
	p.add(test+" over seeds", e.P, e.Lo+p.needed, e.Hi+p.needed)
	over := n.report.Over
	switch {
	case test != "" && !e.OK():
		p.note("it does not vary over " + over + ", which says nothing about others")
	case test == "" && n.snapshot != nil && over != "" && (!is.Fixed || !than.Fixed):
		p.note("one " + over + " says nothing about others")
	}
}

// add adds a test that has to tell the difference from noise as well: the
// larger p-value counts, and the wider interval.
func (p *pending) add(test string, value, lo, hi float64) {
	if math.IsNaN(value) {
		return
	}
	if p.Test != "" {
		p.Test += " and "
	}
	p.Test += test
	if p.P == nil || value > *p.P {
		p.P = &value
	}
	if p.Lo == nil || hi-lo > *p.Hi-*p.Lo {
		p.Lo, p.Hi = &lo, &hi
	}
}

const unitQuestion = "question"

// byQuestion tests a difference with what each question adds to it. Without
// values per query there is no such test.
func (j *judge) byQuestion(p *pending, c *runs.Check, draws int, n *numbers, subject, against spot) error {
	is, err := n.snapshot.Values(j.ctx, &n.report, subject.row, subject.column)
	var units []reports.Unit
	if err == nil {
		var than *reports.Values
		if than, err = n.snapshot.Values(j.ctx, &n.report, against.row, against.column); err == nil {
			units, _, err = reports.Pair(than, is)
		}
	}
	if errors.Is(err, reports.ErrNoQueries) || errors.Is(err, reports.ErrUnpaired) || (err == nil && len(units) < 2) {
		p.note("there are no questions to pair")
		return nil
	}
	if err != nil {
		return err
	}
	flips, boots := make([]float64, len(units)), make([]float64, len(units))
	for i, u := range units {
		flips[i], boots[i] = u.Flip-p.needed, u.Boot-p.needed
	}
	o := stats.Options{Samples: j.options.Samples, Level: 1 - c.Level, Seed: j.seed(p)}
	lo, hi := stats.Bootstrap(boots, o)
	lo, hi, o.Samples = lo+p.needed, hi+p.needed, draws
	p.Units, p.Unit = len(units), unitQuestion
	if c.Test == "bootstrap" {
		p.add("bootstrap over questions", stats.BootstrapP(boots, o), lo, hi)
	} else {
		p.add("randomisation over questions", stats.Randomisation(flips, o), lo, hi)
	}
	return nil
}

// seed makes the draws of a comparison depend on what it compares only, not on
// which others there are.
func (j *judge) seed(p *pending) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %q %q %q", j.options.Seed, p.Place, p.Subject, p.Against) //nolint:errcheck // a hash takes everything
	return h.Sum64()
}

// reason is what an error says beyond that there is no data.
func reason(err error) string { return strings.TrimPrefix(err.Error(), errNoData.Error()+": ") }
