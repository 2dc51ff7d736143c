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
	"repro/stages/overlap"
	"repro/stages/sample"
	"repro/stages/search"
	"repro/stages/train"
	"repro/stages/translate"
)

// Options say where and how stages work, and what plugins add. Nothing else
// here changes a result.
type Options struct {
	Collect   collect.Options
	Translate translate.Options
	Command   command.Options

	// What plugins add.
	Samplers []sample.Method
	Kinds    []stages.Stage
	Variants []stages.Extension
}

// New returns the registry of all built-in stages and those of plugins.
func New(o Options) *stages.Registry {
	list := []stages.Stage{
		collect.New(o.Collect),
		convert.New(),
		translate.New(o.Translate),
		sample.New(o.Samplers...),
		train.New(),
		embed.New(),
		search.New(),
		evaluate.New(),
		overlap.New(),
		command.New(o.Command),
	}
	for i, s := range list {
		var more []stages.Extension
		for _, e := range o.Variants {
			if e.Kind == s.Spec().Kind {
				more = append(more, e)
			}
		}
		list[i] = stages.Extend(s, more...)
	}
	return stages.NewRegistry(append(list, o.Kinds...)...)
}
