package reports

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrUnpaired: two cells have no values per query that belong together.
var ErrUnpaired = errors.New("no queries to pair")

// Unit is what one question adds to the difference of two cells. All
// translations of a question are in one unit: they are not independent, and
// whatever is drawn or flipped by chance has to take them together.
//
// The mean of Flip over all units is the difference of the cells over the
// queries that both have, and so is the mean of Boot.
type Unit struct {
	Question string
	// Flip is the question's share of the difference, by the number of units:
	// without a difference between the systems, its sign is due to chance.
	Flip float64
	// Boot is the difference and by how much the question departs from it, each
	// of its queries from the mean of its group. Drawing units then does not
	// vary how many queries a group has, which is no noise of the systems.
	Boot float64
}

// Pair matches the queries of two cells within each group, by ID, and returns
// a unit for each question, in the order of their names, and how many queries
// both have. The difference is new − old, and a question's share of it
//
//	Σ_g w_g/n_g · Σ_q (new_q − old_q)
//
// over the groups g with weight w_g and n_g shared queries, and its queries q
// in them. The error wraps ErrUnpaired if the cells are not means over the same
// groups, or if a group shares no query.
func Pair(old, new *Values) (units []Unit, shared int, err error) {
	key := func(g Group) string { return g.Key.ID() }
	before := map[string]*Group{}
	for i := range old.Groups {
		before[key(old.Groups[i])] = &old.Groups[i]
	}
	if len(old.Groups) != len(new.Groups) || len(new.Groups) == 0 {
		return nil, 0, fmt.Errorf("%w: one is a mean over %d groups, the other over %d", ErrUnpaired, len(old.Groups), len(new.Groups))
	}
	byQuestion := map[string]*Unit{}
	difference := 0.0
	for _, group := range new.Groups {
		other := before[key(group)]
		if other == nil {
			return nil, 0, fmt.Errorf("%w: only one is a mean over %q", ErrUnpaired, []string(group.Key))
		}
		pairs := pairQueries(other.Queries, group.Queries)
		if len(pairs) == 0 {
			return nil, 0, fmt.Errorf("%w: in %q they share none", ErrUnpaired, []string(group.Key))
		}
		shared += len(pairs)
		mean := 0.0
		for _, p := range pairs {
			mean += p.Value / float64(len(pairs))
		}
		difference += group.Weight * mean
		for _, p := range pairs {
			unit := byQuestion[p.Question]
			if unit == nil {
				unit = &Unit{Question: p.Question}
				byQuestion[p.Question] = unit
			}
			unit.Flip += group.Weight / float64(len(pairs)) * p.Value
			unit.Boot += group.Weight / float64(len(pairs)) * (p.Value - mean)
		}
	}
	n := float64(len(byQuestion))
	for _, question := range slices.Sorted(maps.Keys(byQuestion)) {
		unit := byQuestion[question]
		units = append(units, Unit{Question: question, Flip: n * unit.Flip, Boot: difference + n*unit.Boot})
	}
	return units, shared, nil
}

// pairQueries returns the queries that both have, with the differences of
// their values.
func pairQueries(old, new []Query) []Query {
	before := make(map[string]float64, len(old))
	for _, q := range old {
		before[q.ID] = q.Value
	}
	var pairs []Query
	for _, q := range new {
		if value, ok := before[q.ID]; ok {
			q.Value -= value
			pairs = append(pairs, q)
		}
	}
	return pairs
}
