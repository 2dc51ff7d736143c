package stages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Job is one run of a stage.
type Job struct {
	Params  json.RawMessage   // an object with every parameter of the Spec
	In      []Input           // in the order of ports, then of the list or of names
	Out     map[string]string // output port → path to write; does not exist yet, its parent does
	Dir     string            // the job's own folder: In is below in/, Out below out/; scratch files may go anywhere else in it
	Threads int               // how many threads the stage may keep busy, at least 1; must not change the result
	GPUs    []string          // the devices that the stage may use, none if empty, by the names that CUDA_VISIBLE_DEVICES has for them: to its process they are 0, 1 …
	Log     io.Writer         // kept with the result and shown when the stage fails; safe for concurrent use

	// Checkpoint is the path of a folder for what a long work needs to go on
	// where it was: what an attempt that was killed, cancelled or failed left
	// there is there again for the next one at the same action, with the same
	// inputs and parameters, if under another path; success removes it. It may
	// not exist yet, its parent does. It must not change the result: outputs are
	// those of a work that was never disturbed. "" if nobody keeps one.
	Checkpoint string

	// What follows may be nil and is called by the methods of the same name,
	// from any goroutine.

	OnProgress func(done, total int64, unit string)
	OnNote     func(text string)
	OnClass    func(class string)
}

// Input is one artifact given to a job, at a read-only path.
type Input struct {
	Port string
	Name string // the name in a Map port, else empty
	Path string
}

// Decode fills v, a pointer to a struct with json tags, from the parameters.
// An unknown parameter is an error: it would be part of the key for nothing.
func (j *Job) Decode(v any) error { return DecodeParams(j.Params, v) }

// DecodeParams is Job.Decode for the optional interfaces of a stage.
func DecodeParams(params json.RawMessage, v any) error {
	dec := json.NewDecoder(bytes.NewReader(params))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	return nil
}

// Path returns the path at a port of arity One or Optional, and "" if nothing
// was given.
func (j *Job) Path(port string) string {
	for _, in := range j.In {
		if in.Port == port {
			return in.Path
		}
	}
	return ""
}

// Paths returns the paths at a List port, in order.
func (j *Job) Paths(port string) []string {
	var paths []string
	for _, in := range j.In {
		if in.Port == port {
			paths = append(paths, in.Path)
		}
	}
	return paths
}

// Progress tells whoever watches that done of total units ("pairs", "steps",
// "B") are through; total is 0 while it is unknown. Calling it often is cheap.
func (j *Job) Progress(done, total int64, unit string) {
	if j.OnProgress != nil {
		j.OnProgress(done, total, unit)
	}
}

// Note puts a short text beside the live progress, "loss 0.512, 210 pairs/s":
// one line, cut to 60 characters, in place of the note before. It is seen while
// the work goes on and kept nowhere. Calling it often is cheap.
func (j *Job) Note(text string) {
	if j.OnNote != nil {
		j.OnNote(oneLine(text, maxNote))
	}
}

// maxNote is the length of the longest note in characters.
const maxNote = 60

// oneLine returns the text without what would spoil a line on a terminal, cut
// to a number of characters.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	return string(runes)
}

// SetClass says what this run promises of a second one (deterministic,
// tolerant, stochastic or unknown) where that depends on more than the
// parameters, such as a GPU. The last call before Run returns takes the place
// of Spec.Class; another word fails the job.
func (j *Job) SetClass(class string) {
	if j.OnClass != nil {
		j.OnClass(class)
	}
}

// Logf writes one line to the job's log.
func (j *Job) Logf(format string, args ...any) {
	if j.Log != nil {
		fmt.Fprintf(j.Log, format+"\n", args...) //nolint:errcheck // a log that cannot be written must not fail the work
	}
}
