// Package stages holds the nouns of work: a Stage says what it needs and
// makes (its Spec) and does it (Run, given a Job).
//
// In comes a Job with parameters and the paths of its input files; out come
// files at the paths of its output ports. A stage reads nothing else and
// writes nowhere else: that is what makes its result worth keeping. The
// package imports the standard library only, so that whoever writes a stage
// needs nothing else. The stages themselves are in the folders below; builtin
// lists them.
package stages
