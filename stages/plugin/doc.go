// Package plugin is the author's side of the plugin protocol: a main function
// calls Serve with what the plugin adds.
//
// A plugin adds samplers (ways to draw training batches, package sample) and
// whole kinds of stages (package stages). It is a program of its own, which the
// engine starts, so that it can be written, changed and crash without the
// engine. In come requests that name files; out go events and files. The wire
// format is in the folder v1, frozen for each version of the protocol; the
// engine's side is in host.
//
// The package and all that it imports travel inside the repro binary, and a
// plugin is built against them there: it needs no released module.
package plugin
