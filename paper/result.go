package paper

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"repro/reports"
	"repro/reports/compare"
)

// look says how a number looks.
type look struct {
	digits    int
	percent   bool
	interval  bool
	published bool
}

// parseLook reads the options of \result and \difference.
func parseLook(options string, digits int) (look, error) {
	l := look{digits: digits}
	given := false
	for _, option := range splitCommas(options) {
		name, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		switch strings.TrimSpace(name) {
		case "percent":
			l.percent = true
		case "interval":
			l.interval = true
		case "published":
			l.published = true
		case "digits":
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || n < 0 || n > 15 {
				return l, fmt.Errorf("digits=%s: a number from 0 to 15 is needed", value)
			}
			l.digits, given = n, true
		default:
			return l, fmt.Errorf("there is no option %q; there are digits=N, interval, percent, published", option)
		}
	}
	if l.percent && !given {
		l.digits = max(l.digits-2, 0)
	}
	return l, nil
}

// number returns a value as LaTeX. sign shows a plus as well.
func (f *filler) number(l look, value float64, sign bool) string {
	unit := ""
	if l.percent {
		value, unit = 100*value, `\,\%`
	}
	text := strconv.FormatFloat(value, 'f', l.digits, 64)
	digits, negative := strings.CutPrefix(text, "-")
	zero := strings.Trim(digits, "0.") == ""
	switch {
	case zero || !negative && !sign:
		return digits + unit
	case f.pandoc && negative:
		return "−" + digits + unit
	case f.pandoc:
		return "+" + digits + unit
	case negative:
		return `\ensuremath{-}` + digits + unit
	default:
		return `\ensuremath{+}` + digits + unit
	}
}

func (f *filler) interval(l look, i *reports.Interval) string {
	plusMinus := `\,\ensuremath{\pm}\,`
	if f.pandoc {
		plusMinus = "\u202f±\u202f"
	}
	return plusMinus + f.number(l, i.Half(), false)
}

// result expands \result[OPTIONS]{REPORT}{SELECTOR}.
func (f *filler) result(c *command) (string, error) {
	which, err := f.selector(c.args[1])
	if err != nil {
		return "", err
	}
	table, at, err := f.cell(c.args[0], which)
	if err != nil {
		return "", err
	}
	l, err := parseLook(c.options, table.Digits)
	if err != nil {
		return "", err
	}
	cell := &table.Cells[at.row][at.column]
	value := cell.Mean
	if l.published {
		if cell.Published == nil {
			return "", errors.New("the report has no published number for this cell")
		}
		value = *cell.Published
	}
	text := f.number(l, value, false)
	if l.interval && !l.published && cell.Interval != nil { // a single seed has none
		text += f.interval(l, cell.Interval)
	}
	return f.link(c, table, []position{at}, value, text, l.published), nil
}

// difference expands \difference[OPTIONS]{REPORT}{SELECTOR}{SELECTOR}: the first
// cell less the second, which is like the first in what it leaves out.
func (f *filler) difference(c *command) (string, error) {
	first, err := f.selector(c.args[1])
	if err != nil {
		return "", err
	}
	second, err := f.selector(c.args[2])
	if err != nil {
		return "", err
	}
	table, a, err := f.cell(c.args[0], first)
	if err != nil {
		return "", err
	}
	which := maps.Clone(first)
	maps.Copy(which, second)
	_, b, err := f.cell(c.args[0], which)
	if err != nil {
		return "", err
	}
	l, err := parseLook(c.options, table.Digits)
	if err != nil {
		return "", err
	}
	if l.published {
		return "", errors.New("a difference has the options digits=N, interval and percent only")
	}
	value := table.Cells[a.row][a.column].Mean - table.Cells[b.row][b.column].Mean
	text := f.number(l, value, true)
	if l.interval {
		interval, err := f.between(table, a, b)
		if err != nil {
			return "", err
		}
		if interval != nil { // a single seed has none
			// In braces, as it may stand in the brackets of an option.
			text = "{" + text + "~[" + f.number(l, interval.Lo, true) + ",~" + f.number(l, interval.Hi, true) + "]}"
		}
	}
	return f.link(c, table, []position{a, b}, value, text, false), nil
}

// between returns the interval of the first cell less the second, which is drawn
// once for all passes over the template.
func (f *filler) between(t *reports.Table, a, b position) (*reports.Interval, error) {
	key := fmt.Sprintf("%q %v %v", t.Name, a, b)
	if known, ok := f.intervals[key]; ok {
		return known, nil
	}
	at := func(p position) compare.Place { return compare.Place{Row: p.row, Column: p.column} }
	interval, err := compare.Between(f.ctx, f.options.Snapshot, f.options.Snapshot.Report(t.Name), t, at(b), at(a))
	f.intervals[key] = interval
	return interval, err
}

// cell finds the cell that is meant and demands that it is current.
func (f *filler) cell(report string, which map[string]string) (*reports.Table, position, error) {
	table, err := f.table(report, which)
	if err != nil {
		return nil, position{}, err
	}
	row, column, err := table.Locate(which)
	at := position{row, column}
	if errors.Is(err, reports.ErrNoCell) {
		// A stage that has no result does not tell all rows that it would give.
		if stale := f.current(report, which); stale != nil {
			return nil, at, stale
		}
	}
	if err != nil {
		return nil, at, err
	}
	// Also where there is a value: it may be a mean over less than it should be.
	if stale := f.current(report, cellValues(table, at)); stale != nil {
		return nil, at, stale
	}
	cell := &table.Cells[at.row][at.column]
	if cell.Partial {
		if stale := f.stale(f.absent(f.options.Snapshot.Report(table.Name)), cellValues(table, at)); stale != nil {
			return nil, at, stale
		}
	}
	switch {
	case cell.Missing():
		return nil, at, errors.New("the results have no value for this cell")
	case cell.Partial:
		return nil, at, fmt.Errorf("the cell is the mean over %d values of %s only; others have more", cell.N, table.Over)
	}
	return table, at, nil
}

// table returns the table of a report from the results that there are. Without
// any, what the cells with these values need is missing.
func (f *filler) table(name string, values map[string]string) (*reports.Table, error) {
	name = strings.TrimSpace(name)
	if t, ok := f.tables[name]; ok {
		return t, nil
	}
	report := f.options.Snapshot.Report(name)
	if report == nil {
		var known []string
		for i := range f.options.Snapshot.Reports {
			known = append(known, f.options.Snapshot.Reports[i].Name)
		}
		slices.Sort(known)
		return nil, fmt.Errorf("the workflow has no report %q; it has %s", name, strings.Join(known, ", "))
	}
	t, err := f.options.Snapshot.Table(f.ctx, report)
	if errors.Is(err, reports.ErrNoRecords) {
		if stale := f.current(name, values); stale != nil {
			return nil, stale
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", report.At, err)
	}
	f.tables[name] = t
	return t, nil
}
