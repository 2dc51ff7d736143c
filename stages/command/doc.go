// Package command runs programs: the `exec` stage, and Run, which every stage
// that starts a program uses.
//
// In come the argument list of a program, named input files and an explicit
// environment; out come the files that the program was declared to make. A
// program sees its inputs, its parameters and a fixed environment and nothing
// of the host's, so that a result depends on what is in its key. It runs in a
// process group of its own that never outlives the job.
package command
