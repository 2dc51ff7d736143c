package stagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"repro/stages"
)

// Input is one artifact for a port of the stage under test: a file with the
// given Content, the folder Files if that is not nil, or a copy of the file or
// folder at From if that is not empty.
type Input struct {
	Port    string
	Name    string            // the name in a Map port, else empty
	Content string            // the content of a file
	Files   map[string]string // the content of a folder: slash-separated path → content
	From    string            // a file or folder that exists
}

// Log collects what a job writes to its log. It is safe for concurrent use.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns what was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newJob lays out the folder dir, which exists, as the engine does and returns
// a job in it: the input of a Map port at in/NAME, the elements of a List port
// at in/PORT/0, in/PORT/1 …, any other input at in/PORT, outputs at out/PORT.
func newJob(dir string, s stages.Stage, c Case) (*stages.Job, error) {
	filled, err := fillParams(s.Spec(), c.Params)
	if err != nil {
		return nil, err
	}
	spec := chosen(s.Spec(), filled)
	job := &stages.Job{Params: filled, Out: map[string]string{}, Dir: dir, Threads: 1, GPUs: c.GPUs, Log: &Log{}}
	for _, sub := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	outputs, err := outputPorts(s, filled)
	if err != nil {
		return nil, err
	}
	for _, port := range outputs {
		job.Out[port.Name] = filepath.Join(dir, "out", port.Name)
	}
	// Ports in the order of the Spec, as Job.In promises.
	known := 0
	for _, port := range spec.Inputs {
		given := 0
		for _, in := range c.Inputs {
			if in.Port != port.Name {
				continue
			}
			rel := in.Port
			switch port.Arity {
			case stages.Map:
				rel = in.Name
			case stages.List:
				rel = filepath.Join(in.Port, strconv.Itoa(given))
			}
			path := filepath.Join(dir, "in", rel)
			if err := in.write(path); err != nil {
				return nil, err
			}
			job.In = append(job.In, stages.Input{Port: in.Port, Name: in.Name, Path: path})
			given++
		}
		if given == 0 && port.Arity == stages.One || given > 1 && port.Arity <= stages.Optional {
			return nil, fmt.Errorf("input port %q is given %d artifacts", port.Name, given)
		}
		known += given
	}
	if known != len(c.Inputs) {
		return nil, fmt.Errorf("an input is for a port that %q does not have", spec.Kind)
	}
	return job, nil
}

func (in *Input) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	switch {
	case in.From != "":
		info, err := os.Stat(in.From)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return os.CopyFS(path, os.DirFS(in.From))
		}
		content, err := os.ReadFile(in.From)
		if err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o444)
	case in.Files != nil:
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		for name, content := range in.Files {
			file := filepath.Join(path, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(file, []byte(content), 0o444); err != nil {
				return err
			}
		}
		return nil
	default:
		return os.WriteFile(path, []byte(in.Content), 0o444)
	}
}

// fillParams adds the defaults of spec to the JSON object params; "" is {}.
// Parameters that spec does not have stay, so that tests can give them.
func fillParams(spec stages.Spec, params string) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if params != "" {
		if err := json.Unmarshal([]byte(params), &all); err != nil {
			return nil, fmt.Errorf("parameters of the case: %w", err)
		}
	}
	// The choice may have a default too, which decides what else there is.
	if c := spec.Choice; c != nil && all[c.Param] == nil {
		for _, p := range spec.Params {
			if p.Name == c.Param && p.Default != "" {
				all[c.Param] = json.RawMessage(p.Default)
			}
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	for _, p := range chosen(spec, raw).Params {
		if _, given := all[p.Name]; given {
			continue
		}
		if p.Default == "" {
			return nil, fmt.Errorf("the case gives no parameter %q, which has no default", p.Name)
		}
		all[p.Name] = json.RawMessage(p.Default)
	}
	return json.Marshal(all)
}

// chosen returns the spec of jobs with these parameters.
func chosen(spec stages.Spec, params json.RawMessage) stages.Spec {
	var all map[string]any
	if spec.Choice == nil || json.Unmarshal(params, &all) != nil {
		return spec
	}
	name, _ := all[spec.Choice.Param].(string)
	return spec.With(name)
}

func outputPorts(s stages.Stage, params json.RawMessage) ([]stages.Port, error) {
	if o, ok := s.(stages.Outputter); ok {
		ports, err := o.Outputs(params)
		if err != nil {
			return nil, fmt.Errorf("output ports: %w", err)
		}
		return ports, nil
	}
	return s.Spec().Outputs, nil
}
