package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"repro/stages"
	"repro/stages/stagetest"
)

// kind makes all checks of a kind, on the cases of the manifest: nobody else
// can know what a stage reads.
func (s *suite) kind(ctx context.Context, k stages.Stage) {
	spec := k.Spec()
	of := "kind " + spec.Kind
	behaved := false
	for i, c := range s.plugin.Manifest.Cases {
		if c.Kind != spec.Kind {
			continue
		}
		w := &work{
			of: of, given: &s.plugin.Manifest.Cases[i], stage: k, byHand: &byHandKind{byHand{s.program}, spec}, spec: spec,
			gpus: s.options.GPUs,
			load: func(w *work) error {
				params, inputs, err := s.read(w)
				if err != nil {
					return err
				}
				return w.fill(params, inputs)
			},
		}
		good := s.check(ctx, w, "stage", func() (string, error) { return s.stage(ctx, w) })
		s.check(ctx, w, "without the engine", func() (string, error) { return s.kindByHand(ctx, w, good) })
		if good && !behaved {
			behaved = true
			s.check(ctx, w, "cancel", func() (string, error) { return s.cancel(ctx, w) })
			if exists(w.checkpoint) { // most kinds keep none
				s.check(ctx, w, "checkpoint", func() (string, error) { return s.resume(ctx, w) })
			}
			s.check(ctx, w, "bad parameters", func() (string, error) { return s.badParams(ctx, w) })
		}
	}
	if !s.tried(of) {
		s.untested(ctx, of, fmt.Sprintf("kind = %q", spec.Kind), "only a case can say what it is to work on")
	}
}

// tried reports whether there are results of that.
func (s *suite) tried(of string) bool {
	for _, r := range s.results {
		if r.Of == of {
			return true
		}
	}
	return false
}

// resume compares what comes of going on from the checkpoint of a cancelled run
// with an undisturbed one.
func (s *suite) resume(ctx context.Context, w *work) (string, error) {
	const hint = "Keep all in the checkpoint that decides the outputs, and write it under another name before it counts"
	if !w.deterministic() {
		_, err := s.once(ctx, w, variation{checkpoint: w.checkpoint})
		return "another run goes on from what a cancelled one left", err
	}
	first, err := s.once(ctx, w, variation{})
	if err != nil {
		return "", err
	}
	return s.same(ctx, w, first, variation{checkpoint: w.checkpoint}, "equal outputs from what a cancelled run left", hint)
}

// stage holds a kind to what the engine demands of every stage.
func (s *suite) stage(ctx context.Context, w *work) (string, error) {
	if err := w.load(w); err != nil {
		return "", err
	}
	dir, err := s.scratch()
	if err != nil {
		return "", err
	}
	params, err := json.Marshal(w.params)
	if err != nil {
		return "", err
	}
	c := stagetest.Case{Params: string(params), GPUs: w.gpus}
	for _, in := range w.inputs {
		c.Inputs = append(c.Inputs, stagetest.Input{Port: in.Port, Name: in.Name, From: in.Path})
	}
	if err := stagetest.Check(ctx, dir, w.stage, c); err != nil {
		return "", err
	}
	w.checkpoint = filepath.Join(dir, "checkpoint")
	if !w.deterministic() {
		return "declared outputs, inputs left alone", nil
	}
	return "equal outputs with 1 and 4 threads, inputs left alone", nil
}

func (s *suite) kindByHand(ctx context.Context, w *work, good bool) (string, error) {
	switch {
	case s.noHand != nil:
		return "", s.noHand
	case !good:
		return "", skip("it has to be a good stage first")
	case !w.deterministic():
		return "", skip("its class is " + w.spec.Class)
	}
	first, err := s.once(ctx, w, variation{})
	if err != nil {
		return "", err
	}
	return s.same(ctx, w, first, variation{byHand: true}, "equal outputs when it is started by hand",
		"Read nothing but the parameters and the inputs: no environment variables, folders of the machine or open connections")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
