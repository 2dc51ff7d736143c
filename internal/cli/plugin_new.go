package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"repro/stages/plugin/build"
	"repro/stages/plugin/scaffold"
)

type pluginNewFlags struct {
	language string
	dir      string
	json     bool
}

func newPluginNew(t *terminal) *cobra.Command {
	f := pluginNewFlags{}
	c := &cobra.Command{
		Use:       "new sampler|stage NAME --lang go|python",
		Short:     "Write a new plugin to start from",
		Args:      cobra.ExactArgs(2),
		ValidArgs: []string{scaffold.Sampler, scaffold.Stage},
		RunE: func(c *cobra.Command, args []string) error {
			return f.run(c.Context(), t, args[0], args[1])
		},
	}
	c.Flags().StringVar(&f.language, "lang", "", "write it in `LANGUAGE`: go or python")
	c.Flags().StringVar(&f.dir, "dir", "", "write it to `DIR` (default: plugins/NAME)")
	addJSON(c, &f.json)
	return c
}

type newPluginAnswer struct {
	Dir      string          `json:"dir"`
	Files    []scaffold.File `json:"files"`
	Advice   string          `json:"advice,omitempty"`
	Workflow string          `json:"workflow"` // lines to paste
}

func (f *pluginNewFlags) run(ctx context.Context, t *terminal, what, name string) error {
	switch {
	case what != scaffold.Sampler && what != scaffold.Stage:
		return withCode(exitUsage, fmt.Errorf("%q: a plugin adds a %s or a %s", what, scaffold.Sampler, scaffold.Stage))
	case f.language != build.Go && f.language != build.Python:
		return withCode(exitUsage, fmt.Errorf("give --lang %s or --lang %s", build.Go, build.Python))
	}
	if err := scaffold.CheckName(name); err != nil {
		return withCode(exitUsage, err)
	}
	answer := newPluginAnswer{Dir: f.dir}
	if answer.Dir == "" {
		answer.Dir = filepath.Join("plugins", name)
	}
	p := scaffold.Plugin{Name: name, Language: f.language, What: what}
	var err error
	if answer.Workflow, err = scaffold.Workflow(p, sourceOf(workflowDir(), answer.Dir)); err != nil {
		return err
	}
	written, err := scaffold.Write(ctx, answer.Dir, p)
	if err != nil {
		return err
	}
	answer.Files, answer.Advice = written.Files, written.Advice
	if f.json {
		return t.printJSON(answer)
	}
	if answer.Advice != "" {
		t.say("note: %s", answer.Advice)
	}
	return t.print(answer.text(name))
}

// workflowDir returns the folder of the workflows that there are, here or in
// workflows/.
func workflowDir() string {
	for _, pattern := range workflowPatterns {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return filepath.Dir(found[0])
		}
	}
	return "."
}

// sourceOf returns what a workflow in the folder from calls the folder dir.
func sourceOf(from, dir string) string {
	if filepath.IsAbs(dir) {
		return dir
	}
	rel, err := filepath.Rel(from, dir)
	if err != nil {
		return dir
	}
	rel = filepath.ToSlash(rel)
	if strings.HasPrefix(rel, "../") || rel == ".." || rel == "." {
		return rel
	}
	return "./" + rel
}

func (a *newPluginAnswer) text(name string) string {
	rows := make([][]string, len(a.Files))
	for i, file := range a.Files {
		rows[i] = []string{"  " + file.Name, file.Doc}
	}
	place := "this folder"
	if dir := workflowDir(); dir != "." {
		place = dir + "/"
	}
	test := "repro plugin test " + a.Dir
	if base := filepath.Base(a.Dir); base != name {
		test += " --name " + name
	}
	return fmt.Sprintf("wrote %s:\n%s\nTry it, and again after every change:\n\n  %s\n\nUse it in a workflow in %s:\n\n%s",
		a.Dir, columns(rows), test, place, indent(a.Workflow))
}

// indent puts two spaces before every line that is not empty.
func indent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
