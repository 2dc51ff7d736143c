package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the release; the build sets it for released binaries.
var version = "0.1.0-dev"

type versionAnswer struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(t *terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Say which repro this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versionAnswer{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Commit = s.Value
					}
				}
			}
			if asJSON {
				return t.printJSON(v)
			}
			text := fmt.Sprintf("repro %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			if v.Commit != "" {
				text += "commit " + v.Commit + "\n"
			}
			return t.print(text)
		},
	}
	addJSON(c, &asJSON)
	return c
}

func addJSON(c *cobra.Command, to *bool) {
	c.Flags().BoolVar(to, "json", false, "print the answer as JSON")
}
