// Package conformance is what every plugin has to pass before its results may
// be kept: the public suite behind `repro plugin test`.
//
// In comes a plugin that package build made ready; out come Results, one for
// each promise that a plugin makes of each of its samplers and kinds: that a
// seed decides its batches and nothing else does, that they are the same
// without the engine and with any number of threads, that it says how far it
// is, ends when it is cancelled, refuses bad parameters, and does not copy a
// large pool into memory again and again. Nothing is simulated: the plugin runs
// as it does in a workflow, through package host.
//
// Samplers are tried with their defaults on pools that the suite makes up, and
// both samplers and kinds on the case blocks of the plugin's manifest.
package conformance
