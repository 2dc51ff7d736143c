// Command repro runs reproducible experiment workflows.
package main

import (
	"embed"
	"os"

	"repro/internal/cli"
)

// sdk is the source of what plugins are written with. It travels in the binary,
// so that a plugin fits the engine that it runs under, and is built without
// fetching this module from anywhere.
//
//go:embed go.sum stages/*.go stages/bm25/*.go stages/corpus/*.go stages/sample/*.go stages/tensor/*.go
//go:embed stages/plugin/*.go stages/plugin/v1/*.go
//go:embed stages/plugin/python/repro_plugin/*.py stages/plugin/python/repro_plugin/v1/*.py
var sdk embed.FS

func main() { os.Exit(cli.Main(os.Args[1:], sdk, os.Stdout, os.Stderr)) }
