// Package builtin is the one list of built-in stages. In come the options of
// this machine; out comes the registry that workflows are read with.
package builtin

import (
	"repro/stages"
	"repro/stages/collect"
	"repro/stages/command"
	"repro/stages/convert"
	"repro/stages/embed"
	"repro/stages/evaluate"
	"repro/stages/sample"
	"repro/stages/train"
	"repro/stages/translate"
)

// Options say where and how stages work, never what: nothing here changes a result.
type Options struct {
	Collect   collect.Options
	Translate translate.Options
	Command   command.Options
}

// New returns the registry of all built-in stages.
func New(o Options) *stages.Registry {
	return stages.NewRegistry(
		collect.New(o.Collect),
		convert.New(),
		translate.New(o.Translate),
		sample.New(),
		train.New(),
		embed.New(),
		evaluate.New(),
		command.New(o.Command),
	)
}
