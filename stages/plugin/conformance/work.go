package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"repro/stages"
	"repro/stages/plugin/build"
	"repro/stages/stagetest"
)

// work is a job that the suite gives to a sampler or kind again and again.
type work struct {
	of     string       // as in Result
	given  *build.Case  // of the manifest, or an empty one
	stage  stages.Stage // as the engine uses it
	byHand stages.Stage // the same without the engine
	spec   stages.Spec  // of stage, with the sampler chosen
	gpus   []string     // that its runs may use
	prefix string       // of the names of a sampler's own parameters and ports, "demo."; "" of a kind
	load   func(*work) error

	// What load fills in.
	params map[string]json.RawMessage
	inputs []stages.Input

	checkpoint string // where a run that is cancelled may leave what it needs to go on
}

// draws reports whether the work is a sampler's.
func (w *work) draws() bool { return w.prefix != "" }

func (w *work) deterministic() bool { return w.spec.Class == "" || w.spec.Class == "deterministic" }

// needsCase returns what must be given to do work of that spec, or "".
func needsCase(spec stages.Spec) string {
	for _, p := range spec.Params {
		if p.Default == "" {
			return fmt.Sprintf("its parameter %s has no default", p.Name)
		}
	}
	for _, port := range spec.Inputs {
		if port.Arity == stages.One {
			return "it needs an input at the port " + port.Name
		}
	}
	return ""
}

// read returns what the case gives, by the names that parameters and ports have
// in jobs. Files are those of the plugin's copy.
func (s *suite) read(w *work) (params map[string]json.RawMessage, inputs map[string][]string, err error) {
	raw, err := w.given.Params()
	if err != nil {
		return nil, nil, err
	}
	var own map[string]json.RawMessage
	if err := json.Unmarshal(raw, &own); err != nil {
		return nil, nil, fmt.Errorf("params: %w", err)
	}
	params, inputs = map[string]json.RawMessage{}, map[string][]string{}
	for name, value := range own {
		params[w.prefix+name] = value
	}
	for port, files := range w.given.Inputs {
		if port != poolPort {
			port = w.prefix + port
		}
		for _, name := range files {
			file := filepath.Join(s.plugin.Copied, filepath.FromSlash(name))
			if _, err := os.Stat(file); err != nil {
				return nil, nil, fmt.Errorf("inputs: there is no %s in the plugin's folder", name)
			}
			inputs[port] = append(inputs[port], file)
		}
	}
	return params, inputs, nil
}

// fill takes the parameters and inputs of a job, the latter by port, and adds
// the defaults of those that are not given.
func (w *work) fill(params map[string]json.RawMessage, inputs map[string][]string) error {
	w.params = map[string]json.RawMessage{}
	for _, p := range w.spec.Params {
		value, given := params[p.Name]
		switch {
		case given:
			w.params[p.Name] = value
		case p.Default == "":
			return fmt.Errorf("it gives no parameter %s, which has no default", w.short(p.Name))
		default:
			w.params[p.Name] = json.RawMessage(p.Default)
		}
	}
	for name := range params {
		if _, known := w.params[name]; !known {
			return fmt.Errorf("there is no parameter %s", w.short(name))
		}
	}
	known := map[string]bool{}
	for _, port := range w.spec.Inputs {
		known[port.Name] = true
		files := inputs[port.Name]
		if n := len(files); n == 0 && port.Arity == stages.One || n > 1 && port.Arity <= stages.Optional {
			return fmt.Errorf("it gives %s at the port %s", count(n, "input"), w.short(port.Name))
		}
		for _, file := range files {
			in := stages.Input{Port: port.Name, Path: file}
			if port.Arity == stages.Map {
				in.Name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			}
			w.inputs = append(w.inputs, in)
		}
	}
	for port := range inputs {
		if !known[port] {
			return fmt.Errorf("there is no input port %s", w.short(port))
		}
	}
	return nil
}

// with returns the parameters with one of them, by its full name, as given.
func (w *work) with(name, value string) map[string]json.RawMessage {
	params := maps.Clone(w.params)
	params[name] = json.RawMessage(value)
	return params
}

func (w *work) short(name string) string { return strings.TrimPrefix(name, w.prefix) }

// variation says in what a run differs from the others. The zero value is the
// run that others are compared with.
type variation struct {
	byHand     bool                       // without the engine
	threads    int                        // 0 means 1
	checkpoint string                     // "" for a new one
	params     map[string]json.RawMessage // all of them; nil for those of the work
	onProgress func(report)
	onLine     func() // a line of progress in the log, which is all that a program says that was started by hand
}

// report is one call of Job.Progress.
type report struct {
	done, total int64
	unit        string
}

// outcome is what came of a run.
type outcome struct {
	out      string // the folder of its outputs
	progress []report
}

// run does the work in the new folder dir. An error has the log with it.
func (w *work) run(ctx context.Context, dir string, v variation) (*outcome, error) {
	params := v.params
	if params == nil {
		params = w.params
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	o := &outcome{out: filepath.Join(dir, "out")}
	if err := os.Mkdir(o.out, 0o755); err != nil {
		return nil, err
	}
	log := &stagetest.Log{}
	job := &stages.Job{
		Params: raw, In: w.inputs, Out: map[string]string{}, Dir: dir, Threads: max(1, v.threads), GPUs: w.gpus, Log: log,
		Checkpoint: cmp.Or(v.checkpoint, filepath.Join(dir, "checkpoint")),
	}
	if v.onLine != nil {
		job.Log = io.MultiWriter(log, progressLines(v.onLine))
	}
	for _, port := range w.spec.Outputs {
		job.Out[port.Name] = filepath.Join(o.out, port.Name)
	}
	var mu sync.Mutex
	job.OnProgress = func(done, total int64, unit string) {
		mu.Lock()
		o.progress = append(o.progress, report{done, total, unit})
		mu.Unlock()
		if v.onProgress != nil {
			v.onProgress(report{done, total, unit})
		}
	}
	stage := w.stage
	if v.byHand {
		stage = w.byHand
	}
	if err := stage.Run(ctx, job); err != nil {
		return nil, withLog(err, log)
	}
	return o, nil
}

// progressLines is a log that calls itself for lines of progress, as the SDKs
// write them for people.
type progressLines func()

var progressLine = regexp.MustCompile(`(?m)^\d+ (of \d+ )?\S+`)

// Write implements io.Writer.
func (p progressLines) Write(text []byte) (int, error) {
	if progressLine.Match(text) {
		p()
	}
	return len(text), nil
}

// withLog adds the last lines of a log to an error.
func withLog(err error, log *stagetest.Log) error {
	const most = 15
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	text := strings.Join(lines[max(0, len(lines)-most):], "\n")
	if text == "" {
		return err
	}
	return fmt.Errorf("%w\nlog:\n%s", err, text)
}
