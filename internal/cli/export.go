package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache"
	"repro/cache/bundle"
	"repro/cache/disk"
	"repro/cache/runs"
	"repro/engine"
	"repro/engine/lang"
	"repro/engine/plan"
	"repro/engine/run"
	"repro/reports"
)

type exportFlags struct {
	workflowFlags
	output  string
	run     string
	without []string
	maxFile string
	partial bool
}

func newExport(t *terminal, sdk fs.FS) *cobra.Command {
	f := exportFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write a bundle for reviewers: workflow, results, tables, logs and their provenance",
		Long: "Write one zip file with the workflow and the files that it reads, its tables and logs, and\n" +
			"every result, described as a Workflow Run RO-Crate. Where it is imported (repro import),\n" +
			"every stage is a hit.\n\n" +
			"It has what the cache has for the workflow as it is now; --run takes the results of an earlier run.",
		Args: cobra.MaximumNArgs(1),
		RunE: f.on(func(ctx context.Context, p *project) error { return p.export(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().StringVarP(&f.output, "output", "o", "bundle.zip", "write the bundle to `FILE`")
	c.Flags().StringVar(&f.run, "run", "", "export the results of the run `ID` (see history; a unique beginning will do)")
	c.Flags().StringArrayVar(&f.without, "without", nil, "leave out what stages of `KIND` made, such as collect: they run again where the bundle is imported; may be repeated")
	c.Flags().StringVar(&f.maxFile, "max-file", "", "leave out what stages made that have a file above `SIZE`, such as 100MB: they run again where the bundle is imported")
	c.Flags().BoolVar(&f.partial, "partial", false, "export though stages have no result")
	return c
}

// exportAnswer is what export --json prints.
type exportAnswer struct {
	File    string `json:"file"`
	Size    int64  `json:"size"` // bytes
	Run     string `json:"run"`
	Results int    `json:"results"`
	Missing int    `json:"missing"` // stages without a result
	LeftOut int    `json:"left_out"`
	Files   int    `json:"files"`
}

func (p *project) export(ctx context.Context, t *terminal, f *exportFlags) (err error) {
	var recorded *runs.Run
	if f.run != "" {
		if recorded, err = p.recordedRun(f.run); err != nil {
			return err
		}
	}
	output, err := bundlePlace(f.output)
	if err != nil {
		return withCode(exitUsage, err)
	}
	most, err := fileSize(f.maxFile)
	if err != nil {
		return withCode(exitUsage, err)
	}
	made, store, err := p.planned(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	x := &exporter{project: p, terminal: t, workflow: made.Workflow, plan: made, store: store, without: f.without, most: most}
	if err := x.choose(ctx, recorded, f.partial); err != nil {
		return err
	}
	files, err := x.files(ctx)
	if err != nil {
		return err
	}
	blobs := make([]cache.Digest, len(files))
	for i := range files {
		blobs[i] = files[i].Digest
	}
	t.say("writing %s in %d files, before they are compressed", sizeOf(blobs), len(files))
	size, err := writeBundle(ctx, output, files)
	if err != nil {
		return err
	}
	answer := exportAnswer{
		File: f.output, Size: size, Run: x.record.ID, Results: len(x.results), Missing: x.missing(),
		LeftOut: len(x.leftOut), Files: len(files),
	}
	if p.flags.json {
		return t.printJSON(answer)
	}
	return t.print(fmt.Sprintf("%s: %d results in %d files, %.1f MB. Elsewhere: repro import %s\n",
		answer.File, answer.Results, answer.Files, float64(answer.Size)/1e6, filepath.Base(answer.File)))
}

// recordedRun loads a record and makes the project ask for what that run did.
func (p *project) recordedRun(id string) (*runs.Run, error) {
	if len(p.flags.vars)+len(p.flags.varFiles) > 0 {
		return nil, withCode(exitUsage, errors.New("--run takes the variables of that run: leave out --var and --var-file"))
	}
	r, err := p.runByName(id)
	if err != nil {
		return nil, err
	}
	if r.Workflow != p.workflowID() {
		return nil, withCode(exitUsage, fmt.Errorf("the run %s is one of %s: name that", id, r.Workflow))
	}
	p.flags.vars = plainVars(r.Vars)
	for _, target := range r.Targets {
		pattern, err := engine.ParsePattern(target)
		if err != nil {
			return nil, err
		}
		p.patterns = append(p.patterns, pattern)
	}
	return r, nil
}

// plainVars returns the variables of a record as --var takes them.
func plainVars(vars map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if vars[name] != "null" { // only a variable that nobody gave a value has that
			list = append(list, name+"="+plainText(vars[name]))
		}
	}
	return list
}

// plainText returns a JSON value as --var takes it.
func plainText(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil {
		return text
	}
	return value
}

// exporter makes the files of a bundle.
type exporter struct {
	*project
	terminal *terminal
	workflow *lang.Workflow
	plan     *plan.Plan
	store    *disk.Store
	without  []string // kinds
	most     int64    // bytes of a file

	record  *runs.Run
	results []bundle.Result
	left    map[string][]cache.Digest // blobs of the stages whose outputs are left out, by address
	leftOut map[cache.Digest]bool     // those of them that the bundle does not have otherwise
}

// fileSize reads what --max-file is given: no text is no limit.
func fileSize(text string) (int64, error) {
	if text == "" {
		return math.MaxInt64, nil
	}
	n, err := parseSize(text)
	if err != nil {
		err = fmt.Errorf("--max-file %s: %w", text, err)
	}
	return n, err
}

// choose decides which results are exported.
func (x *exporter) choose(ctx context.Context, recorded *runs.Run, partial bool) error {
	now := x.newRecord(ctx, x.workflow)
	now.Stages = run.Found(x.plan)
	if err := x.define(ctx, now, x.workflow, x.store); err != nil {
		return err
	}
	x.record = now
	if recorded != nil {
		if err := x.same(recorded, now); err != nil {
			return err
		}
		x.record = recorded
	}
	x.record.PID = 0 // means nothing elsewhere
	if n := x.missing(); n > 0 && !partial {
		return fmt.Errorf("%d of %d stages have no result, such as %s. Fill the gaps with: %s; or export what there is with --partial",
			n, len(x.record.Stages), x.firstMissing(), x.command("run", x.record.Targets...))
	}
	if n := len(x.record.Stages); x.missing() == n {
		return fmt.Errorf("none of %d stages has a result: there is nothing to export. Make them with: %s", n, x.command("run", x.record.Targets...))
	}
	if err := x.lookup(ctx); err != nil {
		return err
	}
	if recorded == nil {
		x.date()
	}
	return x.leave(ctx)
}

// same refuses a run that the workflow's files have changed since: the bundle
// would not have the workflow that made the results.
func (x *exporter) same(recorded, now *runs.Run) error {
	keys, gone := map[string]cache.Digest{}, ""
	for _, s := range now.Stages {
		keys[s.Addr] = s.Key
		if s.Outputs == nil && gone == "" {
			gone = s.Addr
		}
	}
	for _, s := range recorded.Stages {
		key, there := keys[s.Addr]
		if s.Outputs == nil || key == s.Key {
			continue
		}
		if there && key.IsZero() { // nobody knows what it would be given
			return fmt.Errorf("results of run %s are not in the cache any more, such as that of %s. Make them again with: %s", recorded.ID, gone, x.command("run", recorded.Targets...))
		}
		way := "export the workflow as it is now, without --run"
		switch {
		case recorded.Dirty != "":
			way = fmt.Sprintf("make the changes again that the tree had beside commit %.12s, or %s", recorded.Commit, way)
		case recorded.Commit != "":
			way = fmt.Sprintf("check out commit %.12s, or %s", recorded.Commit, way)
		}
		return fmt.Errorf("the workflow has changed since run %s: %s would not get the result that it had then. To export it, %s", recorded.ID, s.Addr, way)
	}
	return nil
}

func (x *exporter) snapshotOf() *reports.Snapshot {
	return reports.NewSnapshot("run "+x.record.ID, x.record, x.store)
}

func (x *exporter) missing() int { return x.snapshotOf().Missing() }

func (x *exporter) firstMissing() string {
	i := slices.IndexFunc(x.record.Stages, func(s runs.Stage) bool { return s.Outputs == nil })
	return x.record.Stages[i].Addr
}

// lookup finds the stored results that the record names. Of a result that was
// made again with the same outputs the store may have the newer log only.
func (x *exporter) lookup(ctx context.Context) error {
	for i := range x.record.Stages {
		s := &x.record.Stages[i]
		if s.Outputs == nil {
			continue
		}
		all, err := x.store.History(ctx, s.Key)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, (&cache.Result{Outputs: s.Outputs}).SameOutputs)
		if at < 0 {
			return fmt.Errorf("the cache has the result of %s no longer. Make it again with: %s", s.Addr, x.command("run"))
		}
		result := *all[at]
		missing, err := x.store.Missing(ctx, []cache.Digest{s.Log})
		if err != nil {
			return err
		}
		if s.Log.IsZero() || len(missing) == 0 {
			result.Log = s.Log
		} else {
			s.Log = result.Log
		}
		x.results = append(x.results, bundle.Result{Addr: s.Addr, Key: s.Key, Result: &result})
	}
	return nil
}

// date gives the record of what the cache has the times at which its results
// were made, and an ID that is always the same for the same results. It has no
// end: from the first result to the last one is not how long a run took.
func (x *exporter) date() {
	r := x.record
	r.Started, r.Ended, r.Status = time.Time{}, time.Time{}, runs.Done
	if x.missing() > 0 {
		r.Status = runs.Interrupted
	}
	stages := x.snapshotOf()
	content := []string{r.Workflow, r.Commit, r.Dirty}
	for _, result := range x.results {
		ended := result.Result.Recorded.UTC()
		started := ended.Add(-result.Result.Took)
		s := stages.Stage(result.Addr)
		s.Started, s.Took = started, result.Result.Took
		if r.Started.IsZero() || started.Before(r.Started) {
			r.Started = started
		}
		content = append(content, result.Addr, result.Key.String())
	}
	r.ID = r.Made().Format("20060102T150405.000Z") + "-" + cache.Of([]byte(strings.Join(content, "\n"))).Short()[:8]
}

// leave notes which stages' outputs are left out, whole: with some of them a
// stage would have to run all the same.
func (x *exporter) leave(ctx context.Context) error {
	stages := x.snapshotOf()
	for _, kind := range x.without {
		if !slices.ContainsFunc(stages.Stages, func(s runs.Stage) bool { return s.Kind == kind }) {
			return withCode(exitUsage, fmt.Errorf("--without %s: the workflow has no stage of that kind", kind))
		}
	}
	x.left, x.leftOut = map[string][]cache.Digest{}, map[cache.Digest]bool{}
	for _, r := range x.results {
		blobs, err := r.Outputs(ctx, x.store)
		if err != nil {
			return err
		}
		large := slices.ContainsFunc(blobs, func(d cache.Digest) bool { return d.Size > x.most })
		if !large && !slices.Contains(x.without, stages.Stage(r.Addr).Kind) {
			continue
		}
		x.left[r.Addr] = blobs
		for _, d := range blobs {
			x.leftOut[d] = true
		}
	}
	return nil
}

// bundlePlace returns where a bundle is written: what a link points to. Nothing
// but a file is ever replaced.
func bundlePlace(name string) (string, error) {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return name, nil
	}
	place, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", fmt.Errorf("write the bundle: %w", err)
	}
	info, err := os.Stat(place)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("write the bundle: %s is there and is not a file: give another place with --output", name)
	}
	return place, err
}

// writeBundle writes the bundle, whole or not at all, and returns its size.
func writeBundle(ctx context.Context, name string, files []bundle.File) (_ int64, err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".bundle-*")
	if err != nil {
		return 0, fmt.Errorf("write the bundle: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the bundle: %w", err), os.Remove(tmp.Name()))
		}
	}()
	err = bundle.Write(ctx, tmp, files)
	info, statErr := tmp.Stat()
	if err = errors.Join(err, statErr, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(tmp.Name(), name)
}
