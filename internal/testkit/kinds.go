package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"repro/stages"
)

// Kinds is a registry of small, real stages that note every run of theirs.
//
//	text  (param text, param version)      → out: the text
//	upper (input in)                       → out: the input in capitals
//	join  (list input in)                  → out: all inputs, one behind another
//	fail  (optional input in, param how)   → error | panic | forget | vandal | hang | random
type Kinds struct {
	mu   sync.Mutex
	runs []string
	// Hanging is closed once a stage of how = "hang" waits for its context.
	Hanging chan struct{}
	random  int
}

// NewKinds returns stages that have not run yet.
func NewKinds() *Kinds { return &Kinds{Hanging: make(chan struct{})} }

// Registry returns the kinds for a workflow.
func (k *Kinds) Registry() *stages.Registry {
	out := []stages.Port{{Name: "out", Doc: "The text."}}
	one := []stages.Port{{Name: "in", Arity: stages.One, Doc: "A text."}}
	return stages.NewRegistry(
		&kind{k, stages.Spec{Kind: "text", Version: "1", Outputs: out, Params: []stages.Param{{Name: "text", Type: "string", Doc: "what to write."}}}, k.text},
		&kind{k, stages.Spec{Kind: "upper", Version: "1", Inputs: one, Outputs: out}, k.upper},
		&kind{k, stages.Spec{Kind: "join", Version: "1", Inputs: []stages.Port{{Name: "in", Arity: stages.List, Doc: "texts."}}, Outputs: out}, k.join},
		&kind{k, stages.Spec{
			Kind: "fail", Version: "1", Inputs: []stages.Port{{Name: "in", Arity: stages.Optional}}, Outputs: out,
			Params: []stages.Param{{Name: "how", Type: "string", Doc: "in which way."}}, Class: "unknown",
		}, k.fail},
	)
}

// Runs returns what ran since the last call, sorted by no rule: in the order of
// the runs.
func (k *Kinds) Runs() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	runs := k.runs
	k.runs = nil
	return runs
}

type kind struct {
	kinds *Kinds
	spec  stages.Spec
	run   func(context.Context, *stages.Job) (string, error)
}

func (k *kind) Spec() stages.Spec { return k.spec }

func (k *kind) Run(ctx context.Context, job *stages.Job) error {
	text, err := k.run(ctx, job)
	k.kinds.mu.Lock()
	k.kinds.runs = append(k.kinds.runs, k.spec.Kind+" "+text)
	k.kinds.mu.Unlock()
	if err != nil {
		return err
	}
	if text == "" && k.spec.Kind == "fail" {
		return nil
	}
	return os.WriteFile(job.Out["out"], []byte(text), 0o644)
}

func (k *Kinds) text(_ context.Context, job *stages.Job) (string, error) {
	var p struct {
		Text string `json:"text"`
	}
	err := job.Decode(&p)
	return p.Text, err
}

func (k *Kinds) upper(_ context.Context, job *stages.Job) (string, error) {
	b, err := os.ReadFile(job.Path("in"))
	return strings.ToUpper(string(b)), err
}

func (k *Kinds) join(_ context.Context, job *stages.Job) (string, error) {
	var all bytes.Buffer
	for _, path := range job.Paths("in") {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		all.Write(b)
	}
	return all.String(), nil
}

func (k *Kinds) fail(ctx context.Context, job *stages.Job) (string, error) {
	var p struct {
		How string `json:"how"`
	}
	if err := job.Decode(&p); err != nil {
		return "", err
	}
	job.Logf("about to %s", p.How)
	switch p.How {
	case "error":
		return "", errors.New("broken on purpose")
	case "panic":
		panic("on purpose")
	case "forget":
		return "", nil
	case "vandal":
		if err := os.Chmod(job.Path("in"), 0o644); err != nil {
			return "", err
		}
		return "vandal", os.WriteFile(job.Path("in"), []byte("vandalised"), 0o644)
	case "hang":
		close(k.Hanging)
		<-ctx.Done()
		return "", ctx.Err()
	case "random":
		k.random++
		return fmt.Sprint(k.random), nil
	default:
		return p.How, nil
	}
}
