package scaffold

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"text/template"

	"repro/stages/plugin/build"
)

// What a plugin can add.
const (
	Sampler = "sampler"
	Stage   = "stage"
)

//go:embed templates
var templates embed.FS

// Plugin says what to write.
type Plugin struct {
	Name     string // as the workflow will call it
	Language string // build.Go or build.Python
	What     string // Sampler or Stage
}

// Written is what was written.
type Written struct {
	Files  []File // in the order in which to read them
	Advice string // what must be done before the plugin can run; "" for nothing
}

// File is one file of a new plugin.
type File struct {
	Name string `json:"name"` // slash-separated, in the plugin's folder
	Doc  string `json:"doc"`  // what it is, for the author
}

// data is what templates know.
type data struct {
	Plugin
	File        string // the source file's name without extension
	Class       string // name of a type
	Interpreter string
	Source      string // the plugin's folder from the workflow's
	Label       string // of the stage
}

// Write writes a new plugin to the folder dir, which must be empty if it is
// there already.
func Write(ctx context.Context, dir string, p Plugin) (*Written, error) {
	if err := CheckName(p.Name); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{Sampler, Stage}, p.What) || !slices.Contains([]string{build.Go, build.Python}, p.Language) {
		return nil, fmt.Errorf("no template for a %s in %s", p.What, p.Language)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is there already and is not empty: give another folder with --dir", dir)
	}
	d := data{Plugin: p, File: fileOf(p.Name), Class: classOf(p.Name)}
	w := &Written{}
	if p.Language == build.Go {
		d.File = goFile(p.Name)
	} else {
		d.Interpreter, w.Advice = findPython(ctx)
		if err := checkModule(ctx, d.Interpreter, d.File); err != nil {
			return nil, err
		}
	}
	files := d.files()
	contents := make([][]byte, len(files))
	for i, f := range files {
		if contents[i], err = d.fill(f.template); err != nil {
			return nil, err
		}
	}
	for i, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(name, contents[i], 0o644); err != nil {
			return nil, err
		}
		w.Files = append(w.Files, f.File)
	}
	return w, nil
}

// source is a file and the template that it is made of.
type source struct {
	File
	template string
}

// files returns what the plugin consists of.
func (d *data) files() []source {
	of := d.Language + "/" + d.What + "/"
	list := []source{{File{build.ManifestFile, "how it is built and started"}, of + "plugin.hcl"}}
	if d.Language == build.Go {
		list = append(list,
			source{File{d.File + ".go", "the " + d.What + ": change this"}, of + "source.go"},
			source{File{d.File + "_test.go", "its test"}, of + "source_test.go"},
			source{File{"go.mod", "modules that it needs"}, "go/go.mod"})
	} else {
		list = append(list,
			source{File{d.File + ".py", "the " + d.What + ": change this"}, of + "source.py"},
			source{File{"test_" + d.File + ".py", "its test"}, of + "test_source.py"})
	}
	if d.What == Stage {
		list = append(list, source{File{"testdata/pairs.jsonl", "what it is tested on"}, "pairs.jsonl"})
	}
	return list
}

// fill makes a file of a template, whose actions stand between « and »: pairs of
// braces are a matter of Go.
func (d *data) fill(name string) ([]byte, error) {
	file := path.Base(name) + ".tmpl"
	t, err := template.New(file).Delims("«", "»").ParseFS(templates, path.Join("templates", path.Dir(name), file))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Workflow returns the lines by which a workflow uses the plugin, whose folder
// is source from the workflow's own.
func Workflow(p Plugin, source string) (string, error) {
	d := data{Plugin: p, Source: source, Label: "batches"}
	if p.What == Stage {
		d.Label = "pairs"
	}
	text, err := d.fill(p.What + ".hcl")
	return string(text), err
}
