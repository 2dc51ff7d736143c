package engine

import (
	"context"
	"time"

	"repro/cache"
)

// Task is one action to be carried out. Everything that can change the result
// is in Action; the rest only says for whom and with what.
type Task struct {
	Addr      Addr
	Action    *cache.Action
	Resources Resources
}

// Resources is what a task occupies while it runs. It never enters a key: a
// laptop and a cluster share results.
type Resources struct {
	CPUs    int           // threads kept busy; 0 means 1
	Memory  int64         // bytes; 0 means that it is not counted
	GPUs    int           // whole devices, which the task shares with no other; 0 means that it sees none
	Timeout time.Duration // of one attempt; 0 means none
}

// Executor carries out tasks somewhere.
type Executor interface {
	// Execute does what t.Action says, records the result in the store that it
	// was made with, and returns it. It waits until there is room for
	// t.Resources. It tells notify of Started and Progress, from any goroutine.
	// A stage that fails gives a *StageError.
	Execute(ctx context.Context, t *Task, notify func(Event)) (*cache.Result, error)
}

// Fitter is an Executor that can tell beforehand what it can never carry out.
type Fitter interface {
	// Fits returns an error if a task can never get these resources.
	Fits(r Resources) error
}

// StageError is the failure of a stage, with what it had to say.
type StageError struct {
	Addr Addr
	Log  cache.Digest // the whole log; zero if nothing was written
	Tail string       // the log's last lines
	Err  error

	// Checkpoint is the folder from which another attempt goes on, if the stage
	// left one.
	Checkpoint string
}

// Error implements error. The log's tail is for the screen, not for the chain.
func (e *StageError) Error() string { return e.Addr.String() + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StageError) Unwrap() error { return e.Err }

// EventKind says what happened to a stage.
type EventKind string

// The kinds of events, in the order in which a stage may have them.
const (
	Hit      EventKind = "hit"      // its result was in the cache
	Started  EventKind = "started"  // it has its resources and runs
	Progress EventKind = "progress" // Done of Total Units are through
	Warned   EventKind = "warned"   // Message needs a person's attention; the stage goes on
	Finished EventKind = "finished" // Result is recorded
	Failed   EventKind = "failed"   // Err says why
	Skipped  EventKind = "skipped"  // something that it needs failed, or the run ended first
)

// HitAfterAll is the Reason of a Hit that the plan could not foresee: a stage
// whose inputs were made anew and turned out as ever.
const HitAfterAll = "inputs came out as before"

// Stopped is the Message of a Skipped stage that ran when the run was
// interrupted.
const Stopped = "stopped while it ran, as the run was interrupted"

// Event is one thing that happened during a run.
type Event struct {
	Kind    EventKind
	Addr    Addr
	Time    time.Time
	Reason  string        // Started: why it has to run; Hit: HitAfterAll or empty
	Done    int64         // Progress
	Total   int64         // Progress; 0 while unknown
	Unit    string        // Progress: "steps", "pairs", "B"
	Note    string        // Progress: a short line beside it, such as "loss 0.512"; often empty
	Took    time.Duration // Finished, Failed
	Message string        // Warned, Skipped
	Err     error         // Failed
}
