// Package stagetest holds what every stage is tested with: a suite that any
// stage has to pass, built in or from a plugin, and jobs for a stage's own
// tests.
//
// In comes a stage and a Case (parameters and inputs); out comes what is wrong
// with the stage: outputs that differ between two runs or with the number of
// threads, outputs that are missing or undeclared, changed inputs, progress
// that goes backwards, deafness to cancellation, parameters that nobody reads.
// The engine relies on each of these when it keeps a result under its key.
package stagetest
