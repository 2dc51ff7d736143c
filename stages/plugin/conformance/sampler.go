package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"repro/stages"
	"repro/stages/plugin/build"
	"repro/stages/sample"
)

// How much a sampler is made to draw.
const (
	steps     = 40
	batchSize = 16
	// smallBatch is for the pools of cases, which may be small.
	smallBatch = 4
)

// sampler makes all checks of a sampler: what it draws on every job, how it
// behaves on the first.
func (s *suite) sampler(ctx context.Context, m sample.Method) {
	of := "sampler " + m.Name
	own := stages.Spec{Params: m.Params, Inputs: m.Inputs}
	var jobs []*work
	if needsCase(own) == "" {
		jobs = append(jobs, s.samplerWork(m, &build.Case{}))
	}
	for i, c := range s.plugin.Manifest.Cases {
		if c.Sampler == m.Name {
			jobs = append(jobs, s.samplerWork(m, &s.plugin.Manifest.Cases[i]))
		}
	}
	if len(jobs) == 0 {
		s.untested(ctx, of, fmt.Sprintf("sampler = %q", m.Name), needsCase(own))
		return
	}
	behaved, grown := false, false
	for _, w := range jobs {
		first := s.draws(ctx, w)
		if first == nil {
			continue
		}
		if !behaved {
			behaved = true
			s.check(ctx, w, "progress", func() (string, error) { return checkProgress(first.progress) })
			s.check(ctx, w, "cancel", func() (string, error) { return s.cancel(ctx, w) })
			s.check(ctx, w, "bad parameters", func() (string, error) { return s.badParams(ctx, w) })
		}
		if !grown && len(w.given.Inputs[poolPort]) == 0 {
			grown = true
			s.check(ctx, w, "large pool", func() (string, error) { return s.large(ctx, w, m.Name) })
		}
	}
	if behaved && !grown {
		s.check(ctx, jobs[0], "large pool", func() (string, error) { return "", skip("all of its jobs bring pools of their own") })
	}
}

func (s *suite) samplerWork(m sample.Method, c *build.Case) *work {
	stage := sample.NewKind("sample", m)
	alone := m
	alone.Remote = &byHandSampler{byHand: byHand{s.program}, name: m.Name}
	return &work{
		of: "sampler " + m.Name, given: c,
		stage: stage, byHand: sample.NewKind("sample", alone),
		spec: stage.Spec().With(m.Name), prefix: stages.VariantName(m.Name, ""), gpus: s.options.GPUs,
		load: func(w *work) error { return s.loadSampler(w, m.Name) },
	}
}

// loadSampler fills in what a stage that draws is told besides the sampler's
// own: a case gives at most the pool.
func (s *suite) loadSampler(w *work, name string) error {
	params, inputs, err := s.read(w)
	if err != nil {
		return err
	}
	size := smallBatch
	if len(inputs[poolPort]) == 0 {
		size = batchSize
		file, err := s.pool()
		if err != nil {
			return err
		}
		inputs[poolPort] = []string{file}
	}
	params["sampler"] = json.RawMessage(strconv.Quote(name))
	params["steps"] = json.RawMessage(strconv.Itoa(steps))
	params["batch_size"] = json.RawMessage(strconv.Itoa(size))
	return w.fill(params, inputs)
}

// poolPort is the port of the stage "sample" that pairs come in at.
const poolPort = "input"

// draws checks on one job that the seed decides what is drawn, and nothing
// else does. It returns the run that the others were compared with, or nil if
// that failed.
func (s *suite) draws(ctx context.Context, w *work) *outcome {
	var first *outcome
	if !s.check(ctx, w, "draws batches", func() (detail string, err error) {
		if err := w.load(w); err != nil {
			return "", err
		}
		first, err = s.once(ctx, w, variation{})
		if errors.Is(err, stages.ErrInput) && w.given.Name == "" {
			return "", s.unfit(w, err)
		}
		return fmt.Sprintf("%d batches of %s rows, all of items that the pool has", steps, w.params["batch_size"]), err
	}) {
		return nil
	}
	reproducible := s.check(ctx, w, "same seed", func() (string, error) {
		if !w.deterministic() {
			return "", skip("its class is " + w.spec.Class)
		}
		return s.same(ctx, w, first, variation{}, "equal batches",
			"Take all chance from rng: not from the time, a generator of your own or the order of a map or set")
	})
	s.check(ctx, w, "another seed", func() (string, error) {
		other, err := s.once(ctx, w, variation{params: w.with("seed", "1")})
		if err != nil {
			return "", err
		}
		const file = "batches/batches.jsonl"
		switch line, err := differentLine(filepath.Join(first.out, file), filepath.Join(other.out, file)); {
		case err != nil:
			return "", err
		case line == 0:
			return "", problemf("Take the chance for each batch from rng, which is made from the seed", "seeds 0 and 1 give the same %d batches", steps)
		}
		return "other batches", nil
	})
	s.check(ctx, w, "threads", func() (string, error) {
		if !reproducible {
			return "", skip(needsSame)
		}
		return s.same(ctx, w, first, variation{threads: 4}, "equal batches with 1 and 4 threads",
			"Let the number of threads decide how fast it is, not what is drawn: give every thread chance of its own for each step")
	})
	s.check(ctx, w, "without the engine", func() (string, error) {
		if s.noHand != nil {
			return "", s.noHand
		}
		if !reproducible {
			return "", skip(needsSame)
		}
		return s.same(ctx, w, first, variation{byHand: true}, "equal batches when it is started by hand",
			"Read nothing but the pool, the parameters and the inputs: no environment variables, folders of the machine or open connections")
	})
	return first
}

// unfit says that the sampler refused the suite's own pool, as it may if a case
// gives it one that it likes.
func (s *suite) unfit(w *work, err error) error {
	what, _, _ := strings.Cut(err.Error(), "\n")
	if slices.ContainsFunc(s.plugin.Manifest.Cases, func(c build.Case) bool { return "sampler "+c.Sampler == w.of }) {
		return skip("the suite's own pairs are no input for it: " + what)
	}
	return problemf("Add a case block to "+build.ManifestFile+" with pairs that it can draw from: inputs = { input = [\"pairs.jsonl\"] }", "%s", what)
}

const needsSame = "two runs are not alike"

// same does the work once more and demands the outputs of first.
func (s *suite) same(ctx context.Context, w *work, first *outcome, v variation, detail, hint string) (string, error) {
	again, err := s.once(ctx, w, v)
	if err != nil {
		return "", err
	}
	switch where, err := difference(first.out, again.out); {
	case err != nil:
		return "", err
	case where != "":
		return "", problemf(hint, "the outputs differ: %s", where)
	}
	return detail, nil
}

// once does the work in a folder of its own.
func (s *suite) once(ctx context.Context, w *work, v variation) (*outcome, error) {
	dir, err := s.scratch()
	if err != nil {
		return nil, err
	}
	return w.run(ctx, dir, v)
}

// checkProgress holds the reports of a whole run of a sampler against what
// bars and time-outs need.
func checkProgress(reports []report) (string, error) {
	const hint = "The SDKs count steps by themselves: report other units only, from 0 up"
	last := map[string]int64{}
	var end report
	for _, r := range reports {
		switch {
		case r.unit == "":
			return "", problemf(hint, "it reports progress without a unit")
		case r.done < last[r.unit]:
			return "", problemf(hint, "it goes back from %d to %d %s", last[r.unit], r.done, r.unit)
		case r.total > 0 && r.done > r.total:
			return "", problemf(hint, "it reports %d of %d %s", r.done, r.total, r.unit)
		}
		last[r.unit] = r.done
		if r.unit == unitSteps {
			end = r
		}
	}
	if end.total == 0 {
		return "", problemf(hint, "it reports no progress in steps")
	}
	if end.done != steps || end.total != steps {
		return "", problemf(hint, "its last report is %d of %d steps, of %d", end.done, end.total, steps)
	}
	return fmt.Sprintf("grows to %d of %d steps", end.done, end.total), nil
}

// unitSteps is what progress of samplers is counted in.
const unitSteps = "steps"
