package cli

import (
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"repro/stages/plugin/build"
)

func newPluginSDK(t *terminal, sdk fs.FS) *cobra.Command {
	return &cobra.Command{
		Use:   "sdk go|python",
		Short: "Print where the SDK's source is, for editors and debuggers",
		Long: "Print the folder with the source that plugins are written against: what travels in this\n" +
			"binary, laid out.\n\n" +
			"  PYTHONPATH=$(repro plugin sdk python) python3 -m unittest\n" +
			"  go work init . $(repro plugin sdk go)      in the folder of a Go plugin",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{build.Go, build.Python},
		RunE: func(_ *cobra.Command, args []string) error {
			f := pluginTestFlags{sdk: sdk}
			p, err := f.project()
			if err != nil {
				return err
			}
			dir, err := build.SDK(p.pluginDir(), args[0], sdk)
			if err != nil {
				return withCode(exitUsage, err)
			}
			return t.print(fmt.Sprintln(dir))
		},
	}
}
