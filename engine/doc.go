// Package engine holds the nouns of running: the Addr of a stage, the Task
// that an Executor carries out, the Resources it takes and the Events that
// tell of it.
//
// The folders below make the way: lang reads a workflow, plan decides what has
// to run, run walks the plan, worker does one task, local gives it a place.
package engine
