// Command repro runs reproducible experiment workflows.
package main

import (
	"os"

	"repro/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
