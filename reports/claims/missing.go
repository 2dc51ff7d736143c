package claims

import (
	"fmt"
	"slices"

	"repro/cache/runs"
	"repro/reports"
)

// source is one output that a report reads.
type source struct {
	stage string
	dims  map[string]string // coordinates of the stage; nil if the record does not have it: it may belong anywhere
	made  bool
}

// sourcesOf returns the sources of a report that its Where does not exclude.
func sourcesOf(s *reports.Snapshot, r *runs.Report) []source {
	var list []source
	for _, from := range r.From {
		src := source{stage: from.Stage}
		if stage := s.Stage(from.Stage); stage != nil {
			src.dims = stage.Axes
			_, src.made = stage.Outputs[from.Port]
		}
		if src.admitted(r.Where) {
			list = append(list, src)
		}
	}
	return list
}

func (s *source) admitted(where map[string][]string) bool {
	for dim, values := range where {
		if value, told := s.dims[dim]; told && !slices.Contains(values, value) {
			return false
		}
	}
	return true
}

// at reports whether the source may be behind the cell at a place.
func (s *source) at(p place) bool {
	for _, c := range p {
		if value, told := s.dims[c.dim]; told && value != c.value {
			return false
		}
	}
	return true
}

// lacks notes that some of the sources have not been made: what the others say
// may not be what all would say.
func (p *pending) lacks(sources []source) {
	var first string
	for _, s := range sources {
		if !s.made {
			if first == "" {
				first = s.stage
			}
			p.Missing++
		}
	}
	if p.Missing > 0 {
		p.Verdict = NoData
		p.note(fmt.Sprintf("%d of %d results are missing, such as %s", p.Missing, len(sources), first))
	}
}

// incomplete notes what cells lack that others have or that has yet to be made.
// Their means must not be judged then.
func (p *pending) incomplete(n *numbers, cells ...spot) {
	p.lacks(slices.DeleteFunc(slices.Clone(n.sources), func(s source) bool {
		return !slices.ContainsFunc(cells, func(c spot) bool { return s.at(c.place) })
	}))
	for _, c := range cells {
		if c.cell.Partial && p.Missing == 0 {
			p.Verdict = NoData
			p.note(fmt.Sprintf("%s lacks values of %s: it has %d", c.name, n.report.Over, c.cell.N))
		}
		if c.cell.Averaged != cells[0].cell.Averaged && p.Missing == 0 {
			p.Verdict = NoData
			p.note(fmt.Sprintf("they are means over different numbers of results: %d of %s, %d of %s", cells[0].cell.Averaged, cells[0].name, c.cell.Averaged, c.name))
		}
	}
}

// elsewhere returns evidence of what has yet to be made and would give places
// that there are no cells of yet: a claim about all places cannot hold. Of the
// dimension dim only some values matter.
func elsewhere(n *numbers, t *reports.Table, dim string, values []string) []pending {
	var p pending
	p.lacks(slices.DeleteFunc(slices.Clone(n.sources), func(s source) bool {
		value, told := s.dims[dim]
		if told && !slices.Contains(values, value) {
			return true
		}
		return !s.made && slices.ContainsFunc(places(t), s.at)
	}))
	if p.Missing == 0 {
		return nil
	}
	return []pending{p}
}

// places returns the places of all cells.
func places(t *reports.Table) []place {
	var list []place
	for i := range t.Rows {
		for j := range t.Columns {
			list = append(list, coordinates(t, i, j))
		}
	}
	return list
}
