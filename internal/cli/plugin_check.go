package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/engine/local"
	"repro/stages/plugin/build"
	"repro/stages/plugin/conformance"
)

// newPluginTest is the command `plugin test`. Its file has another name because
// Go builds files named …_test.go for tests only.
func newPluginTest(t *terminal, sdk fs.FS) *cobra.Command {
	f := pluginTestFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "test DIR",
		Short: "Build a plugin, run the conformance suite and its own tests",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return f.run(c.Context(), t, args[0]) },
	}
	c.Flags().StringVar(&f.name, "name", "", "what workflows call the plugin: `NAME` (default: the folder's name)")
	addJSON(c, &f.json)
	return c
}

type pluginTestFlags struct {
	name string
	json bool
	sdk  fs.FS
}

type pluginTestAnswer struct {
	Plugin  string               `json:"plugin"`
	Passed  int                  `json:"passed"`
	Failed  int                  `json:"failed"`
	Skipped int                  `json:"skipped"`
	Results []conformance.Result `json:"results"`
}

func (f *pluginTestFlags) run(ctx context.Context, t *terminal, dir string) (err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return withCode(exitUsage, fmt.Errorf("there is no folder %s", dir))
	}
	answer := pluginTestAnswer{Plugin: f.name}
	if answer.Plugin == "" {
		answer.Plugin = filepath.Base(abs)
	}
	p, err := f.project()
	if err != nil {
		return err
	}
	plugin, err := build.Build(ctx, answer.Plugin, dir, p.buildOptions(t))
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(p.pluginDir(), "test-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	list := &checklist{t: t, silent: f.json, marks: marksOf(t)}
	report := func(r conformance.Result) { answer.add(r); list.add(r) }
	if _, err := conformance.Run(ctx, plugin, conformance.Options{Dir: scratch, Report: report, GPUs: local.Machine().GPUs}); err != nil {
		return err
	}
	own := selfTest(ctx, plugin, scratch)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	report(own)
	return answer.finish(t, f.json)
}

// project returns where plugins are built: the project that the current folder
// belongs to, or a cache of the user's.
func (f *pluginTestFlags) project() (*project, error) {
	p := &project{flags: &workflowFlags{sdk: f.sdk}}
	var err error
	if p.root, err = findRoot("any file here"); err != nil {
		return nil, err
	}
	p.dir = filepath.Join(p.root, reproDir)
	if exists(p.dir) || exists(filepath.Join(p.root, ".git")) {
		return p, p.prepareDir()
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	p.dir = filepath.Join(cache, "repro")
	return p, nil
}

// selfTest runs the tests that the plugin's author wrote.
func selfTest(ctx context.Context, plugin *build.Plugin, scratch string) conformance.Result {
	r := conformance.Result{Of: "plugin " + plugin.Name, Check: "own tests"}
	var out bytes.Buffer
	started := time.Now()
	err := plugin.SelfTest(ctx, filepath.Join(scratch, "own"), &out)
	r.Took = time.Since(started)
	switch {
	case err == nil:
		r.Status, r.Detail = conformance.Passed, fmt.Sprintf("all pass, in %.1f s", r.Took.Seconds())
	case errors.Is(err, build.ErrNoTests):
		r.Status, r.Detail = conformance.Skipped, "there are none"
	default:
		r.Status = conformance.Failed
		r.Detail = err.Error() + "\n" + strings.TrimSpace(out.String())
	}
	return r
}

func (a *pluginTestAnswer) add(r conformance.Result) {
	a.Results = append(a.Results, r)
	switch r.Status {
	case conformance.Passed:
		a.Passed++
	case conformance.Failed:
		a.Failed++
	case conformance.Skipped:
		a.Skipped++
	}
}

func (a *pluginTestAnswer) finish(t *terminal, asJSON bool) error {
	var err error
	if asJSON {
		err = t.printJSON(a)
	} else {
		text := fmt.Sprintf("\n%d checks passed, %d failed", a.Passed, a.Failed)
		if a.Skipped > 0 {
			text += fmt.Sprintf(", %d skipped", a.Skipped)
		}
		err = t.print(text + "\n")
	}
	if err == nil && a.Failed > 0 {
		err = reported(exitFailed)
	}
	return err
}

// checklist prints results as they come, below a heading for each sampler,
// kind and case.
type checklist struct {
	t       *terminal
	silent  bool
	marks   map[conformance.Status]string
	heading string
}

// marksOf returns what stands before a check: signs for people, words for logs.
func marksOf(t *terminal) map[conformance.Status]string {
	if isTerminal(t.out) {
		return map[conformance.Status]string{conformance.Passed: "✓", conformance.Failed: "✗", conformance.Skipped: "–"}
	}
	return map[conformance.Status]string{conformance.Passed: "ok  ", conformance.Failed: "FAIL", conformance.Skipped: "skip"}
}

func (c *checklist) add(r conformance.Result) {
	if c.silent {
		return
	}
	var b strings.Builder
	heading := r.Of
	if r.Case != "" {
		heading += ", case " + r.Case
	}
	if heading != c.heading {
		fmt.Fprintf(&b, "%s\n", heading)
		c.heading = heading
	}
	detail, more, _ := strings.Cut(r.Detail, "\n")
	fmt.Fprintf(&b, "  %s %-18s  %s\n", c.marks[r.Status], r.Check, detail)
	const deep = "      "
	if more != "" {
		b.WriteString(deep + strings.ReplaceAll(more, "\n", "\n"+deep) + "\n")
	}
	if r.Hint != "" {
		b.WriteString(deep + r.Hint + ".\n")
	}
	_ = c.t.print(b.String()) // the same fault shows when the last line is printed
}
