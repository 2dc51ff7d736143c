package lang

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"repro/engine"
	"repro/stages"
)

// Plugin is a plugin block. It is opened only when a stage uses what it adds:
// the kinds and variants that have its name, or its name and more behind a "-".
type Plugin struct {
	Name   string
	Source string // a folder, relative to Workflow.Dir, or with Commit a git repository
	Commit string // full hash; "" for a folder
	Folder string // of the plugin within the repository
	Build  string // the command that makes the folder where it is missing; "" if nothing makes it
	Range  hcl.Range

	opened bool
	diags  hcl.Diagnostics // what came of it
}

var commitRE = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (e *evaluator) declarePlugin(block *hclsyntax.Block) hcl.Diagnostics {
	var body struct {
		Source string `hcl:"source"`
		Commit string `hcl:"commit,optional"`
		Folder string `hcl:"folder,optional"`
		Build  string `hcl:"build,optional"`
	}
	diags := gohcl.DecodeBody(block.Body, nil, &body)
	if diags.HasErrors() {
		return diags
	}
	p := &Plugin{Name: block.Labels[0], Source: body.Source, Commit: body.Commit, Folder: body.Folder, Build: body.Build, Range: block.DefRange()}
	bad := func(attr, detail string) hcl.Diagnostics {
		return append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Bad plugin", Detail: detail,
			Subject: block.Body.Attributes[attr].Expr.Range().Ptr(),
		})
	}
	switch {
	case p.Source == "":
		return bad("source", "source is empty: name the plugin's folder, or a git repository together with a commit.")
	case p.Commit != "" && !commitRE.MatchString(p.Commit):
		return bad("commit", fmt.Sprintf("%q is not the full hash of a commit: a branch or tag may move. Print it with: git rev-parse %s.", p.Commit, p.Commit))
	case p.Folder != "" && p.Commit == "":
		return bad("folder", "folder is a folder within a git repository: give a commit too, or put the whole path into source.")
	case p.Build != "" && p.Commit != "":
		return bad("build", "A repository is fetched, so there is no folder to make: leave out build.")
	case strings.Contains(p.Source, "://") && p.Commit == "":
		return bad("source", "A repository needs a commit, so that the plugin is the same tomorrow.")
	case p.Folder != "" && !isLocal(p.Folder):
		return bad("folder", fmt.Sprintf("%q leaves the repository.", p.Folder))
	}
	for _, other := range e.workflow.Plugins {
		if other.Name == p.Name {
			return append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Declared twice", Subject: &p.Range,
				Detail: fmt.Sprintf("plugin.%s was already declared at %s.", p.Name, other.Range),
			})
		}
	}
	e.workflow.Plugins = append(e.workflow.Plugins, p)
	return diags
}

// PluginOf returns the plugin that a kind or variant of that name belongs to, or
// nil: of several the one with the longest name.
func (w *Workflow) PluginOf(name string) *Plugin {
	var found *Plugin
	for _, p := range w.Plugins {
		if stages.Owns(p.Name, name) && (found == nil || len(p.Name) > len(found.Name)) {
			found = p
		}
	}
	return found
}

func (e *evaluator) pluginOf(name string) *Plugin { return e.workflow.PluginOf(name) }

// openPlugin makes what the plugin adds known.
func (e *evaluator) openPlugin(p *Plugin) hcl.Diagnostics {
	if p.opened || e.options.Open == nil {
		return p.diags
	}
	p.opened = true
	kinds, err := e.options.Open(e.workflow, p)
	if err != nil {
		p.diags = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot use the plugin", Detail: sentence(err), Subject: &p.Range}}
		return p.diags
	}
	e.options.Kinds = kinds
	return nil
}

// builtin reports whether the kind is known without opening a plugin.
func (e *evaluator) builtin(kind string) bool { return slices.Contains(e.options.Kinds.Kinds(), kind) }

// kind returns the kind of that name, from a plugin if need be.
func (e *evaluator) kind(name string, at hcl.Range) (stages.Stage, hcl.Diagnostics) {
	if impl, ok := e.options.Kinds.Lookup(name); ok {
		return impl, nil
	}
	plugin := e.pluginOf(name)
	if plugin == nil {
		return nil, hcl.Diagnostics{e.unknownKind(name, at)}
	}
	if diags := e.openPlugin(plugin); diags.HasErrors() {
		return nil, diags
	}
	impl, ok := e.options.Kinds.Lookup(name)
	if !ok {
		return nil, hcl.Diagnostics{e.unknownKind(name, at)}
	}
	return impl, nil
}

func (e *evaluator) unknownKind(kind string, at hcl.Range) *hcl.Diagnostic {
	kinds := e.options.Kinds.Kinds()
	text := fmt.Sprintf("There is no kind %q; the kinds are %s", kind, joinNames(kinds))
	if plugins := e.pluginNames(); len(plugins) > 0 {
		text += ", and those of the plugins " + joinNames(plugins)
		kinds = append(kinds, plugins...)
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Unknown kind of stage",
		Detail:   text + "." + engine.DidYouMean(kind, kinds),
		Subject:  &at,
	}
}

func (e *evaluator) pluginNames() []string {
	names := make([]string, len(e.workflow.Plugins))
	for i, p := range e.workflow.Plugins {
		names[i] = p.Name
	}
	return names
}

func isLocal(folder string) bool {
	return !strings.HasPrefix(folder, "/") && !slices.Contains(strings.Split(folder, "/"), "..")
}
