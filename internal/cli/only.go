package cli

import (
	"fmt"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/engine"
	"repro/engine/lang"
)

// only returns those of all that --only names, in that order, or all if it names
// none.
func only[T any](what string, all []T, name func(T) string, names []string) ([]T, error) {
	if len(names) == 0 {
		return all, nil
	}
	var list []T
	for i, wanted := range names {
		at := slices.IndexFunc(all, func(x T) bool { return name(x) == wanted })
		if at < 0 {
			known := make([]string, len(all))
			for i, x := range all {
				known[i] = name(x)
			}
			return nil, unknown(what, wanted, known)
		}
		if !slices.Contains(names[:i], wanted) {
			list = append(list, all[at])
		}
	}
	return list, nil
}

// unknown is the error for a name of something that is not there.
func unknown(what, name string, known []string) error {
	list := "none"
	if len(known) > 0 {
		list = strings.Join(known, ", ")
	}
	return withCode(exitUsage, fmt.Errorf("there is no %s %q; there are %s.%s", what, name, list, engine.DidYouMean(name, known)))
}

func reportName(r runs.Report) string { return r.Name }
func claimName(c runs.Claim) string   { return c.Name }
func paperName(p *lang.Paper) string  { return p.Name }
