package claims

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"repro/cache"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/stats"
)

// Options says how differences are told from noise. The zero value is ready
// for use, and gives the same numbers every time.
type Options struct {
	Samples int    // of the randomisation and the bootstrap; 10,000 if 0; p-values of many comparisons take more
	Seed    uint64 // of their draws
}

// Judge judges the claims of a snapshot. A claim that cannot be judged, such as
// one about a dimension that no record has, gives an error with its place, and
// keeps no other from being judged.
func Judge(ctx context.Context, s *reports.Snapshot, o Options) ([]Result, error) {
	results := []Result{}
	var problems []error
	for i := range s.Claims {
		claim := &s.Claims[i]
		j := judge{ctx: ctx, snapshot: s, options: o, claim: claim}
		mine, err := j.on(func(r *runs.Report, c *runs.Check) (*numbers, error) { return ours(ctx, s, r, c) })
		if errors.Is(err, cache.ErrMiss) {
			mine, err = forgotten(claim), nil
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		theirs := Judgement{Verdict: NoData, Reason: "there are no published numbers"}
		if hasPublished(s, claim) {
			theirs, err = j.on(func(r *runs.Report, c *runs.Check) (*numbers, error) { return published(ctx, s, claim, r, c) })
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("published numbers: %w", err))
			continue
		}
		results = append(results, Result{Claim: *claim, Ours: mine, Published: theirs})
	}
	return results, errors.Join(problems...)
}

// forgotten is the judgement of a claim on a run whose values were removed.
func forgotten(claim *runs.Claim) Judgement {
	const why = "values behind it are not in the cache any more; a run of the workflow as it was makes them again"
	c := &claim.Checks[0]
	return Judgement{Verdict: NoData, Reason: why, Evidence: []Evidence{{Kind: c.Kind, At: c.At, Report: c.Report, Verdict: NoData, Note: why}}}
}

// hasPublished reports whether there are published numbers that a claim could
// be judged on.
func hasPublished(s *reports.Snapshot, claim *runs.Claim) bool {
	return !claim.Published.IsZero() || slices.ContainsFunc(claim.Checks, func(c runs.Check) bool {
		r := s.Report(c.Report)
		return r != nil && !r.Published.IsZero()
	})
}

// judge judges one claim.
type judge struct {
	ctx      context.Context
	snapshot *reports.Snapshot
	options  Options
	claim    *runs.Claim
}

// pending is evidence whose verdict waits for the correction.
type pending struct {
	Evidence
	check  *runs.Check
	needed float64 // what the difference is tested against: 0 without By
	margin float64 // how much better it is than it has to be; NaN if unknown

	// tell fills in what tells a comparison from noise, by draws of the
	// randomisation or the bootstrap; nil if there is nothing to compare.
	tell func(p *pending, draws int) error
}

// on judges the claim on what look returns for each of its checks.
func (j *judge) on(look func(*runs.Report, *runs.Check) (*numbers, error)) (Judgement, error) {
	var all []pending
	for i := range j.claim.Checks {
		c := &j.claim.Checks[i]
		found, err := j.check(c, look)
		if errors.Is(err, errNoData) {
			found, err = []pending{{Evidence: Evidence{Verdict: NoData, Note: reason(err)}}}, nil
		}
		if err != nil {
			return Judgement{}, fmt.Errorf("%s: claim %q: %w", c.At, j.claim.Name, err)
		}
		for _, p := range found {
			p.Kind, p.At, p.Report, p.check = c.Kind, c.At, c.Report, c
			all = append(all, p)
		}
	}
	family := 0
	for i := range all {
		if all[i].tell != nil && all[i].corrected() {
			family++
		}
	}
	for i := range all {
		if p := &all[i]; p.tell != nil {
			if err := p.tell(p, j.draws(p.check, family)); err != nil {
				return Judgement{}, fmt.Errorf("%s: claim %q: %w", p.At, j.claim.Name, err)
			}
		}
	}
	correct(all)
	var judgement Judgement
	for i := range all {
		all[i].decide()
		judgement.Evidence = append(judgement.Evidence, all[i].Evidence)
	}
	judgement.conclude()
	if slices.ContainsFunc(all, func(p pending) bool { return p.check.NotWorse && p.Verdict == Holds && p.Difference != nil }) {
		judgement.Notes = append(judgement.Notes, "That nothing is significantly worse does not show that all is as good: look at the intervals.")
	}
	return judgement, nil
}

const (
	correctionHolm = "holm"
	leastDraws     = 10_000
	mostDraws      = 10_000_000 // some 80 MB
)

// draws returns how many draws a p-value needs. The least that n draws can give
// is 1/(n+1), or twice that, and Holm's correction multiplies it by the size of
// the family: that has to be well below the level.
func (j *judge) draws(c *runs.Check, family int) int {
	if c.Correction != correctionHolm {
		family = 1
	}
	needed := min(mostDraws, 20*float64(family)/c.Level)
	return max(cmp.Or(j.options.Samples, leastDraws), int(needed))
}

func (j *judge) check(c *runs.Check, look func(*runs.Report, *runs.Check) (*numbers, error)) ([]pending, error) {
	r := j.snapshot.Report(c.Report)
	if r == nil {
		return nil, fmt.Errorf("there is no report %q", c.Report)
	}
	n, err := look(r, c)
	if err != nil {
		return nil, err
	}
	if c.Kind == runs.Count {
		return append([]pending{count(n, c)}, n.unknown(c)...), nil
	}
	t, err := n.table(j.ctx, "")
	if err != nil {
		return nil, err
	}
	var found []pending
	switch c.Kind {
	case runs.Threshold:
		found, err = threshold(n, t, c)
	case runs.Compare, runs.Trend:
		found, err = j.compare(n, t, c)
	default:
		err = fmt.Errorf("there is no check %q", c.Kind)
	}
	return append(found, n.unknown(c)...), err
}

// corrected reports whether the comparison is one of those that are corrected
// for their number. One that only must not be significantly worse is not: the
// more of them, the easier each would hold.
func (p *pending) corrected() bool {
	return p.check.Correction == correctionHolm && !(p.check.NotWorse && p.check.By == 0)
}

// correct adjusts the p-values of all comparisons that are to be corrected.
func correct(all []pending) {
	p := make([]float64, len(all))
	for i := range all {
		p[i] = math.NaN()
		if all[i].P != nil && all[i].corrected() {
			p[i] = *all[i].P
		}
	}
	for i, adjusted := range stats.Holm(p) {
		if math.IsNaN(adjusted) {
			all[i].Adjusted = all[i].P
			continue
		}
		all[i].Adjusted = &adjusted
	}
}

// decide gives a comparison its verdict.
func (p *pending) decide() {
	if p.Verdict != "" {
		return
	}
	significant := p.Adjusted != nil && *p.Adjusted < p.Level
	switch {
	case significant && p.margin < 0:
		p.Verdict = Fails
	case significant, p.check.NotWorse && p.check.By == 0 && p.Adjusted != nil:
		p.Verdict = Holds
	default:
		p.Verdict = NotSignificant
		if p.margin < 0 {
			p.note("points the other way")
		}
	}
}

func (e *Evidence) note(text string) {
	if e.Note != "" {
		e.Note += "; "
	}
	e.Note += text
}
