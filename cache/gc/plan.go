package gc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"repro/cache"
	"repro/cache/disk"
	"repro/cache/runs"
)

// Project is a project whose results are in the store.
type Project struct {
	Runs string                       // the folder of its records
	Refs func(commit string) []string // what points at a commit, such as "tag v1"
}

// Plan says what of a store may go.
type Plan struct {
	Kept       []Choice      // runs that keep their results, newest first
	Dropped    []Run         // those that do not
	Unfinished int           // results that stay though no run has them on record
	Remove     []disk.Stored // what may go
	Gone       []Share       // the same, by kind, the largest first
	Plugins    []runs.Plugin // that the runs which are kept have used
	Stay       int64         // bytes of the blobs that stay
	Over       int64         // by how many bytes the cache stays larger than Policy.Max
}

// Share is what of a kind goes.
type Share struct {
	Kind  string `json:"kind"`
	Blobs int    `json:"blobs"`
	Bytes int64  `json:"bytes"`
}

// mark is what is known of a blob that the store has. There may be a million.
type mark struct {
	bytes int64
	kind  uint16 // its place in planner.kinds; 0 is Unnamed
	young bool   // its file is
	kept  bool
}

type planner struct {
	store  *disk.Store
	policy Policy
	plan   *Plan
	beside int64 // bytes of all that stays besides blobs

	marks map[cache.Digest]mark
	kinds []string
	runs  []Run
	made  map[cache.Digest]time.Time // action → when the newest run that has it on record was done
	added []cache.Digest             // blobs that the run in hand added to those that are kept
}

// New makes a plan. It reads every record, and fails if it cannot read one: who
// does not know what a run needs must not remove anything. Nothing else may use
// the store meanwhile.
func New(ctx context.Context, store *disk.Store, projects []Project, policy Policy) (*Plan, error) {
	p := &planner{
		store: store, policy: policy, plan: &Plan{},
		marks: map[cache.Digest]mark{}, kinds: []string{Unnamed}, made: map[cache.Digest]time.Time{},
	}
	for _, step := range []func(context.Context) error{
		p.list,
		func(ctx context.Context) error { return p.name(ctx, projects) },
		p.keep,
		p.sort,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return p.plan, nil
}

// list notes the blobs that there are.
func (p *planner) list(ctx context.Context) error {
	var all int64
	for stored, err := range p.store.Blobs(ctx) {
		if err != nil {
			return err
		}
		all += stored.Bytes
		young := stored.Changed.After(p.policy.Since)
		if !stored.Digest.IsZero() {
			p.marks[stored.Digest] = mark{bytes: stored.Bytes, young: young}
		} else if young {
			p.plan.Stay += stored.Bytes
		}
	}
	p.beside = p.policy.Total - all
	return nil
}

// name finds out which kind blobs are of, by all records.
func (p *planner) name(ctx context.Context, projects []Project) error {
	reach := newReach(p.store, p.setKind)
	for _, project := range projects {
		records := runs.Open(project.Runs)
		for record, err := range records.All() {
			if err != nil {
				return fmt.Errorf("%w. What that run needs is not known; if its record is lost anyway, remove the file", err)
			}
			run := NewRun(project.Runs, record, project.Refs(record.Commit))
			if run.Here, err = records.Written(run.ID); err != nil {
				return err
			}
			p.runs = append(p.runs, run)
			for i := range record.Stages {
				s := &record.Stages[i]
				if s.Outputs != nil && run.Made.After(p.made[s.Key]) {
					p.made[s.Key] = run.Made
				}
			}
			if err := reach.run(ctx, record); err != nil {
				return err
			}
			p.keepNumbers(record)
		}
	}
	if len(p.runs) == 0 {
		return p.unknown(ctx)
	}
	return nil
}

// unknown refuses a store with results that no run has on record.
func (p *planner) unknown(ctx context.Context) error {
	for _, err := range p.store.Actions(ctx) {
		if err != nil {
			return err
		}
		return errors.New("there are results, but no record of any run: what is needed is not known. Put the records back (runs, beside the cache); if they are lost for good, removing the folder cache empties it")
	}
	return nil
}

// keepNumbers keeps what the run's tables are made of: it is small, and with it
// history and reports of any run can still be had when all else is gone.
func (p *planner) keepNumbers(record *runs.Run) {
	wanted := map[runs.Source]bool{}
	for _, report := range record.Reports {
		p.add(Other, report.Published)
		for _, from := range report.From {
			wanted[from] = true
		}
	}
	for _, claim := range record.Claims {
		p.add(Other, claim.Published)
	}
	for i := range record.Stages {
		for port, a := range record.Stages[i].Outputs {
			if wanted[runs.Source{Stage: record.Stages[i].Addr, Port: port}] && !a.Tree {
				p.add(Other, a.Digest)
			}
		}
	}
}

func (p *planner) setKind(kind string, d cache.Digest) {
	m, there := p.marks[d]
	if !there || m.kind != 0 {
		return
	}
	at := slices.Index(p.kinds, kind)
	if at < 0 {
		at = len(p.kinds)
		p.kinds = append(p.kinds, kind)
	}
	m.kind = uint16(at)
	p.marks[d] = m
}

// keep decides which blobs stay: first those that do whatever the budget, then
// the results of runs, newest first, as long as they fit.
func (p *planner) keep(ctx context.Context) error {
	unfinished, err := p.unfinished(ctx)
	if err != nil {
		return err
	}
	for d, m := range p.marks {
		if m.kind == 0 && m.young {
			p.add(Unnamed, d)
		}
	}
	reach := newReach(p.store, p.add)
	choices, others := Choose(p.runs, p.policy)
	for i := range choices {
		if c := &choices[i]; c.Must {
			if c.Bytes, err = p.keepRun(ctx, reach, &c.Run); err != nil {
				return err
			}
		}
	}
	before := p.plan.Stay
	p.added = nil
	for _, key := range unfinished {
		if err := reach.action(ctx, Unnamed, key); err != nil {
			return err
		}
	}
	full := p.full(before)
	if !full {
		p.plan.Unfinished = len(unfinished)
	}
	for _, c := range choices {
		if !c.Must && !full {
			before := p.plan.Stay
			if c.Bytes, err = p.keepRun(ctx, reach, &c.Run); err != nil {
				return err
			}
			full = p.full(before)
		}
		if c.Must || !full {
			p.plan.Kept = append(p.plan.Kept, c)
		} else {
			others = append(others, c.Run)
		}
	}
	p.plan.Dropped = others
	if err := p.keepLogs(ctx); err != nil {
		return err
	}
	p.plan.Over = p.over()
	return nil
}

// keepLogs keeps the logs of results whose outputs all stay, be it for others:
// they are hits as before, and nobody would expect one without its log.
func (p *planner) keepLogs(ctx context.Context) error {
	for known, err := range p.store.Actions(ctx) {
		if err != nil {
			return err
		}
		for _, r := range known.Results {
			whole := len(r.Outputs) > 0
			for _, a := range r.Outputs {
				whole = whole && p.marks[a.Digest].kept
			}
			if whole {
				p.add(Logs, r.Log)
			}
		}
	}
	return nil
}

// keepRun keeps what a run leads to and returns how many bytes that adds.
func (p *planner) keepRun(ctx context.Context, reach *reach, r *Run) (int64, error) {
	before := p.plan.Stay
	p.added = nil
	record, err := runs.Open(r.Dir).Load(r.ID)
	if err == nil {
		p.plan.Plugins = append(p.plan.Plugins, record.Plugins...)
		err = reach.run(ctx, record)
	}
	return p.plan.Stay - before, err
}

// over returns by how many bytes what stays is too much.
func (p *planner) over() int64 {
	if p.policy.Max <= 0 {
		return 0
	}
	return max(0, p.beside+p.plan.Stay-p.policy.Max)
}

// full reports whether what stays is too much; then what was added last goes.
func (p *planner) full(before int64) bool {
	if p.over() == 0 {
		return false
	}
	for _, d := range p.added {
		m := p.marks[d]
		m.kept = false
		p.marks[d] = m
	}
	p.plan.Stay = before
	return true
}

func (p *planner) add(_ string, d cache.Digest) {
	m, there := p.marks[d]
	if !there || m.kept {
		return
	}
	m.kept = true
	p.marks[d] = m
	p.plan.Stay += m.bytes
	p.added = append(p.added, d)
}

// unfinished keeps all actions, which say what differs from earlier runs, and
// returns those with results that were made since the newest run that knows
// them: a run that was killed has them on record nowhere, and the next one goes
// on from there.
func (p *planner) unfinished(ctx context.Context) ([]cache.Digest, error) {
	var found []cache.Digest
	for known, err := range p.store.Actions(ctx) {
		if err != nil {
			return nil, err
		}
		p.add(Other, known.Key)
		p.setKind(Other, known.Key)
		if slices.ContainsFunc(known.Results, func(r *cache.Result) bool {
			return r.Recorded.After(p.policy.Since) && r.Recorded.After(p.made[known.Key])
		}) {
			found = append(found, known.Key)
		}
	}
	reach := newReach(p.store, p.setKind)
	for _, key := range found {
		if err := reach.action(ctx, Unnamed, key); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// sort lists what goes.
func (p *planner) sort(ctx context.Context) error {
	shares := map[string]*Share{}
	for stored, err := range p.store.Blobs(ctx) {
		if err != nil {
			return err
		}
		kind := Leftover
		if !stored.Digest.IsZero() {
			m := p.marks[stored.Digest]
			if m.kept {
				continue
			}
			kind = p.kinds[m.kind]
		} else if stored.Changed.After(p.policy.Since) {
			continue
		}
		p.plan.Remove = append(p.plan.Remove, stored)
		if shares[kind] == nil {
			shares[kind] = &Share{Kind: kind}
		}
		shares[kind].Blobs++
		shares[kind].Bytes += stored.Bytes
	}
	for _, share := range shares {
		p.plan.Gone = append(p.plan.Gone, *share)
	}
	slices.SortFunc(p.plan.Gone, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Kind, b.Kind))
	})
	return nil
}
