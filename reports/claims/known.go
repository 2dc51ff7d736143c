package claims

import (
	"fmt"
	"maps"
	"slices"

	"github.com/agext/levenshtein"

	"repro/cache/runs"
	"repro/reports"
)

// valuesOf returns the values of all dimensions that records have or that the
// coordinates of a report's stages tell, those that have yet to run too.
func valuesOf(records []reports.Record, sources []source) map[string][]string {
	values := map[string][]string{}
	add := func(dim, value string) {
		if !slices.Contains(values[dim], value) {
			values[dim] = append(values[dim], value)
		}
	}
	for _, r := range records {
		add(reports.MetricDim, r.Metric)
		for dim, value := range r.Dims {
			add(dim, value)
		}
	}
	for _, s := range sources {
		for dim, value := range s.dims {
			add(dim, value)
		}
	}
	for _, list := range values {
		slices.Sort(list)
	}
	return values
}

// unknown returns evidence of values in a check's where that nothing has: a
// claim about them does not hold because the others do.
func (n *numbers) unknown(c *runs.Check) []pending {
	var all []pending
	for _, dim := range slices.Sorted(maps.Keys(c.Where)) {
		for _, value := range c.Where[dim] {
			if len(n.values[dim]) > 0 && !slices.Contains(n.values[dim], value) {
				all = append(all, pending{Evidence: Evidence{Verdict: NoData, Note: fmt.Sprintf("there is no value with %s = %s", dim, value) + n.hint(dim, value)}})
			}
		}
	}
	return all
}

// hint returns a known value that is nearly the given, as it may be misspelt:
// `; did you mean "hybrid"?`. It is "" if the value is known or none is near.
func (n *numbers) hint(dim, value string) string {
	best, least := "", len(value)/3
	for _, known := range n.values[dim] {
		d := levenshtein.Distance(value, known, nil)
		if d == 0 {
			return ""
		}
		if d <= least {
			best, least = known, d-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
