package paper

import (
	"fmt"
	"slices"
	"strings"

	"repro/cache/runs"
)

// staleError says which results a number needs that there are not.
type staleError struct{ text string }

func (e *staleError) Error() string { return e.text }

// current returns a staleError if a report lacks results that the cells with
// these values need, or any cell if there are none.
func (f *filler) current(report string, values map[string]string) error {
	r := f.options.Snapshot.Report(strings.TrimSpace(report))
	var absent []*runs.Stage
	for _, source := range r.From {
		stage := f.options.Snapshot.Stage(source.Stage)
		if stage == nil || !gives(stage, r, values) {
			continue
		}
		if _, has := stage.Outputs[source.Port]; !has {
			absent = append(absent, stage)
		}
	}
	if len(absent) == 0 {
		return nil
	}
	needs, verb := absent[0].Addr, "has"
	if n := len(absent) - 1; n > 0 {
		needs, verb = fmt.Sprintf("%s and %d more", needs, n), "have"
	}
	return &staleError{fmt.Sprintf("needs %s, which %s no result for the workflow as it is now (%s); run: %s", needs, verb, f.cause(absent[0]), f.options.Rerun)}
}

// gives reports whether the records of a stage may be among the cells with
// these values, as far as its coordinates tell.
func gives(stage *runs.Stage, r *runs.Report, values map[string]string) bool {
	for dim, value := range stage.Axes {
		if admitted, some := r.Where[dim]; some && !slices.Contains(admitted, value) {
			return false
		}
		if want, some := values[dim]; some && want != value {
			return false
		}
	}
	return true
}

// cause follows a stage without a result to the first that has to run, and says
// why.
func (f *filler) cause(stage *runs.Stage) string {
	first := stage
	for next := first; next != nil; {
		first, next = next, nil
		for _, in := range first.Inputs {
			if from := f.options.Snapshot.Stage(in.Stage); from != nil && from.Outputs == nil {
				next = from
				break
			}
		}
	}
	if first == stage {
		return first.Reason
	}
	return first.Addr + ": " + first.Reason
}
