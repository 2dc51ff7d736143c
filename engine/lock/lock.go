// Package lock pins what a workflow reads that may change behind its back:
// files and folders, plugins, and programs of the machine.
//
// In comes a plan, which has looked at all of it; out comes repro.lock, a file
// to be committed, and later what has drifted from it.
package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsimple"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"repro/engine/plan"
	"repro/stages"
)

// File is the name of the lock file. It lies beside the workflows that it is
// for.
const File = "repro.lock"

// Lock is the content of a lock file. Each entry says which state of a thing
// results were made with.
type Lock struct {
	Sources map[string]string            // path as the workflow has it → digest
	Tools   map[string]string            // program → version or digest
	Plugins map[string]map[string]string // plugin → part of its identity → digest or version
}

// Of returns what the plan reads.
func Of(p *plan.Plan) *Lock {
	l := &Lock{Sources: map[string]string{}, Tools: map[string]string{}, Plugins: map[string]map[string]string{}}
	for _, n := range p.Nodes {
		for _, s := range n.Sources() {
			l.Sources[s.Name] = s.Artifact.Digest.String()
		}
		for tool, version := range n.Tools() {
			name, part, ok := stages.ParsePluginTool(tool)
			if !ok {
				l.Tools[tool] = versions(l.Tools[tool], version)
				continue
			}
			if l.Plugins[name] == nil {
				l.Plugins[name] = map[string]string{}
			}
			l.Plugins[name][part] = version
		}
	}
	return l
}

// versions adds a version to those that stages have of a program: two may mean
// different programs by one name.
func versions(have, more string) string {
	list := strings.Split(have, ", ")
	if have == "" {
		list = nil
	}
	if !slices.Contains(list, more) {
		list = append(list, more)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// form is a lock file as HCL sees it.
type form struct {
	Sources map[string]string `hcl:"sources,optional"`
	Tools   map[string]string `hcl:"tools,optional"`
	Plugins []struct {
		Name string   `hcl:"name,label"`
		Body hcl.Body `hcl:",remain"`
	} `hcl:"plugin,block"`
}

// Load reads the lock file in the folder dir. One that is not there is an error
// that wraps fs.ErrNotExist.
func Load(dir string) (*Lock, error) {
	name := filepath.Join(dir, File)
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var f form
	// The name of the file chooses HCL's syntax by its extension.
	if err := hclsimple.Decode(name+".hcl", src, nil, &f); err != nil {
		return nil, damaged(name, err)
	}
	l := &Lock{Sources: f.Sources, Tools: f.Tools, Plugins: map[string]map[string]string{}}
	for _, p := range f.Plugins {
		attrs, diags := p.Body.JustAttributes()
		if diags.HasErrors() {
			return nil, damaged(name, diags)
		}
		l.Plugins[p.Name] = map[string]string{}
		for part, attr := range attrs {
			v, diags := attr.Expr.Value(nil)
			if diags.HasErrors() || v.Type() != cty.String {
				return nil, damaged(name, fmt.Errorf("plugin %s: %s is not a text", p.Name, part))
			}
			l.Plugins[p.Name][part] = v.AsString()
		}
	}
	return l, nil
}

func damaged(name string, err error) error {
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		err = diags[0]
	}
	return fmt.Errorf("%s is damaged: %w. Restore it from version control, or delete it and write it anew with: repro plugin lock", name, err)
}

// Add takes the entries of newer in place of its own, and keeps those that
// newer lacks: they may belong to another workflow of the folder, or to other
// variables.
func (l *Lock) Add(newer *Lock) {
	merge := func(to *map[string]string, from map[string]string) {
		if *to == nil {
			*to = map[string]string{}
		}
		maps.Copy(*to, from)
	}
	merge(&l.Sources, newer.Sources)
	merge(&l.Tools, newer.Tools)
	if l.Plugins == nil {
		l.Plugins = map[string]map[string]string{}
	}
	maps.Copy(l.Plugins, newer.Plugins)
}

// Write writes the lock file in the folder dir, whole or not at all.
func (l *Lock) Write(dir string) error {
	f := hclwrite.NewEmptyFile()
	body := f.Body()
	body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: 'c', Bytes: []byte("# Written by: repro plugin lock. Commit this file; run --locked refuses whatever differs from it.\n\n")}})
	for _, name := range slices.Sorted(maps.Keys(l.Plugins)) {
		block := body.AppendNewBlock("plugin", []string{name}).Body()
		for _, part := range slices.Sorted(maps.Keys(l.Plugins[name])) {
			block.SetAttributeValue(part, cty.StringVal(l.Plugins[name][part]))
		}
		body.AppendNewline()
	}
	table := func(name string, entries map[string]string) {
		if len(entries) == 0 {
			return
		}
		values := make(map[string]cty.Value, len(entries))
		for key, value := range entries {
			values[key] = cty.StringVal(value)
		}
		body.SetAttributeValue(name, cty.MapVal(values))
		body.AppendNewline()
	}
	table("tools", l.Tools)
	table("sources", l.Sources)
	content := append(bytes.TrimRight(hclwrite.Format(f.Bytes()), "\n"), '\n')
	return replace(filepath.Join(dir, File), content)
}

func replace(name string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), File+"-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Drift says, a line each, what of now differs from the lock.
func (l *Lock) Drift(now *Lock) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(now.Plugins)) {
		lines = append(lines, l.PluginDrift(name, now.Plugins[name])...)
	}
	lines = append(lines, drift("tool ", l.Tools, now.Tools)...)
	return append(lines, drift("source ", l.Sources, now.Sources)...)
}

// PluginDrift says what of a plugin's identity differs from the lock.
func (l *Lock) PluginDrift(name string, identity map[string]string) []string {
	locked, ok := l.Plugins[name]
	if !ok {
		return []string{fmt.Sprintf("plugin %s is not locked", name)}
	}
	return drift("plugin "+name+" ", locked, identity)
}

func drift(what string, locked, now map[string]string) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		switch was, ok := locked[name]; {
		case !ok:
			lines = append(lines, what+name+" is not locked")
		case was != now[name]:
			lines = append(lines, fmt.Sprintf("%s%s: %s, locked is %s", what, name, short(now[name]), short(was)))
		}
	}
	return lines
}

// short cuts a digest to what tells it apart; versions stay whole.
func short(value string) string {
	const most = 24
	if len(value) > most && !strings.Contains(value, " ") {
		return value[:most] + "…"
	}
	return value
}

// None reports whether the error of Load means that there is no lock file.
func None(err error) bool { return errors.Is(err, fs.ErrNotExist) }
