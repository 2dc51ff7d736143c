package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"repro/cache"
	"repro/engine/lang"
	"repro/internal/git"
	"repro/paper"
	"repro/reports"
)

type paperFlags struct {
	workflowFlags
	names   []string
	formats []string
	output  string
	check   bool
}

func newPaper(t *terminal, sdk fs.FS) *cobra.Command {
	f := paperFlags{workflowFlags: workflowFlags{sdk: sdk}}
	c := &cobra.Command{
		Use:   "paper [FILE]",
		Short: "Build the workflow's papers from the results at hand; run nothing",
		Long: "Fill the LaTeX templates of the workflow's paper blocks with results and build PDF and\n" +
			"HTML. A number without a result for the workflow as it is now fails the build with its\n" +
			"place, and so does a decimal or a percentage that is typed.",
		Args: cobra.MaximumNArgs(1),
		RunE: f.on(func(ctx context.Context, p *project) error { return p.paper(ctx, t, &f) }),
	}
	f.add(c)
	c.Flags().BoolVar(&f.check, "check", false, "only check that every result is current, and that no decimal or percentage is typed; build nothing")
	c.Flags().StringVarP(&f.output, "output", "o", "", "put the documents into `DIR` (default: paper/WORKFLOW/NAME beside the cache)")
	c.Flags().StringSliceVarP(&f.formats, "format", "f", []string{"pdf", "html"}, "what to build: pdf, html")
	c.Flags().StringArrayVar(&f.names, "only", nil, "only the paper `NAME`; may be repeated")
	return c
}

// paperAnswer is what became of one paper.
type paperAnswer struct {
	Name     string         `json:"name"`
	Template string         `json:"template"`
	Numbers  int            `json:"numbers"`
	Problems paper.Problems `json:"problems,omitempty"`
	*paper.Built
}

func (p *project) paper(ctx context.Context, t *terminal, f *paperFlags) (err error) {
	for _, format := range f.formats {
		if format != "pdf" && format != "html" {
			return withCode(exitUsage, fmt.Errorf("unknown format %q: the formats are pdf, html", format))
		}
	}
	made, store, err := p.planned(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	w := made.Workflow
	if len(w.Papers) == 0 {
		return withCode(exitUsage, fmt.Errorf(`%s has no paper: add a block such as paper "draft" { template = "draft.tex" }`, w.File))
	}
	papers, err := only("paper", w.Papers, paperName, f.names)
	if err != nil {
		return err
	}
	found, err := p.snapshot(ctx, made, store)
	if err != nil {
		return err
	}
	var answers []paperAnswer
	for _, block := range papers {
		answer, paperErr := p.onePaper(ctx, t, f, block, w, found)
		if paperErr != nil && answer.Problems == nil && answer.Built == nil {
			return errors.Join(err, paperErr)
		}
		answers, err = append(answers, answer), errors.Join(err, paperErr)
	}
	if f.json {
		return errors.Join(t.printJSON(map[string]any{"papers": answers}), err)
	}
	return errors.Join(t.printPapers(answers), err)
}

// onePaper fills and builds one paper. Problems are said here, so that all
// papers are looked at.
func (p *project) onePaper(ctx context.Context, t *terminal, f *paperFlags, block *lang.Paper, w *lang.Workflow, found *reports.Snapshot) (paperAnswer, error) {
	answer := paperAnswer{Name: block.Name, Template: w.Path(block.Template)}
	date, facts := p.facts(ctx, w, found)
	if found.Dirty != "" && !f.check {
		t.say("warning: files differ from commit %s, so that the commands in the paper do not make it again: commit them first", strings.TrimSuffix(facts["commit"], "+"))
	}
	filled, err := paper.Fill(ctx, answer.Template, paper.Options{
		Snapshot: found, Values: paperValues(w, block), Facts: facts, Rerun: p.command("run"),
		Allows: func(name, text string) error {
			if _, computed := block.Values[name]; computed {
				return nil
			}
			return w.Allows(name, text)
		},
	})
	if err == nil {
		answer.Numbers = len(filled.Numbers)
		if !f.check {
			answer.Built, err = p.buildPaper(ctx, f, p.paperDir(w, block), block, filled, date)
		}
	}
	if errors.As(err, &answer.Problems) {
		if !f.json {
			t.say("%v", answer.Problems)
		}
		if answer.Problems.Stale() {
			return answer, reported(exitStale)
		}
		return answer, reported(exitWorkflow)
	}
	if errors.Is(err, paper.ErrNoProgram) {
		return answer, withCode(exitStage, err)
	}
	if answer.Built != nil {
		for _, warning := range answer.Warnings {
			t.say("warning: %s", warning)
		}
	}
	return answer, err
}

// paperDir returns the folder that a paper is built in: that of the workflow's
// file and the paper's name and, so that papers of several scales stand beside
// each other, the digest of the variables that do not have their defaults.
func (p *project) paperDir(w *lang.Workflow, block *lang.Paper) string {
	// Not a folder in a folder, which would be emptied with the outer one.
	flat := strings.NewReplacer("_", "__", "-", "_-", "/", "-") // a-b.hcl is not a/b.hcl
	workflow := flat.Replace(strings.TrimSuffix(p.workflowID(), filepath.Ext(p.file)))
	name := block.Name
	if len(w.Changed) > 0 {
		var vars strings.Builder
		for _, changed := range w.Changed {
			fmt.Fprintf(&vars, "%s=%s\n", changed, w.Vars[changed])
		}
		name += "-" + cache.Of([]byte(vars.String())).Short()
	}
	return filepath.Join(p.dir, "paper", workflow, name)
}

// buildPaper builds in a folder and copies the documents to where the user
// wants them. There may be a PDF also if there is an error: of the HTML.
func (p *project) buildPaper(ctx context.Context, f *paperFlags, dir string, block *lang.Paper, filled *paper.Filled, date time.Time) (*paper.Built, error) {
	built, buildErr := paper.Build(ctx, filled, dir, paper.BuildOptions{
		Name: block.Name, Date: date, PDF: slices.Contains(f.formats, "pdf"), HTML: slices.Contains(f.formats, "html"),
	})
	if built == nil {
		return nil, buildErr
	}
	for _, file := range []*string{&built.PDF, &built.HTML, &built.Sources} {
		if *file == "" {
			continue
		}
		if f.output != "" {
			if err := os.MkdirAll(f.output, 0o755); err != nil {
				return nil, err
			}
			b, err := os.ReadFile(*file)
			if err != nil {
				return nil, err
			}
			*file = filepath.Join(f.output, filepath.Base(*file))
			if err := os.WriteFile(*file, b, 0o644); err != nil {
				return nil, err
			}
		}
		*file = nearPath(*file)
	}
	return built, buildErr
}

// nearPath returns a path from here if it leads to a place below.
func nearPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// printPapers prints the documents, one a line, or how many numbers were checked.
func (t *terminal) printPapers(answers []paperAnswer) error {
	var b strings.Builder
	for _, a := range answers {
		switch {
		case a.Problems != nil:
		case a.Built == nil:
			fmt.Fprintf(&b, "%s: %d numbers, all current\n", a.Template, a.Numbers)
		default:
			for _, file := range []string{a.PDF, a.HTML} {
				if file != "" {
					b.WriteString(file + "\n")
				}
			}
		}
	}
	return t.print(b.String())
}

// facts returns what \run shows, and the date of the commit.
func (p *project) facts(ctx context.Context, w *lang.Workflow, found *reports.Snapshot) (time.Time, map[string]string) {
	// Elsewhere the cache is elsewhere, and changes no result.
	flags, shown := *p.flags, *p
	flags.cacheDir, shown.flags = "", &flags
	if found.Commit != "" { // else the path stays as it was named
		shown.file = p.workflowID()
	}
	facts := map[string]string{
		"workflow": shown.file, "command": shown.command("run"), "paper-command": shown.command("paper"), "version": version,
		"system": found.Host.OS + "/" + found.Host.Arch, "stages": fmt.Sprint(len(w.Stages)),
		"commit": "none", "date": "none", "changes": "no",
	}
	var date time.Time
	if found.Commit != "" {
		const short = 12
		facts["commit"] = found.Commit[:min(short, len(found.Commit))]
		if found.Dirty != "" {
			facts["commit"] += "+"
			facts["changes"] = "yes"
		}
		if made, err := git.DateOf(ctx, p.root, found.Commit); err == nil {
			date, facts["date"] = made, made.Format(time.DateOnly)
		}
	}
	return date, facts
}

// paperValues returns the variables of the workflow and the values of the
// block, which go before.
func paperValues(w *lang.Workflow, block *lang.Paper) map[string]string {
	values := map[string]string{}
	for name, text := range w.Vars {
		values[name] = plain(text)
	}
	maps.Copy(values, block.Values)
	return values
}

// plain returns a JSON value as people write it: text without quotes, a list
// with commas.
func plain(text string) string {
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &list) == nil {
		parts := make([]string, len(list))
		for i := range list {
			parts[i] = plain(string(list[i]))
		}
		return strings.Join(parts, ", ")
	}
	var s string
	if json.Unmarshal([]byte(text), &s) == nil {
		return s
	}
	return text
}

// checkTemplates finds out early that a template is not there.
func checkTemplates(w *lang.Workflow) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, block := range w.Papers {
		if _, err := os.Stat(w.Path(block.Template)); err != nil {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "No template",
				Detail: "template: " + err.Error() + ".", Subject: &block.Range,
			})
		}
	}
	return diags
}
