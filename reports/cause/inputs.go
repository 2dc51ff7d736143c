package cause

import (
	"cmp"
	"fmt"
	"slices"

	"repro/cache"
	"repro/cache/runs"
)

// given is one input of a stage with its bytes' digest, zero if those have yet
// to be made.
type given struct {
	runs.Input
	artifact cache.Artifact
}

// inputs returns what a stage is given, port by port, in the order of the
// stage's record.
func inputs(stage *runs.Stage, action *cache.Action) []given {
	artifacts := make(map[[2]string]cache.Artifact, len(action.Inputs))
	for _, in := range action.Inputs {
		artifacts[[2]string{in.Port, in.Name}] = in.Artifact
	}
	list := make([]given, len(stage.Inputs))
	for i, in := range stage.Inputs {
		list[i] = given{Input: in, artifact: artifacts[[2]string{in.Port, in.Name}]}
	}
	return list
}

// from is where an input comes from: an output of a stage, or a file.
type from struct{ port, stage, output, path string }

func (g *given) from() from { return from{g.Port, g.Stage, g.Output, g.Path} }

// compareInputs pairs the inputs of two actions by where they come from,
// whatever their positions in a list, and returns what differs of the stage
// itself; upstream is called with each stage that gave other bytes than before,
// or has yet to give them.
func compareInputs(old, now []given, upstream func(addr string) error) ([]string, error) {
	before := map[from][]*given{}
	for i := range old {
		key := old[i].from()
		before[key] = append(before[key], &old[i])
	}
	var details []string
	var appeared []*given
	for i := range now {
		in := &now[i]
		same := before[in.from()]
		if len(same) == 0 {
			appeared = append(appeared, in)
			continue
		}
		was := same[0]
		before[in.from()] = same[1:]
		switch {
		case was.artifact == in.artifact && !in.artifact.Digest.IsZero():
		case in.Stage == "":
			details = append(details, in.Path+" changed")
		default:
			if err := upstream(in.Stage); err != nil {
				return nil, err
			}
		}
	}
	var gone []*given
	for i := range old {
		if rest := before[old[i].from()]; slices.Contains(rest, &old[i]) {
			gone = append(gone, &old[i])
		}
	}
	details = append(details, exchanged(gone, appeared)...)
	if len(details) == 0 && !sameOrder(old, now) {
		details = append(details, "inputs in another order")
	}
	return details, nil
}

// exchanged says which inputs came and went; the only one of a port that went
// and the only one that came stand for each other.
func exchanged(gone, appeared []*given) []string {
	of := func(list []*given, port string) []*given {
		return slices.DeleteFunc(slices.Clone(list), func(g *given) bool { return g.Port != port })
	}
	var ports, details []string
	for _, g := range slices.Concat(gone, appeared) {
		if !slices.Contains(ports, g.Port) {
			ports = append(ports, g.Port)
		}
	}
	for _, port := range ports {
		went, came := of(gone, port), of(appeared, port)
		if len(went) == 1 && len(came) == 1 {
			details = append(details, fmt.Sprintf("%s: %s → %s", port, went[0].text(), came[0].text()))
			continue
		}
		for _, g := range came {
			details = append(details, port+": "+g.text()+" is new")
		}
		for _, g := range went {
			details = append(details, port+": "+g.text()+" is gone")
		}
	}
	return details
}

// sameOrder reports whether what both have stands in the same order.
func sameOrder(old, now []given) bool {
	order := func(list []given) []from {
		list = slices.SortedStableFunc(slices.Values(list), func(a, b given) int { return cmp.Compare(a.Port, b.Port) })
		keys := make([]from, len(list))
		for i := range list {
			keys[i] = list[i].from()
		}
		return keys
	}
	return slices.Equal(order(old), order(now))
}

func (g *given) text() string {
	if g.Path != "" {
		return g.Path
	}
	return g.Output + " of " + g.Stage
}
