package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"repro/engine/lang"
	"repro/engine/local"
	"repro/stages"
	"repro/stages/plugin/build"
)

// needs is what a workflow asks of a machine. The zero value is what everything
// asks: a place for the cache.
type needs struct {
	git       bool
	golang    bool
	pythons   []string     // interpreters of plugins
	translate bool         // Apertium
	paper     bool         // the workflow has one, though runs do not need what builds it
	trainer   *lang.Plugin // the declaration of the trainer; nil if there is none
	training  bool         // a stage uses it
	unusable  error        // why that failed
	cuda      bool         // a stage computes on a GPU
	gpus      int          // most that one stage occupies
	memory    int64        // bytes; most that one stage occupies
	rest      []finding    // what has no line of its own: other plugins, programs, files
}

// trainerFolder is the folder that the trainer is built into.
const trainerFolder = "repro-gotch"

// isTrainer reports whether a plugin is the trainer.
func isTrainer(p *lang.Plugin) bool {
	return p.Commit == "" && filepath.Base(p.Source) == trainerFolder
}

// learn finds out what the workflow needs. A plugin that cannot be used is a
// finding; everything else that is wrong with the workflow is an error.
func (d *doctor) learn(ctx context.Context, t *terminal) error {
	vars, err := splitVars(d.flags.vars)
	if err != nil {
		return err
	}
	p := d.project
	open := p.opener(ctx, t)
	broken := false
	w, diags := lang.Load(p.file, lang.Options{
		Kinds: p.kinds(nil), Version: version, Vars: vars, VarFiles: d.flags.varFiles,
		Open: func(w *lang.Workflow, decl *lang.Plugin) (*stages.Registry, error) {
			kinds, err := open(w, decl)
			broken = broken || err != nil
			d.plugin(w, decl, err)
			return kinds, err
		},
	})
	if err := p.closePlugins(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	d.needs.paper = len(w.Papers) > 0
	for _, decl := range w.Plugins {
		if isTrainer(decl) {
			d.needs.trainer = decl
		}
	}
	if broken {
		d.needs.rest = append(d.needs.rest, finding{
			"stages", stateWarning, "what else they need is known only when all plugins can be used", p.command("doctor"),
		})
		return nil
	}
	if err := t.diagnose(diags, w.Sources, d.flags.json); err != nil {
		return err
	}
	d.stages(ctx, w)
	return nil
}

// plugin notes what a plugin that a stage uses needs, and whether it can be used.
func (d *doctor) plugin(w *lang.Workflow, decl *lang.Plugin, problem error) {
	d.needs.git = d.needs.git || decl.Commit != ""
	var known *notOpening
	if errors.As(problem, &known) {
		problem = known.err // the way out has a column of its own
	}
	if isTrainer(decl) {
		d.needs.training, d.needs.unusable = true, problem // it gets a line of its own
		return
	}
	dir := filepath.FromSlash(decl.Source)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(w.Dir, dir)
	}
	if m, err := build.LoadManifest(dir); err == nil {
		switch m.Language {
		case build.Go:
			d.needs.golang = true
		case build.Python:
			python := m.Interpreter
			if strings.Contains(python, "/") && !filepath.IsAbs(python) { // a virtual environment beside the sources
				python = filepath.Join(dir, python)
			}
			if !slices.Contains(d.needs.pythons, python) {
				d.needs.pythons = append(d.needs.pythons, python)
			}
		}
	}
	if problem == nil {
		return
	}
	f := finding{What: "plugin " + decl.Name, State: stateMissing, Found: problem.Error(), Help: decl.Build}
	var missing *stages.MissingToolError
	if errors.As(problem, &missing) {
		f.Found, f.Help = missing.Tool+" is not installed", missing.Install
	}
	d.needs.rest = append(d.needs.rest, f)
}

// stages notes what the stages need.
func (d *doctor) stages(ctx context.Context, w *lang.Workflow) {
	asked := map[string]bool{}
	once := func(key string) bool {
		defer func() { asked[key] = true }()
		return !asked[key]
	}
	for _, s := range w.Stages {
		d.needs.translate = d.needs.translate || s.Block.Kind == "translate"
		cuda := s.Params[stages.VariantName(trainerVariant, "device")] == `"cuda"`
		d.needs.cuda = d.needs.cuda || cuda || s.Resources.GPUs > 0
		if cuda && s.Resources.GPUs == 0 && once("GPU of "+s.Block.Kind+"."+s.Block.Name) {
			d.needs.rest = append(d.needs.rest, finding{
				"GPU", stateMissing, fmt.Sprintf("%s computes on one, but asks for none and so sees none", s.Addr), "in its block: resources { gpus = 1 }",
			})
		}
		d.needs.gpus, d.needs.memory = max(d.needs.gpus, s.Resources.GPUs), max(d.needs.memory, s.Resources.Memory)
		for _, in := range s.Inputs {
			name := in.Path
			if !filepath.IsAbs(name) {
				name = filepath.Join(w.Dir, filepath.FromSlash(name))
			}
			if in.From != nil || strings.ContainsAny(in.Path, "*?[{") || exists(name) || !once("file "+name) {
				continue
			}
			d.needs.rest = append(d.needs.rest, finding{"file", stateMissing, fmt.Sprintf("%s, which %s reads", name, s.Addr), ""})
		}
		tooled, ok := s.Block.Stage.(stages.Tooled)
		params := lang.ParamsJSON(s.Params)
		if !ok || !once(s.Block.Kind+string(params)) {
			continue
		}
		var missing *stages.MissingToolError
		if _, err := tooled.Tools(ctx, params); errors.As(err, &missing) && once("tool "+missing.Tool) {
			d.needs.rest = append(d.needs.rest, finding{"program", stateMissing, fmt.Sprintf("%s, which %s needs, is not installed", missing.Tool, s.Addr), missing.Install})
		}
	}
}

// trainerVariant is what the trainer adds to train and embed stages.
const trainerVariant = "transformer"

// rest adds what has no line of its own.
func (d *doctor) rest() { d.findings = append(d.findings, d.needs.rest...) }

// memory looks at the machine's memory.
func (d *doctor) memory() {
	total := local.Machine().Memory
	found := humanize.IBytes(uint64(total))
	if free, ok := available(); ok {
		found += ", of which " + humanize.IBytes(uint64(free)) + " are free"
	}
	s, help := stateOK, ""
	if d.needs.memory > total {
		s, help = stateMissing, "run it on a machine with more, or lower memory in the resources block if the stage takes less"
		found += fmt.Sprintf("; a stage wants %s", humanize.IBytes(uint64(d.needs.memory)))
	}
	d.add("memory", s, found, help)
}

// available returns the bytes that programs can still get; not ok where the
// kernel does not say.
func available() (n int64, ok bool) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	if _, err := fmt.Sscanf(rest, "%d kB", &n); err != nil {
		return 0, false
	}
	return n << 10, true
}
