package stagetest

import (
	"testing"

	"repro/stages"
)

// Run checks, in a subtest each, that s is a good stage:
//
//   - its Spec is sound and Check accepts the parameters of the case;
//   - Run with one thread and with four, in new folders, makes every declared
//     output and no other, byte for byte the same unless its class says
//     otherwise, leaves the inputs alone and reports progress that only grows
//     (counted by unit);
//   - Run with a context that is done returns an error that wraps
//     context.Canceled, however little there is to do; cancelled at its first
//     report of progress it returns soon, done or with such an error;
//   - Run refuses a parameter that the Spec does not declare.
func Run(t *testing.T, s stages.Stage, c Case) {
	t.Helper()
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			t.Parallel()
			if err := check.run(t.Context(), t.TempDir(), s, c); err != nil {
				t.Error(err)
			}
		})
	}
}

// NewJob lays out a job for s in a new folder as the engine would, with the
// defaults of s for whatever the JSON object params leaves out ("" for all of
// it) and one thread. Its log, a *Log, is printed when the test fails.
func NewJob(t testing.TB, s stages.Stage, params string, inputs ...Input) *stages.Job {
	t.Helper()
	log := &Log{}
	job, err := newJob(t.TempDir(), s, Case{Params: params, Inputs: inputs})
	if err != nil {
		t.Fatal(err)
	}
	job.Log = log
	t.Cleanup(func() {
		if text := log.String(); t.Failed() && text != "" {
			t.Logf("log of %s:\n%s", s.Spec().Kind, text)
		}
	})
	return job
}
