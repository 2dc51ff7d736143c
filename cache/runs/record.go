// Package runs keeps the records of runs: one JSON file each, append-only.
//
// In comes what became of each stage of a run, with the commit and the state
// of the working tree it belongs to; out come the same records, newest first.
// They are files and not rows of a database so that losing an index costs
// time, never history, and so that they can be read while a run goes on.
// docs/formats.md describes them.
package runs

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"repro/cache"
)

// Status says how a run ended.
type Status string

// The statuses of a run.
const (
	Running     Status = "running" // it goes on, or it was killed before it could say otherwise
	Done        Status = "done"
	FailedRun   Status = "failed" // at least one stage failed
	Interrupted Status = "interrupted"

	// Killed is what a Running record means whose process is gone. No record says
	// so itself.
	Killed Status = "killed"
)

// State says what became of a stage in a run.
type State string

// The states of a stage.
const (
	Pending State = "pending" // its turn had not come
	Hit     State = "hit"     // its result was in the cache
	Ran     State = "ran"
	Failed  State = "failed"
	Skipped State = "skipped" // something that it needs failed, or the run ended first
)

// Run is the record of one run of a workflow.
type Run struct {
	Header
	Vars    map[string]string `json:"vars,omitempty"`    // variables, as JSON
	Targets []string          `json:"targets,omitempty"` // stages asked for; empty means all
	Host    Host              `json:"host"`
	Stages  []Stage           `json:"stages"`
	Plugins []Plugin          `json:"plugins,omitempty"`
	Reports []Report          `json:"reports,omitempty"`
	Claims  []Claim           `json:"claims,omitempty"`
}

// Header is the part of a record that lists show.
type Header struct {
	ID       string    `json:"id"`               // time of the start and a random suffix: sorts by time
	Workflow string    `json:"workflow"`         // path of the file from the project's root
	Commit   string    `json:"commit,omitempty"` // full hash, if there is a repository
	Dirty    string    `json:"dirty,omitempty"`  // digest of what differs from Commit; empty if nothing does
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended,omitzero"` // zero while it goes on, and of results that are put together and not of one run
	Status   Status    `json:"status"`
	PID      int       `json:"pid,omitempty"` // of the process, as the owner of the cache has it
}

// Host is the machine that a run happened on.
type Host struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	CPUs  int    `json:"cpus"`
	Go    string `json:"go"`    // version of the Go toolchain that built repro
	Repro string `json:"repro"` // version of repro
}

// Stage is what became of one stage.
type Stage struct {
	Addr    string                    `json:"addr"`
	Axes    map[string]string         `json:"axes,omitempty"`
	Kind    string                    `json:"kind"`
	Key     cache.Digest              `json:"key"` // of the action; zero if its inputs never came to be
	State   State                     `json:"state"`
	Reason  string                    `json:"reason,omitempty"` // why it ran, or did not
	Started time.Time                 `json:"started,omitzero"`
	Took    time.Duration             `json:"took,omitempty"` // nanoseconds
	Error   string                    `json:"error,omitempty"`
	Log     cache.Digest              `json:"log"`
	Class   cache.Determinism         `json:"class,omitempty"` // of its result
	Inputs  []Input                   `json:"inputs,omitempty"`
	Outputs map[string]cache.Artifact `json:"outputs,omitempty"`
}

// Input is what an input port of a stage was given: an output of another stage,
// or a file.
type Input struct {
	Port   string `json:"port"`
	Name   string `json:"name,omitempty"`   // position in a list port, name in a map port
	Stage  string `json:"stage,omitempty"`  // address of the stage that makes it
	Output string `json:"output,omitempty"` // its output port
	Path   string `json:"path,omitempty"`   // else the file, as the workflow names it
}

// Plugin is a plugin that stages of the run used.
type Plugin struct {
	Name     string            `json:"name"`
	Identity map[string]string `json:"identity"`        // its parts in keys: files, toolchain …
	Files    map[string]string `json:"files,omitempty"` // each of its files, with the SHA-256 of its bytes
}

// Made returns when the results of the record were there: the end of the run,
// or else of the last stage.
func (r *Run) Made() time.Time {
	if !r.Ended.IsZero() {
		return r.Ended
	}
	made := r.Started
	for _, s := range r.Stages {
		if ended := s.Started.Add(s.Took); ended.After(made) {
			made = ended
		}
	}
	return made
}

// New returns a record of a run that starts now.
func New() *Run {
	now := time.Now().UTC()
	var suffix [4]byte
	_, _ = rand.Read(suffix[:]) // never fails
	return &Run{Header: Header{
		ID:      now.Format("20060102T150405.000Z") + "-" + hex.EncodeToString(suffix[:]),
		Started: now,
		Status:  Running,
	}}
}
