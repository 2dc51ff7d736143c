package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"repro/stages/plugin/build"
	"repro/stages/plugin/host"
)

// Options say how the suite runs.
type Options struct {
	Dir    string       // an existing folder for scratch files, some 200 MB; the caller removes it
	Report func(Result) // told each result as it comes; may be nil
	Large  int          // pairs of the large pool; 0 means 200,000
	GPUs   []string     // devices that every job may use, as in stages.Job
}

// Run tries the plugin and returns all results. The error is not about the
// plugin: the suite itself could not go on.
func Run(ctx context.Context, plugin *build.Plugin, o Options) ([]Result, error) {
	if o.Large == 0 {
		o.Large = 200_000
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	s := &suite{options: o, plugin: plugin, mark: markName + "=" + rand.Text()}
	// The suite's copy remembers nothing of earlier runs, and its processes can
	// be told from all others.
	program := *plugin.Program
	program.Keep = ""
	program.Env = append(slices.Clone(program.Env), s.mark)
	s.program = &program
	s.run(ctx)
	if s.opened != nil {
		err = s.opened.Close()
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return s.results, err
}

// markName is the environment variable by which processes of the suite's
// plugin are found.
const markName = "REPRO_CONFORMANCE"

// suite is one run of the suite.
type suite struct {
	options Options
	plugin  *build.Plugin
	program *host.Program
	mark    string
	opened  *host.Plugin
	results []Result
	noHand  error // why the program cannot be started by hand

	poolWritten bool
	expire      context.CancelCauseFunc // ends the suite
}

// limit is how long one check may take. It is far above what any needs.
const limit = 2 * time.Minute

// errExpired ends a suite whose plugin does not come to an end.
var errExpired = fmt.Errorf("it was not done after %v. The rest is not tried", limit)

func (s *suite) run(ctx context.Context) {
	ctx, s.expire = context.WithCancelCause(ctx)
	defer s.expire(nil)
	whole := &work{of: "plugin " + s.program.Name, given: &build.Case{}}
	if !s.check(ctx, whole, "description", func() (string, error) { return s.describe(ctx) }) {
		return
	}
	s.noHand = s.tryHand(ctx)
	if len(s.plugin.Manifest.Cases) > 0 {
		s.check(ctx, whole, "cases", s.knownCases)
	}
	for _, m := range s.opened.Samplers() {
		s.sampler(ctx, m)
	}
	for _, k := range s.opened.Kinds() {
		s.kind(ctx, k)
	}
}

// check makes one check and reports how it ended. do returns what it saw, or
// what is wrong. Once ctx is done nothing is done or reported any more.
func (s *suite) check(ctx context.Context, w *work, check string, do func() (string, error)) (ok bool) {
	if ctx.Err() != nil {
		return false
	}
	started := time.Now()
	r := Result{Of: w.of, Case: w.given.Name, Check: check}
	timer := time.AfterFunc(limit, func() { s.expire(errExpired) })
	r.settle(do())
	timer.Stop()
	r.Took = time.Since(started)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errExpired):
		r.settle("", errExpired)
	case cause != nil:
		return false // what it saw is not the plugin's doing
	}
	s.results = append(s.results, r)
	if s.options.Report != nil {
		s.options.Report(r)
	}
	return r.Status == Passed
}

// describe opens the plugin, which refuses what no workflow could use.
func (s *suite) describe(ctx context.Context) (string, error) {
	opened, err := host.Open(ctx, s.program, host.Options{})
	if err != nil {
		return "", err
	}
	s.opened = opened
	var adds []string
	for _, m := range opened.Samplers() {
		adds = append(adds, "the sampler "+m.Name)
	}
	for _, k := range opened.Kinds() {
		adds = append(adds, "the kind "+k.Spec().Kind)
	}
	for _, v := range opened.Variants() {
		adds = append(adds, fmt.Sprintf("the %s of %s (not tried: its tests are the kind's)", v.Variant.Name, v.Kind))
	}
	return "adds " + strings.Join(adds, ", "), nil
}

// tryHand finds out whether the program knows more than the protocol: that the
// SDKs have, but a program that uses none need not.
func (s *suite) tryHand(ctx context.Context) error {
	program := byHand{s.program}
	if s.plugin.Manifest.Language != build.Binary || program.command(ctx, s.options.Dir, "describe").Run() == nil {
		return nil
	}
	return skip("the program cannot be started by hand, as those that use an SDK can")
}

// knownCases finds case blocks that nothing would run.
func (s *suite) knownCases() (string, error) {
	known := map[string]bool{}
	for _, m := range s.opened.Samplers() {
		known["sampler "+m.Name] = true
	}
	for _, k := range s.opened.Kinds() {
		known["kind "+k.Spec().Kind] = true
	}
	seen := map[string]bool{}
	for _, c := range s.plugin.Manifest.Cases {
		of := "kind " + c.Kind
		if c.Sampler != "" {
			of = "sampler " + c.Sampler
		}
		switch {
		case !known[of]:
			return "", problemf("Correct the name in "+build.ManifestFile, "case %q: this plugin has no %s", c.Name, of)
		case seen[of+c.Name]:
			return "", problemf("Rename one of the two in "+build.ManifestFile, "case %q of the %s is there twice", c.Name, of)
		}
		seen[of+c.Name] = true
	}
	return fmt.Sprintf("%s in %s", count(len(seen), "case"), build.ManifestFile), nil
}

// untested reports what could not be tried at all.
func (s *suite) untested(ctx context.Context, of, what, why string) {
	s.check(ctx, &work{of: of, given: &build.Case{}}, "job", func() (string, error) {
		return "", problemf(fmt.Sprintf("Add a block to %s: case \"NAME\" { %s … }", build.ManifestFile, what), "not tested: %s", why)
	})
}

// scratch returns a new folder.
func (s *suite) scratch() (string, error) { return os.MkdirTemp(s.options.Dir, "run-") }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
