package claims

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// conclude gives a judgement the verdict that its evidence leads to, and a line
// that says why.
func (j *Judgement) conclude() {
	counts := map[Verdict]int{}
	for i := range j.Evidence {
		counts[j.Evidence[i].Verdict]++
	}
	for _, v := range []Verdict{Fails, NotSignificant, NoData, Holds} {
		if counts[v] > 0 {
			j.Verdict = v
			break
		}
	}
	j.Reason = j.decisive().brief()
	j.Notes = j.notes()
	if all := len(j.Evidence); all > 1 {
		j.Reason = fmt.Sprintf("%d of %d %s; %s", counts[Holds], all, plural(counts[Holds], "holds", "hold"), j.Reason)
	}
}

// decisive returns the evidence that decides: of those with the verdict of the
// whole the one that points farthest from the claim.
func (j *Judgement) decisive() *Evidence {
	var found *Evidence
	for i := range j.Evidence {
		if e := &j.Evidence[i]; e.Verdict == j.Verdict && (found == nil || e.farther(found)) {
			found = e
		}
	}
	return found
}

func (e *Evidence) farther(than *Evidence) bool {
	if e.Adjusted == nil || than.Adjusted == nil {
		return e.Adjusted == nil && than.Adjusted != nil
	}
	if e.Better != than.Better {
		return than.Better
	}
	if e.Better {
		return *e.Adjusted > *than.Adjusted
	}
	return *e.Adjusted < *than.Adjusted
}

// notes says what the tests of the evidence leave out.
func (j *Judgement) notes() []string {
	var notes []string
	for i := range j.Evidence {
		if unit := j.Evidence[i].Unit; unit != "" && unit != unitQuestion {
			note := fmt.Sprintf("The values of %s are not independent of each other: p-values over them are too small.", unit)
			if strings.HasSuffix(unit, "lang") {
				note = "Languages are not independent of each other: p-values over them are too small."
			}
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

// brief is the evidence in a line.
func (e *Evidence) brief() string {
	var b strings.Builder
	switch {
	case e.Difference != nil:
		fmt.Fprintf(&b, "%s − %s = %+.*f", e.Subject, e.Against, e.Digits, *e.Difference)
		if e.Adjusted != nil {
			fmt.Fprintf(&b, " (p = %s)", short(*e.Adjusted))
		}
	case e.Verdict != NoData:
		fmt.Fprintf(&b, "%s: %s, %s", e.Subject, strconv.FormatFloat(*e.Value, 'f', e.Digits, 64), e.bounds())
	default:
		b.WriteString(e.Note)
	}
	if e.Place != "" {
		b.WriteString(" at " + e.Place)
	}
	if e.Note != "" && e.Verdict != NoData {
		b.WriteString("; " + e.Note)
	}
	return b.String()
}

// String is all of the evidence, for people.
func (e *Evidence) String() string {
	if e.Difference == nil {
		return e.brief()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %.*f, %s %.*f: %+.*f", e.Subject, e.Digits, *e.Value, e.Against, e.Digits, *e.Other, e.Digits, *e.Difference)
	if e.Lo != nil {
		fmt.Fprintf(&b, " [%+.*f, %+.*f]", e.Digits, *e.Lo, e.Digits, *e.Hi)
	}
	if e.P != nil {
		fmt.Fprintf(&b, ", p = %s", short(*e.P))
		if *e.P != *e.Adjusted {
			fmt.Fprintf(&b, ", adjusted %s", short(*e.Adjusted))
		}
		fmt.Fprintf(&b, " (%s)", e.basis())
	}
	if e.Place != "" {
		b.WriteString(" at " + e.Place)
	}
	if e.Note != "" {
		b.WriteString("; " + e.Note)
	}
	return b.String()
}

// basis says what the p-value rests on.
func (e *Evidence) basis() string {
	parts := []string{e.Test}
	if e.Units > 0 {
		parts = append(parts, fmt.Sprintf("%d × %s", e.Units, e.Unit))
	}
	switch least, most := min(e.Seeds[0], e.Seeds[1]), max(e.Seeds[0], e.Seeds[1]); {
	case most > 1 && least > 0:
		parts = append(parts, fmt.Sprintf("%d and %d seeds", e.Seeds[0], e.Seeds[1]))
	case most > 1:
		parts = append(parts, fmt.Sprintf("%d seeds", most))
	}
	return strings.Join(parts, ", ")
}

func (e *Evidence) bounds() string {
	number := func(v *float64) string { return strconv.FormatFloat(*v, 'g', -1, 64) }
	switch {
	case e.AtLeast != nil && e.AtMost != nil && *e.AtLeast == *e.AtMost:
		return "claimed " + number(e.AtLeast)
	case e.AtLeast != nil && e.AtMost != nil:
		return "claimed " + number(e.AtLeast) + " to " + number(e.AtMost)
	case e.AtLeast != nil:
		return "claimed at least " + number(e.AtLeast)
	default:
		return "claimed at most " + number(e.AtMost)
	}
}

// short shows a p-value with two digits that count.
func short(p float64) string {
	if p >= 0.1 {
		return strconv.FormatFloat(p, 'f', 2, 64)
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
