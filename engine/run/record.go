package run

import (
	"errors"

	"repro/cache"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/plan"
)

// Found says what is at hand of each stage without running anything: what a
// run's record would, with stages pending that have no result.
func Found(p *plan.Plan) []runs.Stage {
	stages := make([]runs.Stage, len(p.Nodes))
	for i, n := range p.Nodes {
		stages[i] = stage(p, i)
		stages[i].Key, stages[i].State, stages[i].Reason = n.Key, runs.Pending, n.Reason.String()
		if n.Status == plan.Hit {
			stages[i].State = runs.Hit
			put(&stages[i], n.Result)
		}
	}
	return stages
}

// record says what became of each stage.
func (w *walk) record() []runs.Stage {
	stages := make([]runs.Stage, len(w.plan.Nodes))
	for i := range w.plan.Nodes {
		s := &w.nodes[i]
		stages[i] = stage(w.plan, i)
		stages[i].Key, stages[i].State, stages[i].Reason = s.key, s.state, s.reason
		stages[i].Started, stages[i].Took, stages[i].Log = s.started, s.took, s.log
		if s.result != nil {
			put(&stages[i], s.result)
		}
		if s.err != nil {
			stages[i].Error = s.err.Error()
			var failure *engine.StageError
			if errors.As(s.err, &failure) {
				stages[i].Error = failure.Err.Error() // the address stands beside it
			}
		}
	}
	return stages
}

// stage returns the record of node i, without what became of it.
func stage(p *plan.Plan, i int) runs.Stage {
	addr := p.Nodes[i].Stage.Addr
	return runs.Stage{Addr: addr.String(), Axes: addr.Axes(), Kind: addr.Kind, Inputs: p.Inputs(i)}
}

func put(s *runs.Stage, r *cache.Result) {
	s.Outputs, s.Log, s.Class = r.Outputs, r.Log, r.Class
	// Of a hit too: when and in what time it was made.
	s.Started, s.Took = r.Recorded.Add(-r.Took), r.Took
}
