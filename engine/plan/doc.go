// Package plan decides what has to run.
//
// In comes an evaluated workflow and a store; out comes an immutable Plan: for
// every stage whether its result is at hand, has to be made, or cannot be
// known before others have run, and why. A plan runs nothing and writes
// nothing.
package plan
