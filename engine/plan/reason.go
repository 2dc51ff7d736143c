package plan

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/cache"
	"repro/stages"
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

// why compares the node's action with that of the stage's last run.
func (p *planner) why(ctx context.Context, n *Node) Reason {
	if p.previous == nil {
		p.previous = map[string]cache.Digest{}
		if p.options.Previous != nil {
			p.previous = p.options.Previous()
		}
	}
	key, ok := p.previous[n.Stage.Addr.String()]
	if !ok {
		return Reason{Kind: NeverRun}
	}
	// The last run may have died before its action was stored; then there is
	// nothing to compare with.
	encoded, err := cache.ReadBlob(ctx, p.options.Store, key)
	if err != nil {
		return Reason{Kind: NeverRun}
	}
	old, err := cache.ParseAction(encoded)
	if err != nil {
		return Reason{Kind: NeverRun}
	}
	details := n.differences(old)
	if len(details) == 0 {
		return Reason{Kind: OutputGone}
	}
	return Reason{Kind: Changed, Details: details}
}

// differences names the parts of the node's action that are not as in old.
func (n *Node) differences(old *cache.Action) []string {
	now := n.Task.Action
	var details []string
	if old.Version != now.Version {
		details = append(details, fmt.Sprintf("version of %s: %s → %s", now.Kind, old.Version, now.Version))
	}
	details = append(details, compareTables("", old.Params, now.Params)...)
	details = append(details, compareTables("tool ", programs(old.Tools), programs(now.Tools))...)
	details = append(details, pluginDifferences(plugins(old.Tools), plugins(now.Tools))...)
	details = append(details, compareTables("environment ", old.Env, now.Env)...)
	details = append(details, n.inputDifferences(old)...)
	if !slices.Equal(sorted(old.Outputs), sorted(now.Outputs)) {
		details = append(details, "declared outputs")
	}
	return details
}

// programs returns the tools that are not parts of plugins.
func programs(tools map[string]string) map[string]string {
	tools = maps.Clone(tools)
	maps.DeleteFunc(tools, func(name, _ string) bool { return isPlugin(name) })
	return tools
}

// plugins returns the tools that are parts of plugins, "plugin NAME PART".
func plugins(tools map[string]string) map[string]string {
	tools = maps.Clone(tools)
	maps.DeleteFunc(tools, func(name, _ string) bool { return !isPlugin(name) })
	return tools
}

// pluginDifferences names the parts of plugins that changed. Two digests say
// nothing to anybody; two versions do.
func pluginDifferences(old, now map[string]string) []string {
	var details []string
	for _, line := range compareTables("", old, now) {
		if part, _, digests := strings.Cut(line, ": h1:"); digests {
			line = part + " changed"
		}
		details = append(details, line)
	}
	return details
}

func isPlugin(tool string) bool {
	_, _, ok := stages.ParsePluginTool(tool)
	return ok
}

func (n *Node) inputDifferences(old *cache.Action) []string {
	type slot struct{ port, name string }
	before := make(map[slot]cache.Artifact, len(old.Inputs))
	for _, in := range old.Inputs {
		before[slot{in.Port, in.Name}] = in.Artifact
	}
	var details []string
	for i, in := range n.Task.Action.Inputs {
		at := slot{in.Port, in.Name}
		artifact, had := before[at]
		delete(before, at)
		if had && artifact == in.Artifact {
			continue
		}
		what := "input " + in.Port
		if path := n.inputs[i].path; path != "" {
			what = path
		}
		if had {
			details = append(details, what+" changed")
		} else {
			details = append(details, what+" is new")
		}
	}
	if len(before) > 0 {
		details = append(details, fmt.Sprintf("%d fewer inputs", len(before)))
	}
	return details
}

func sorted(outputs []cache.Output) []cache.Output {
	return slices.SortedFunc(slices.Values(outputs), func(a, b cache.Output) int { return strings.Compare(a.Port, b.Port) })
}

func compareTables(prefix string, old, now map[string]string) []string {
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	var details []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, had := old[name]
		after, has := now[name]
		switch {
		case !had:
			details = append(details, fmt.Sprintf("%s%s is new", prefix, name))
		case !has:
			details = append(details, fmt.Sprintf("%s%s is gone", prefix, name))
		case before != after:
			before, after = abbreviate(before, after)
			details = append(details, fmt.Sprintf("%s%s: %s → %s", prefix, name, before, after))
		}
	}
	return details
}

// abbreviate cuts two different texts to what surrounds their first difference.
func abbreviate(before, after string) (string, string) {
	const (
		most = 40 // characters
		lead = 10 // of them before the difference
	)
	readable := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&") // JSON for HTML pages
	a, b := []rune(readable.Replace(before)), []rune(readable.Replace(after))
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	cut := func(text []rune) string {
		start := 0
		if len(text) > most {
			start = max(0, same-lead)
		}
		shown := string(text[start:min(len(text), start+most)])
		if start > 0 {
			shown = "…" + shown
		}
		if start+most < len(text) {
			shown += "…"
		}
		return shown
	}
	return cut(a), cut(b)
}
