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
	absent := slices.DeleteFunc(f.absent(r), func(stage *runs.Stage) bool { return !f.gives(stage, r, values) })
	return f.stale(absent, values)
}

// absent returns the sources of a report that have no result.
func (f *filler) absent(r *runs.Report) []*runs.Stage {
	var absent []*runs.Stage
	for _, source := range r.From {
		stage := f.options.Snapshot.Stage(source.Stage)
		if stage == nil {
			continue
		}
		if _, has := stage.Outputs[source.Port]; !has {
			absent = append(absent, stage)
		}
	}
	return absent
}

// stale returns a staleError if stages are absent. It names those whose
// coordinates agree with the values, if there are any.
func (f *filler) stale(absent []*runs.Stage, values map[string]string) error {
	if len(absent) == 0 {
		return nil
	}
	likely := slices.DeleteFunc(slices.Clone(absent), func(stage *runs.Stage) bool { return !agrees(stage, values) })
	if len(likely) > 0 {
		absent = likely
	}
	needs, verb := absent[0].Addr, "has"
	if n := len(absent) - 1; n > 0 {
		needs, verb = fmt.Sprintf("%s and %d more", needs, n), "have"
	}
	return &staleError{fmt.Sprintf("needs %s, which %s no result for the workflow as it is now (%s); run: %s", needs, verb, f.cause(absent[0]), f.options.Rerun)}
}

// gives reports whether the records of a stage may be among the cells with
// these values. Its coordinates rule it out only where it is known that records
// have them: they may have values of their own.
func (f *filler) gives(stage *runs.Stage, r *runs.Report, values map[string]string) bool {
	kept := f.coordinates(r)
	for dim, value := range stage.Axes {
		same, known := kept[coordinate{block(stage), dim}]
		if admitted, some := r.Where[dim]; some && !slices.Contains(admitted, value) && (same || !known) {
			return false
		}
		if want, some := values[dim]; some && want != value && same {
			return false
		}
	}
	return true
}

// coordinate is a dimension of a block's matrix.
type coordinate struct{ block, dim string }

// coordinates returns, for blocks of which there are records, whether all of
// these have the coordinates of their stages.
func (f *filler) coordinates(r *runs.Report) map[coordinate]bool {
	if kept, ok := f.kept[r.Name]; ok {
		return kept
	}
	kept := map[coordinate]bool{}
	// Who asks has made the table, or could not: the error is known.
	records, _ := f.options.Snapshot.Records(f.ctx, r)
	for i := range records {
		stage := f.options.Snapshot.Stage(records[i].Source)
		for dim, value := range stage.Axes {
			c := coordinate{block(stage), dim}
			before, known := kept[c]
			kept[c] = (before || !known) && records[i].Dim(dim) == value
		}
	}
	f.kept[r.Name] = kept
	return kept
}

// block returns the address of a stage without its coordinates.
func block(stage *runs.Stage) string {
	name, _, _ := strings.Cut(stage.Addr, "[")
	return name
}

// agrees reports whether the coordinates of a stage are these values.
func agrees(stage *runs.Stage, values map[string]string) bool {
	for dim, value := range stage.Axes {
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
