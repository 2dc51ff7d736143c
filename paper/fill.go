package paper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"repro/reports"
	"repro/reports/claims"
	"repro/reports/render"
)

// Options is what a template is filled with.
type Options struct {
	Snapshot *reports.Snapshot // of the workflow as it is now
	Values   map[string]string // what \valueof and \when know
	Facts    map[string]string // what \run and, unless a value has the name, \when know
	Rerun    string            // the command that makes missing results

	// Allows returns an error if a value of Values cannot be the text: \when would
	// ask for it in vain. It may be nil.
	Allows func(name, text string) error
}

// Filled is a template with results in the place of commands.
type Filled struct {
	File    string   `json:"template"` // as it was named
	LaTeX   string   `json:"-"`        // for pdflatex, with as many lines as the template
	Pandoc  string   `json:"-"`        // for pandoc
	Numbers []Number `json:"numbers"`  // in the order of their places
	Claims  []Claim  `json:"claims,omitempty"`
}

// Fill reads a template and fills it. If anything is wrong the error is
// Problems, all of them.
func Fill(ctx context.Context, file string, o Options) (*Filled, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	pieces, problems := scan(file, string(src))
	f := &filler{ctx: ctx, options: o, file: file, src: string(src), sources: &sources{}, tables: map[string]*reports.Table{}, kept: map[string]map[coordinate]bool{}, intervals: map[string]*reports.Interval{}, problems: problems}
	f.sources.listed = has(pieces, "sourcetable")
	f.fill(pieces) // finds all problems and all sources
	f.sources.done = true
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(f.problems) > 0 {
		slices.SortStableFunc(f.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, f.problems
	}
	filled := &Filled{File: file, Numbers: f.sources.numbers, Claims: f.sources.claims}
	filled.LaTeX = `\pdftrailerid{}` + f.fill(pieces) // which would else be made of the time and the folder
	f.pandoc = true
	filled.Pandoc = withoutComments(f.fill(pieces))
	return filled, nil
}

// has reports whether a command is among the pieces or in their bodies.
func has(pieces []piece, name string) bool {
	return slices.ContainsFunc(pieces, func(p piece) bool {
		return p.command != nil && (p.command.name == name || has(p.command.body, name))
	})
}

// filler expands commands. It goes on after a problem, to find all of them.
type filler struct {
	ctx      context.Context //nolint:containedctx // lives as long as one call of Fill
	options  Options
	file     string
	src      string
	pandoc   bool // whether the text is for pandoc
	tables   map[string]*reports.Table
	kept     map[string]map[coordinate]bool // of reports, by name
	sources  *sources
	problems Problems

	intervals map[string]*reports.Interval // of differences, by report and cells; nil if there is none

	judged    []claims.Result
	judgeErr  error
	judgedAll bool // whether judged and judgeErr are known
}

// expand returns what stands for one of our commands, or an error without a place.
func (f *filler) expand(c *command) (string, error) {
	switch c.name {
	case "result":
		return f.result(c)
	case "difference":
		return f.difference(c)
	case "resulttable":
		return f.resultTable(c)
	case "claim":
		return f.claim(c)
	case "claimtable":
		return f.claimTable(c)
	case "valueof":
		return f.valueOf(c)
	case "run":
		return f.run(c)
	case "when":
		return f.when(c, true)
	case "unless":
		return f.when(c, false)
	case "sourcetable":
		return f.sourceTable()
	default: // typed
		return f.fill(c.body), nil
	}
}

// fill returns the text of pieces.
func (f *filler) fill(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		switch {
		case p.comment && f.pandoc:
			b.WriteString(f.comment())
			continue
		case p.command == nil:
			b.WriteString(p.text)
			continue
		}
		text, err := f.expand(p.command)
		if err != nil {
			f.problem(p.command, err)
			continue
		}
		b.WriteString(text)
		// LaTeX names lines in its errors: they stay what they are in the template.
		// A comment at the end of a line is no space and no new paragraph, as an empty
		// line would be.
		lines := strings.Count(f.src[p.command.at:p.command.end], "\n") - strings.Count(text, "\n")
		ends := endsLine(f.src[p.command.end:])
		if ends && text != "" && lines > 0 {
			b.WriteString("\n") // the space before the next line
			lines--
			text = ""
		}
		b.WriteString(strings.Repeat(f.comment()+"\n", max(lines, 0)))
		if ends && text == "" {
			b.WriteString(f.comment())
		}
	}
	return b.String()
}

// endsLine reports whether there is nothing more on the line.
func endsLine(rest string) bool {
	return strings.HasPrefix(strings.TrimLeft(rest, " \t\r"), "\n")
}

// problem notes what is wrong with a command, once.
func (f *filler) problem(c *command, err error) {
	form := "\\" + c.name
	for _, arg := range c.args {
		form += "{" + strings.Join(strings.Fields(arg), " ") + "}"
	}
	var stale *staleError
	p := Problem{File: f.file, Line: line(f.src, c.at), Text: form + ": " + err.Error(), Stale: errors.As(err, &stale)}
	if !slices.Contains(f.problems, p) {
		f.problems = append(f.problems, p)
	}
}

// valueOf expands \valueof{NAME}.
func (f *filler) valueOf(c *command) (string, error) {
	value, err := f.value(c.args[0])
	return render.EscapeLaTeX(value), err
}

func (f *filler) value(name string) (string, error) {
	return lookUp(f.options.Values, name, "value", "Give it in the paper block of the workflow: values = { … }")
}

// run expands \run{FACT}.
func (f *filler) run(c *command) (string, error) {
	fact, err := lookUp(f.options.Facts, c.args[0], "fact", "\\valueof shows variables and values of the paper block")
	// Commands are pasted: their quotes stay as they are.
	return strings.NewReplacer("'", `\textquotesingle{}`, "`", `\textasciigrave{}`).Replace(render.EscapeLaTeX(fact)), err
}

func lookUp(values map[string]string, name, what, hint string) (string, error) {
	value, ok := values[strings.TrimSpace(name)]
	if !ok {
		return "", fmt.Errorf("there is no %s %q; there are %s. %s", what, name, strings.Join(slices.Sorted(maps.Keys(values)), ", "), hint)
	}
	return value, nil
}

// when expands \when{NAME=VALUE|VALUE}{LATEX}, and with want false \unless.
func (f *filler) when(c *command, want bool) (string, error) {
	name, values, ok := strings.Cut(c.args[0], "=")
	if !ok {
		return "", fmt.Errorf("write NAME=VALUE or NAME=VALUE|VALUE")
	}
	value, known := f.options.Facts[strings.TrimSpace(name)]
	if own, err := f.value(name); err == nil {
		value = own
	} else if !known {
		return "", err
	}
	is := false
	for v := range strings.SplitSeq(values, "|") {
		v, name := strings.TrimSpace(v), strings.TrimSpace(name)
		if _, own := f.options.Values[name]; own && f.options.Allows != nil {
			if err := f.options.Allows(name, v); err != nil {
				return "", fmt.Errorf("%s is never %q: %w", name, v, err)
			}
		}
		is = is || v == value
	}
	if is != want {
		return "", nil
	}
	return f.fill(c.body), nil
}

// selector reads the argument of a command that says which cell is meant.
func (f *filler) selector(text string) (map[string]string, error) {
	var b strings.Builder
	pieces, problems := scan(f.file, text)
	if len(problems) > 0 {
		return nil, errors.New(problems[0].Text)
	}
	for _, p := range pieces {
		switch {
		case p.command == nil:
			b.WriteString(p.text)
		case p.command.name == "valueof":
			value, err := f.value(p.command.args[0])
			if err != nil {
				return nil, err
			}
			b.WriteString(value)
		default:
			return nil, fmt.Errorf(`\%s cannot stand here, only \valueof`, p.command.name)
		}
	}
	return parseSelector(b.String())
}
