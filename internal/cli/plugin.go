package cli

import (
	"io/fs"

	"github.com/spf13/cobra"
)

func newPlugin(t *terminal, sdk fs.FS) *cobra.Command {
	c := &cobra.Command{
		Use:   "plugin",
		Short: "Make, test, list and pin plugins",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPluginNew(t), newPluginTest(t, sdk), newPluginLs(t, sdk), newPluginLock(t, sdk), newPluginSDK(t, sdk))
	for _, sub := range c.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	return c
}
