package cli

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func newDoctor(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "doctor [FILE]",
		Short: "Say what this machine has, what is missing, and what helps",
		Long: "Look for all that repro can make use of, from git to a GPU, and say what is there,\n" +
			"what is not, and the command that helps. With a workflow, what that needs must be\n" +
			"there; without one, only what repro cannot do without.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d := doctor{flags: &f}
			if err := d.open(args); err != nil {
				return err
			}
			return d.run(c.Context(), t)
		},
	}
	f.add(c)
	return c
}

// state is what doctor thinks of a thing.
type state string

const (
	stateOK      state = "ok"
	stateWarning state = "warning" // it works, but not as well as it could
	stateMissing state = "missing" // what was asked about does not work without it
	stateAbsent  state = "absent"  // it is not there, and what was asked about does not need it
)

// finding is what doctor says about one thing.
type finding struct {
	What  string `json:"what"`
	State state  `json:"state"`
	Found string `json:"found"`          // version and place, or what is wrong
	Help  string `json:"help,omitempty"` // a command, most often
}

// doctorAnswer is what doctor --json prints.
type doctorAnswer struct {
	Workflow string    `json:"workflow,omitempty"`
	OK       bool      `json:"ok"` // nothing is missing
	Findings []finding `json:"findings"`
}

// doctor looks at a machine.
type doctor struct {
	flags    *workflowFlags
	project  *project
	needs    needs
	findings []finding
}

// open decides where to look: at what the workflow needs, if args name one.
func (d *doctor) open(args []string) (err error) {
	if len(args) > 0 {
		d.project, err = d.flags.open(args)
		return err
	}
	if len(d.flags.vars)+len(d.flags.varFiles) > 0 {
		return withCode(exitUsage, fmt.Errorf("variables are a workflow's: name its file (see: repro doctor --help)"))
	}
	d.project = &project{flags: d.flags}
	return d.project.settle("here")
}

func (d *doctor) run(ctx context.Context, t *terminal) error {
	d.places()
	if d.project.file != "" {
		if err := d.learn(ctx, t); err != nil {
			return err
		}
	}
	trainer := d.findTrainer(ctx)
	d.needs.golang = d.needs.golang || d.needs.training && trainer.report == nil // to build it
	d.memory()
	d.git(ctx)
	d.golang(ctx)
	d.python(ctx)
	d.apertium(ctx)
	d.papers(ctx)
	d.training(ctx, trainer)
	d.rest()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer := doctorAnswer{Workflow: d.project.file, OK: len(d.missing()) == 0, Findings: d.findings}
	var err error
	if d.flags.json {
		err = t.printJSON(answer)
	} else {
		err = t.print(d.text())
	}
	if err == nil && !answer.OK {
		return reported(exitFailed)
	}
	return err
}

// add appends a finding.
func (d *doctor) add(what string, s state, found, help string) {
	d.findings = append(d.findings, finding{What: what, State: s, Found: found, Help: help})
}

// lack is the state of what is not there.
func lack(needed bool) state {
	if needed {
		return stateMissing
	}
	return stateAbsent
}

func (d *doctor) missing() []string {
	var names []string
	for _, f := range d.findings {
		if f.State == stateMissing && !slices.Contains(names, f.What) {
			names = append(names, f.What)
		}
	}
	return names
}

// text is the table and what follows from it.
func (d *doctor) text() string {
	width := 0
	for _, f := range d.findings {
		width = max(width, utf8.RuneCountInString(f.What))
	}
	const states = len(stateWarning) + 2
	var b strings.Builder
	for _, f := range d.findings {
		margin := "\n" + strings.Repeat(" ", states+width+2)
		text := strings.ReplaceAll(f.Found, "\n", margin)
		if f.Help != "" {
			text += margin + "→ " + f.Help
		}
		fmt.Fprintf(&b, "%-*s%-*s  %s\n", states, f.State, width, f.What, text)
	}
	who := "repro"
	if d.project.file != "" {
		who = d.project.file
	}
	if missing := d.missing(); len(missing) > 0 {
		fmt.Fprintf(&b, "\nMissing, and needed by %s: %s.\n", who, strings.Join(missing, ", "))
	} else {
		fmt.Fprintf(&b, "\nAll that %s needs is there.\n", who)
	}
	return b.String()
}
