package cause

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"repro/cache"
	"repro/cache/runs"
)

// describe says what differs of a stage itself; of a plugin, which files.
func (e *explainer) describe(d cache.Difference) []string {
	name, isFiles := strings.CutSuffix(d.Name, " files")
	name, isPlugin := strings.CutPrefix(name, "plugin ")
	if d.Part == cache.PartTool && isPlugin && isFiles && d.Had && d.Has {
		if files := changedFiles(plugin(e.old.Plugins, name), plugin(e.now.Plugins, name)); len(files) > 0 {
			return files
		}
	}
	return []string{d.String()}
}

func plugin(list []runs.Plugin, name string) *runs.Plugin {
	i := slices.IndexFunc(list, func(p runs.Plugin) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &list[i]
}

func changedFiles(was, is *runs.Plugin) []string {
	if was == nil || is == nil {
		return nil
	}
	names := maps.Clone(was.Files)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, is.Files)
	var details []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, had := was.Files[name]
		after, has := is.Files[name]
		if before != after {
			details = append(details, fmt.Sprintf("plugin %s: %s %s", is.Name, name, verb(had, has)))
		}
	}
	return details
}

func verb(had, has bool) string {
	switch {
	case !had:
		return "is new"
	case !has:
		return "is gone"
	default:
		return "changed"
	}
}

// shownDetails is how many details of a cause are listed.
const shownDetails = 8

// Text says the cause in a line, and how it reaches what was asked for, "" if
// it is that itself.
func (c *Cause) Text() (line, way string) {
	line = c.Stages[0]
	if n := len(c.Stages); n > 1 {
		line = fmt.Sprintf("%s (%d stages)", c.Block, n)
	}
	details := c.Details
	if len(details) > shownDetails {
		details = append(slices.Clone(details[:shownDetails]), fmt.Sprintf("%d more", len(details)-shownDetails))
	}
	list := strings.Join(details, ", ")
	switch c.Kind {
	case Changed:
		line += ": " + list
	case Appeared, Gone:
		line += map[Kind]string{Appeared: " appeared", Gone: " vanished"}[c.Kind]
		if list != "" {
			line += ": " + list
		}
	case Unstable:
		line += ": the same action gave another result"
	case Lost:
		line += ": what it was made of is not in the cache any more"
	case Unmade:
		line += " has no result: " + list
	}
	var blocks []string
	for _, addr := range c.Via {
		block, _, _ := strings.Cut(addr, "[")
		if block != c.Block && !slices.Contains(blocks, block) {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) > 0 {
		way = "by way of " + strings.Join(blocks, ", ")
	}
	return line, way
}
