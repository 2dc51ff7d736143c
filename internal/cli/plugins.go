package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"repro/cache"
	"repro/engine/lang"
	"repro/engine/lock"
	"repro/internal/git"
	"repro/stages"
	"repro/stages/plugin/build"
	"repro/stages/plugin/host"
)

// openPlugin is a plugin that the workflow uses.
type openPlugin struct {
	*host.Plugin
	built *build.Plugin
	decl  *lang.Plugin
}

// opener returns what lang opens plugins with: it fetches, builds and starts
// them, as far as that has not been done before.
func (p *project) opener(ctx context.Context, t *terminal) func(*lang.Workflow, *lang.Plugin) (*stages.Registry, error) {
	return func(w *lang.Workflow, decl *lang.Plugin) (*stages.Registry, error) {
		plugin, err := p.openPlugin(ctx, t, w.Dir, decl)
		if err != nil {
			return nil, err
		}
		err = fits(plugin.Plugin, p.kinds(nil))
		if err == nil {
			err = owns(w, decl, plugin.Plugin)
		}
		if err != nil {
			return nil, errors.Join(err, plugin.Close())
		}
		p.plugins = append(p.plugins, plugin)
		return p.kinds(nil), nil
	}
}

// owns refuses a plugin that adds what by its name belongs to another plugin of
// the workflow.
func owns(w *lang.Workflow, decl *lang.Plugin, plugin *host.Plugin) error {
	var names []string
	for _, s := range plugin.Samplers() {
		names = append(names, s.Name)
	}
	for _, k := range plugin.Kinds() {
		names = append(names, k.Spec().Kind)
	}
	for _, v := range plugin.Variants() {
		names = append(names, v.Variant.Name)
	}
	for _, name := range names {
		if other := w.PluginOf(name); other != decl {
			return fmt.Errorf("it adds %s, which by its name belongs to the plugin %s: rename one of them", name, other.Name)
		}
	}
	return nil
}

// fits refuses a plugin whose names are taken, or that adds to kinds that are
// not there.
func fits(plugin *host.Plugin, known *stages.Registry) error {
	for _, kind := range plugin.Kinds() {
		if _, taken := known.Lookup(kind.Spec().Kind); taken {
			return fmt.Errorf("the kind %s is there already: give the plugin another name", kind.Spec().Kind)
		}
	}
	variants := plugin.Variants()
	for _, s := range plugin.Samplers() {
		variants = append(variants, stages.Extension{Kind: "sample", Variant: stages.Variant{Name: s.Name}})
	}
	for _, v := range variants {
		kind, ok := known.Lookup(v.Kind)
		if !ok || kind.Spec().Choice == nil {
			return fmt.Errorf("it adds the variant %s to the kind %s, which takes none", v.Variant.Name, v.Kind)
		}
		if _, taken := kind.Spec().Variant(v.Variant.Name); taken {
			return fmt.Errorf("the %s %s of %s stages is there already: give the plugin another name", kind.Spec().Choice.Param, v.Variant.Name, v.Kind)
		}
	}
	return nil
}

func (p *project) openPlugin(ctx context.Context, t *terminal, from string, decl *lang.Plugin) (*openPlugin, error) {
	dir, err := p.fetch(ctx, t, from, decl)
	if err != nil {
		return nil, err
	}
	built, err := build.Build(ctx, decl.Name, dir, p.buildOptions(t))
	if err != nil {
		return nil, err
	}
	if p.locked { // before any of its code runs
		locked, err := lock.Load(from)
		if err == nil {
			if drift := locked.PluginDrift(decl.Name, built.Identity); len(drift) > 0 {
				err = fmt.Errorf("it is not what %s has: %s. Go back to that, or accept what is there with: %s",
					lock.File, strings.Join(drift, "; "), p.command("plugin lock"))
			}
		}
		if err != nil && !lock.None(err) { // that there is none is said when the plan is there
			return nil, err
		}
	}
	opened, err := host.Open(ctx, built.Program, host.Options{})
	if err != nil && decl.Build != "" && ctx.Err() == nil {
		return nil, &notOpening{err, fmt.Sprintf("What is wrong with it is told by: %s. It is made anew by: %s", p.command("doctor"), decl.Build)}
	}
	if err != nil {
		return nil, err
	}
	return &openPlugin{Plugin: opened, built: built, decl: decl}, nil
}

// notOpening is the error of a plugin that was made, but does not start.
type notOpening struct {
	err error
	way string // out
}

func (e *notOpening) Error() string { return e.err.Error() + "\n" + e.way }
func (e *notOpening) Unwrap() error { return e.err }

func (p *project) buildOptions(t *terminal) build.Options {
	return build.Options{Root: p.pluginDir(), SDK: p.flags.sdk, Say: func(message string) { t.say("%s", message) }}
}

// pluginDir is where plugins are kept that are fetched and built. All of it can
// be made again.
func (p *project) pluginDir() string { return filepath.Join(p.dir, "plugins") }

// fetch returns the plugin's folder, from its repository if it is not here yet.
func (p *project) fetch(ctx context.Context, t *terminal, from string, decl *lang.Plugin) (string, error) {
	source := decl.Source
	local := filepath.FromSlash(source)
	if !filepath.IsAbs(local) {
		local = filepath.Join(from, local)
	}
	if decl.Commit == "" {
		if now := p.presentDir(source); !exists(local) && now != "" {
			p.past.notes = append(p.past.notes, fmt.Sprintf("Commit %s has no plugin %s: the working tree's is taken.", p.past.Commit[:12], decl.Name))
			return now, nil
		}
		if decl.Build != "" && !exists(local) {
			return "", fmt.Errorf("there is no folder %s. Make it with: %s", local, decl.Build)
		}
		return local, nil
	}
	if exists(local) { // a repository on this machine
		var err error
		if source, err = filepath.Abs(local); err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(p.pluginDir(), 0o755); err != nil {
		return "", err
	}
	id := cache.Of(fmt.Appendf(nil, "%q %q", decl.Commit, decl.Folder)).Short()
	dir := filepath.Join(p.pluginDir(), "git-"+decl.Commit[:12]+"-"+id)
	if exists(dir) {
		build.Used(dir)
		return dir, nil
	}
	t.say("fetching the plugin %s", decl.Name)
	return dir, git.Checkout(ctx, dir, source, decl.Commit, decl.Folder)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (p *project) closePlugins() error {
	var errs []error
	for _, plugin := range p.plugins {
		errs = append(errs, plugin.Close())
	}
	return errors.Join(errs...)
}
