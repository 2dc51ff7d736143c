package plan

import (
	"context"
	"fmt"
	"strings"

	"repro/cache"
)

// ReasonKind says why a node has its status.
type ReasonKind string

// The kinds of reasons.
const (
	Cached      ReasonKind = "cached"       // Hit: the action has a result
	NeverRun    ReasonKind = "never run"    // Run: nothing is known of an earlier run of the stage
	Changed     ReasonKind = "changed"      // Run: Details says what differs from the stage's last run
	OutputGone  ReasonKind = "output gone"  // Run: there is a result, but its files are missing or damaged
	Upstream    ReasonKind = "waits for"    // Unknown: Details names the stages
	MissingTool ReasonKind = "missing tool" // Blocked: Details says what to install
)

// Reason is why a node has its status.
type Reason struct {
	Kind    ReasonKind
	Details []string
}

// String returns the reason for people, with the first few details.
func (r Reason) String() string {
	const most = 3
	if len(r.Details) == 0 {
		return string(r.Kind)
	}
	shown := r.Details
	more := ""
	if len(shown) > most {
		more = fmt.Sprintf(" and %d more", len(shown)-most)
		shown = shown[:most]
	}
	text := strings.Join(shown, ", ") + more
	if r.Kind == Changed {
		return text
	}
	return string(r.Kind) + ": " + text
}

// why compares the node's action with the nearest of those of earlier runs.
func (p *planner) why(ctx context.Context, n *Node) (Reason, error) {
	if p.previous == nil {
		p.previous = map[string][]cache.Digest{}
		if p.options.Previous != nil {
			p.previous = p.options.Previous()
		}
	}
	at, differences, err := cache.Nearest(ctx, p.options.Store, n.Task.Action, p.previous[n.Stage.Addr.String()])
	switch {
	case err != nil:
		return Reason{}, err
	case at < 0:
		return Reason{Kind: NeverRun}, nil
	case len(differences) == 0:
		return Reason{Kind: OutputGone}, nil
	}
	return Reason{Kind: Changed, Details: n.details(differences)}, nil
}

// details names what differs in the node's action, its files by the names that
// the workflow has for them.
func (n *Node) details(differences []cache.Difference) []string {
	paths := map[[2]string]string{}
	for _, in := range n.inputs {
		paths[[2]string{in.port, in.name}] = in.path
	}
	var details []string
	gone := 0
	for _, d := range differences {
		path := paths[[2]string{d.Name, d.Item}]
		switch {
		case d.Part == cache.PartInput && d.Had && !d.Has:
			gone++
		case d.Part == cache.PartInput && path != "" && d.Had:
			details = append(details, path+" changed")
		case d.Part == cache.PartInput && path != "":
			details = append(details, path+" is new")
		default:
			details = append(details, d.String())
		}
	}
	if gone > 0 {
		details = append(details, fmt.Sprintf("%d fewer inputs", gone))
	}
	return details
}
