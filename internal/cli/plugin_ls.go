package cli

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"repro/engine/lang"
	"repro/engine/lock"
)

func newPluginLs(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "ls [FILE]",
		Short: "List the workflow's plugins and what they add",
		Args:  cobra.MaximumNArgs(1),
		RunE:  f.on(func(ctx context.Context, p *project) error { return p.listPlugins(ctx, t) }),
	}
	f.add(c)
	return c
}

type listedPlugin struct {
	Name     string            `json:"name"`
	Source   string            `json:"source"`
	Commit   string            `json:"commit,omitempty"`
	Used     bool              `json:"used"` // by the workflow with these variables
	Samplers []string          `json:"samplers,omitempty"`
	Kinds    []string          `json:"kinds,omitempty"`
	Variants []string          `json:"variants,omitempty"` // "train transformer"
	Identity map[string]string `json:"identity,omitempty"`
	Locked   string            `json:"locked"` // yes, no, or changed
	Error    string            `json:"error,omitempty"`
}

func (p *project) listPlugins(ctx context.Context, t *terminal) error {
	w, err := p.load(ctx, t)
	if err != nil {
		return err
	}
	locked, err := lock.Load(w.Dir)
	if err != nil && !lock.None(err) {
		return withCode(exitWorkflow, err)
	}
	used := map[*lang.Plugin]*openPlugin{}
	for _, plugin := range p.plugins {
		used[plugin.decl] = plugin
	}
	list := make([]listedPlugin, 0, len(w.Plugins))
	for _, decl := range w.Plugins {
		list = append(list, p.listPlugin(ctx, t, w, decl, used[decl], locked))
	}
	if p.flags.json {
		return t.printJSON(list)
	}
	if len(list) == 0 {
		return t.print(p.file + " declares no plugins\n")
	}
	rows := [][]string{{"PLUGIN", "ADDS", "USED", "LOCKED", "SOURCE"}}
	for _, l := range list {
		rows = append(rows, l.row())
	}
	return t.print(columns(rows))
}

func (p *project) listPlugin(ctx context.Context, t *terminal, w *lang.Workflow, decl *lang.Plugin, opened *openPlugin, locked *lock.Lock) listedPlugin {
	l := listedPlugin{Name: decl.Name, Source: decl.Source, Commit: decl.Commit, Used: opened != nil, Locked: "no"}
	if opened == nil {
		var err error
		if opened, err = p.openPlugin(ctx, t, w.Dir, decl); err != nil {
			l.Error = err.Error()
			return l
		}
		defer opened.Close() //nolint:errcheck // it only described itself
	}
	for _, s := range opened.Samplers() {
		l.Samplers = append(l.Samplers, s.Name)
	}
	for _, k := range opened.Kinds() {
		l.Kinds = append(l.Kinds, k.Spec().Kind)
	}
	for _, v := range opened.Variants() {
		l.Variants = append(l.Variants, v.Kind+" "+v.Variant.Name)
	}
	l.Identity = opened.Program().Identity
	if locked == nil || locked.Plugins[decl.Name] == nil {
		return l
	}
	l.Locked = "yes"
	if len(locked.PluginDrift(decl.Name, l.Identity)) > 0 {
		l.Locked = "changed"
	}
	return l
}

func (l *listedPlugin) row() []string {
	adds := make([]string, 0, len(l.Samplers)+len(l.Kinds))
	for _, s := range l.Samplers {
		adds = append(adds, "sampler "+s)
	}
	for _, k := range l.Kinds {
		adds = append(adds, "kind "+k)
	}
	for _, v := range l.Variants {
		adds = append(adds, "variant "+v)
	}
	if l.Error != "" {
		first, _, _ := strings.Cut(l.Error, "\n")
		adds = append(adds, "cannot be used: "+first)
	}
	used := "no"
	if l.Used {
		used = "yes"
	}
	source := l.Source
	if l.Commit != "" {
		const short = 12
		source += " at " + l.Commit[:short]
	}
	return []string{l.Name, strings.Join(adds, ", "), used, l.Locked, source}
}

// columns aligns the cells of rows.
func columns(rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t")) //nolint:errcheck // a strings.Builder takes everything
	}
	_ = w.Flush()
	return b.String()
}
