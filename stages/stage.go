package stages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Stage is one kind of work.
type Stage interface {
	// Spec describes the kind. It has no side effects and always returns the
	// same value.
	Spec() Spec
	// Run reads the inputs of job and writes its outputs, and nothing else. It
	// returns soon after ctx is done. It may be called concurrently.
	Run(ctx context.Context, job *Job) error
}

// A stage may offer more through these optional interfaces. The engine calls
// them while planning, with parameters that already have the declared types
// and defaults.

// Checker is a stage that can refuse parameters beyond what their types say.
type Checker interface {
	// Check returns nil, or an error for the first bad parameter (preferably a
	// *ParamError, which is shown at the parameter's place in the workflow).
	Check(params json.RawMessage) error
}

// Tooled is a stage that runs programs whose version can change its result.
type Tooled interface {
	// Tools returns name → version (or digest) of each program that a run with
	// params would use. They become part of the key. A program that is missing
	// gives a *MissingToolError; the map is then nil if the key cannot be known
	// without it, else a result that is in the cache already is used all the same.
	Tools(ctx context.Context, params json.RawMessage) (map[string]string, error)
}

// Outputter is a stage whose output ports depend on its parameters.
type Outputter interface {
	// Outputs returns the ports, in place of Spec.Outputs.
	Outputs(params json.RawMessage) ([]Port, error)
}

// Spec describes a kind of stage.
type Spec struct {
	Kind    string  // the first label of the stage block, lower case
	Version string  // changes whenever the same inputs may give other outputs
	Doc     string  // one sentence
	Params  []Param // what it can be told, in the order of the documentation
	Inputs  []Port  // what it reads
	Outputs []Port  // what it writes
	Choice  *Choice // a parameter with variants; nil for most kinds
	Class   string  // what it promises of a second run: deterministic (also if empty), tolerant, stochastic, unknown
}

// Param is one parameter. Every parameter is part of the key.
type Param struct {
	Name    string // snake_case
	Type    string // HCL type syntax: string, number, bool, list(string), map(number), any …
	Default string // JSON text; empty means that the parameter must be given
	Doc     string // one sentence, with the unit
}

// Arity says how many artifacts an input port takes.
type Arity int

// The arities of a port.
const (
	One      Arity = iota // exactly one
	Optional              // one or none
	List                  // any number, in order
	Map                   // any number, by name
)

// Port is a place where a file or folder enters or leaves a stage.
type Port struct {
	Name  string
	Arity Arity  // of an input port; an output port always carries one artifact
	Dir   bool   // an output port that carries a folder
	Doc   string // one sentence: the format
}

// ParamError says what is wrong with one parameter.
type ParamError struct {
	Param   string // name of the parameter
	Problem string // what is wrong, lower case, no full stop
	Hint    string // the way out, one sentence; may be empty
}

// Error implements error.
func (e *ParamError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Param, e.Problem)
	}
	return fmt.Sprintf("%s: %s. %s", e.Param, e.Problem, e.Hint)
}

// MissingToolError says which program is missing and how to get it.
type MissingToolError struct {
	Tool    string // what was looked for, "apertium mode eng-spa"
	Install string // a command that installs it, "apt-get install apertium-eng-spa"; may be empty
}

// Error implements error.
func (e *MissingToolError) Error() string {
	if e.Install == "" {
		return e.Tool + " is not installed"
	}
	return fmt.Sprintf("%s is not installed. Install it with: %s", e.Tool, e.Install)
}

// ErrInput marks an error that the content of an input is to blame for, as
// against the stage, its parameters or the machine. Wrap it with the file and
// line: fmt.Errorf("%w: %s:%d: …", stages.ErrInput, …).
var ErrInput = errors.New("bad input")
