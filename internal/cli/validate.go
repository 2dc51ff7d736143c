package cli

import (
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"
)

func newValidate(t *terminal, sdk fs.FS) *cobra.Command {
	f := workflowFlags{sdk: sdk}
	c := &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a workflow file without touching data or results",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := f.open(args)
			if err != nil {
				return err
			}
			w, err := p.load(c.Context(), t)
			if err != nil {
				return err
			}
			answer := validAnswer{Workflow: w.Name, Stages: len(w.Stages), Reports: len(w.Reports)}
			if f.json {
				return t.printJSON(answer)
			}
			return t.print(fmt.Sprintf("%s is valid: %d stages, %d reports\n", p.file, answer.Stages, answer.Reports))
		},
	}
	f.add(c)
	return c
}

type validAnswer struct {
	Workflow string `json:"workflow"`
	Stages   int    `json:"stages"`
	Reports  int    `json:"reports"`
}
