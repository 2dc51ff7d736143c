package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"repro/cache"
	"repro/cache/disk"
	"repro/engine"
	"repro/engine/lang"
	"repro/stages"
	"repro/stages/builtin"
	"repro/stages/collect"
	"repro/stages/translate"
)

// The folder that holds a project's cache and run records, at the project's root.
const reproDir = ".repro"

// workflowFlags are the flags of every command that reads a workflow.
type workflowFlags struct {
	vars     []string
	varFiles []string
	mirrors  []string
	retries  int
	cacheDir string
	json     bool
	sdk      fs.FS // what plugins are built with
}

func (f *workflowFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.vars, "var", nil, "give a variable a `NAME=VALUE`; may be repeated")
	c.Flags().StringArrayVar(&f.varFiles, "var-file", nil, "read variables from `FILE`; may be repeated")
	c.Flags().StringArrayVar(&f.mirrors, "mirror", filepath.SplitList(os.Getenv("REPRO_MIRROR")), "look for downloads by digest in `DIR` before the network ($REPRO_MIRROR); may be repeated")
	c.Flags().IntVar(&f.retries, "retries", 8, "try a download that brings nothing new `N` more times")
	f.addCache(c)
	addJSON(c, &f.json)
}

func (f *workflowFlags) addCache(c *cobra.Command) {
	c.Flags().StringVar(&f.cacheDir, "cache", os.Getenv("REPRO_CACHE"), "keep results in `DIR` ($REPRO_CACHE; default: "+reproDir+" at the project's root)")
}

// project is a workflow file with everything around it.
type project struct {
	flags    *workflowFlags
	file     string           // the workflow file
	patterns []engine.Pattern // the stages named on the command line
	root     string           // the folder that holds the workflow's repository, or the workflow
	dir      string           // where the cache is
	runs     string           // where the records are
	plugins  []*openPlugin    // those that the workflow uses, once it is loaded
	locked   bool             // nothing may differ from the lock file
	past     *past            // set if the files are those of an earlier commit
}

// open finds the workflow that args name, "[FILE] [STAGE…]".
func (f *workflowFlags) open(args []string) (*project, error) {
	p := &project{flags: f}
	if len(args) > 0 && looksLikeFile(args[0]) {
		p.file, args = args[0], args[1:]
	} else {
		file, err := onlyWorkflow()
		if err != nil {
			return nil, err
		}
		p.file = file
	}
	for _, arg := range args {
		pattern, err := engine.ParsePattern(arg)
		if err != nil {
			return nil, withCode(exitUsage, err)
		}
		p.patterns = append(p.patterns, pattern)
	}
	if _, err := os.Stat(p.file); err != nil {
		return nil, withCode(exitWorkflow, fmt.Errorf("cannot read the workflow: %w", err))
	}
	for _, mirror := range f.mirrors {
		if info, err := os.Stat(mirror); err != nil || !info.IsDir() {
			return nil, withCode(exitUsage, fmt.Errorf("--mirror %s: no such folder", mirror))
		}
	}
	if err := p.settle(p.file); err != nil {
		return nil, err
	}
	return p, nil
}

// on returns what a command does with the workflow that its arguments name.
func (f *workflowFlags) on(do func(context.Context, *project) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		p, err := f.open(args)
		if err != nil {
			return err
		}
		return do(c.Context(), p)
	}
}

// settle decides where the project of a workflow file is, and its cache.
func (p *project) settle(file string) error {
	root, err := findRoot(file)
	if err != nil {
		return err
	}
	p.root, p.dir = root, filepath.Join(root, reproDir)
	p.runs = filepath.Join(p.dir, "runs")
	if p.flags.cacheDir != "" {
		// Several projects may share a cache; each has records of its own.
		p.dir = p.flags.cacheDir
		p.runs = filepath.Join(p.dir, "runs", cache.Of([]byte(root)).Short())
	}
	return nil
}

func looksLikeFile(arg string) bool {
	if strings.HasSuffix(arg, ".hcl") {
		return true
	}
	info, err := os.Stat(arg)
	return err == nil && info.Mode().IsRegular()
}

// workflowPatterns say where workflows lie, the first that matches.
var workflowPatterns = []string{"*.hcl", "workflows/*.hcl"}

// onlyWorkflow returns the one workflow file here or in workflows/.
func onlyWorkflow() (string, error) {
	for _, pattern := range workflowPatterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return found[0], nil
		default:
			return "", withCode(exitUsage, fmt.Errorf("which workflow? Name one of %s", strings.Join(found, ", ")))
		}
	}
	return "", withCode(exitUsage, errors.New("no workflow file: name one, such as workflows/paper.hcl"))
}

// findRoot returns the nearest folder above the workflow that has a repository
// or records already, else the workflow's own.
func findRoot(file string) (string, error) {
	start, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, mark := range []string{reproDir, ".git"} {
			if _, err := os.Stat(filepath.Join(dir, mark)); err == nil {
				return dir, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return start, nil
		}
	}
}

// load reads and evaluates the workflow, showing what is wrong with it.
func (p *project) load(ctx context.Context, t *terminal) (*lang.Workflow, error) {
	vars, err := splitVars(p.flags.vars)
	if err != nil {
		return nil, err
	}
	w, diags := lang.Load(p.file, lang.Options{
		Kinds:    p.kinds(nil),
		Version:  version,
		Vars:     vars,
		VarFiles: p.flags.varFiles,
		Copied:   p.copied(),
		Open:     p.opener(ctx, t),
	})
	// Their questions are answered; a run has a process of its own.
	if err := p.closePlugins(); err != nil {
		return w, err
	}
	if ctx.Err() != nil {
		return w, context.Cause(ctx)
	}
	if !diags.HasErrors() {
		diags = append(diags, checkPublished(w)...)
		diags = append(diags, checkTemplates(w)...)
	}
	return w, t.diagnose(diags, w.Sources, p.flags.json)
}

// copied says where the original of a commit's files is.
func (p *project) copied() *lang.Copy {
	if p.past == nil {
		return nil
	}
	return &lang.Copy{Root: p.past.unpacked, Dir: p.past.present}
}

func splitVars(list []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range list {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, withCode(exitUsage, fmt.Errorf("--var %s: want NAME=VALUE", v))
		}
		vars[name] = value
	}
	return vars, nil
}

// openStore opens the cache, waiting for another process to let go of it.
func (p *project) openStore(ctx context.Context, t *terminal) (*disk.Store, error) {
	return p.openStoreWith(ctx, t, disk.Options{})
}

func (p *project) openStoreWith(ctx context.Context, t *terminal, o disk.Options) (*disk.Store, error) {
	o.Warn = func(message string) { t.say("warning: cache: %s", message) }
	const poll = 200 * time.Millisecond
	if err := p.prepareDir(); err != nil {
		return nil, withCode(exitCache, err)
	}
	told := false
	for {
		store, err := disk.Open(p.storeDir(), o)
		if !errors.Is(err, cache.ErrBusy) {
			if err != nil {
				return nil, withCode(exitCache, err)
			}
			return store, nil
		}
		if !told {
			t.say("waiting: %v", err)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}

func (p *project) storeDir() string { return filepath.Join(p.dir, "cache") }

// prepareDir makes the project's folder, which no repository should ever track.
func (p *project) prepareDir() error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	ignore := filepath.Join(p.dir, ".gitignore")
	if _, err := os.Stat(ignore); err == nil || p.flags.cacheDir != "" {
		return nil // a folder of the user's choice may hold other things
	}
	return os.WriteFile(ignore, []byte("*\n"), 0o644)
}

// kinds returns the kinds of stages that a workflow can use. Files that stages
// keep between runs, to be faster, lie beside the cache; memory may be nil.
func (p *project) kinds(memory translate.Memory) *stages.Registry {
	o := builtin.Options{
		Collect: collect.Options{
			Mirrors:    p.flags.mirrors,
			PartialDir: filepath.Join(p.dir, "partial"),
			Retries:    p.flags.retries,
		},
		Translate: translate.Options{Memory: memory},
	}
	for _, plugin := range p.plugins {
		o.Samplers = append(o.Samplers, plugin.Samplers()...)
		o.Kinds = append(o.Kinds, plugin.Kinds()...)
		o.Variants = append(o.Variants, plugin.Variants()...)
	}
	return builtin.New(o)
}

// command returns a command on this workflow that can be pasted.
func (p *project) command(verb string, args ...string) string {
	words := append([]string{"repro"}, strings.Fields(verb)...)
	words = append(words, p.file)
	for _, v := range p.flags.vars {
		words = append(words, "--var", v)
	}
	for _, f := range p.flags.varFiles {
		words = append(words, "--var-file", f)
	}
	if cache := p.flags.cacheDir; cache != "" && cache != os.Getenv("REPRO_CACHE") {
		words = append(words, "--cache", cache)
	}
	words = append(words, args...)
	for i, w := range words {
		if strings.ContainsAny(w, " \t\n\"'[]{}()*?$&;|<>~#`\\") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
