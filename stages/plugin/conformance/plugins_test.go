package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"repro/stages"
	"repro/stages/plugin"
	"repro/stages/sample"
)

// behaviour chooses what this test binary does when it is started as a plugin.
const behaviour = "CONFORMANCE_TEST_BEHAVIOUR"

func TestMain(m *testing.M) {
	if os.Getenv(behaviour) == "" {
		os.Exit(m.Run())
	}
	var p plugin.Plugin
	how := os.Getenv(behaviour)
	if how == "knows the protocol only" && len(os.Args) > 1 {
		os.Exit(2)
	}
	if !isKind(how) {
		p.Samplers = append(p.Samplers, demo(how))
	}
	if isKind(how) || how == "good" {
		p.Kinds = append(p.Kinds, upper{how})
	}
	plugin.Serve(p)
}

// isKind reports whether it is a kind that behaves so, and not a sampler.
func isKind(how string) bool { return strings.HasPrefix(how, "kind ") }

// demo draws as x-y does, unless it is to behave badly.
func demo(how string) sample.Method {
	m := sample.Method{
		Name: "demo", Doc: "Draws as x-y does.",
		Params: []stages.Param{{Name: "p", Type: "number", Default: "0.5", Doc: "A probability, 0 to 1."}},
		New: func(raw json.RawMessage) (sample.Sampler, error) {
			var p struct {
				P float64 `json:"p"`
			}
			err := stages.DecodeParams(raw, &p)
			switch {
			case how == "panics on bad parameters" && err != nil:
				panic(err)
			case how == "ignores wrong types":
			case err != nil:
				return nil, err
			}
			return &sampler{how: how}, nil
		},
	}
	switch how {
	case "no documentation":
		m.Doc = ""
	case "stochastic":
		m.Class = "stochastic"
	case "needs an input":
		m.Inputs = []stages.Port{{Name: "lexicon", Doc: "Words, one a line."}}
	case "needs a parameter":
		m.Params[0].Default = ""
	}
	return m
}

type sampler struct {
	how    string
	job    *stages.Job
	texts  [][]byte
	number int
}

// Prepare implements sample.Preparer.
func (s *sampler) Prepare(_ context.Context, pool *sample.Pool, job *stages.Job) error {
	s.job = job
	switch s.how {
	case "no progress":
		job.OnProgress = nil
	case "copies the pool":
		for pair := range pool.All() {
			s.texts = append(s.texts, []byte(strings.Repeat(pair.Passage, 256)))
		}
	case "reads the pool": // as it may
		for pair := range pool.All() {
			s.number += len(strings.Fields(pair.Passage))
		}
	case "wants other pairs":
		if _, ok := pool.Find("mine", "a"); !ok {
			return fmt.Errorf("%w: no pairs of mine", stages.ErrInput)
		}
	case "needs an input":
		text, err := os.ReadFile(job.Path("lexicon"))
		if err != nil || len(text) == 0 {
			return fmt.Errorf("lexicon: %q, %w", text, err)
		}
	}
	return nil
}

// Batch implements sample.Sampler.
func (s *sampler) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	switch s.how {
	case "goes by the time", "stochastic":
		rng = sample.NewRand(uint64(time.Now().UnixNano()), step.Number)
	case "ignores the seed":
		rng = sample.NewRand(7, step.Number)
	case "goes by the threads":
		for range s.job.Threads {
			rng.IntN(10)
		}
	case "looks for the engine":
		if os.Getenv(plugin.CookieName) != "" {
			rng.IntN(10)
		}
	case "progress goes back":
		s.job.Progress(int64(step.Total-step.Number), 0, "files")
	case "one row short":
		step.Size--
	case "deaf":
		if step.Total > 1000 && step.Number == 5 {
			time.Sleep(time.Minute)
		}
	case "one bad step":
		if step.Number == 7 {
			return sample.Batch{}, errors.New("nothing to draw from")
		}
	}
	return sample.XY{}.Batch(pool, step, rng)
}

// upper is a kind of stage.
type upper struct{ how string }

// Spec implements stages.Stage.
func (upper) Spec() stages.Spec {
	return stages.Spec{
		Kind: "demo-upper", Version: "1", Doc: "Repeats a text in capitals.",
		Params:  []stages.Param{{Name: "times", Type: "number", Default: "1", Doc: "How often, 1 to 9."}},
		Inputs:  []stages.Port{{Name: "text", Doc: "UTF-8 text."}},
		Outputs: []stages.Port{{Name: "upper", Doc: "UTF-8 text."}},
	}
}

// Run implements stages.Stage.
func (u upper) Run(ctx context.Context, job *stages.Job) error {
	var p struct {
		Times int `json:"times"`
	}
	if u.how == "kind ignores parameters" {
		p.Times = 1
	} else if err := job.Decode(&p); err != nil {
		return err
	}
	text, err := os.ReadFile(job.Path("text"))
	if err != nil {
		return err
	}
	switch u.how {
	case "kind goes by the time":
		text = fmt.Append(text, time.Now().UnixNano())
	case "kind looks for the engine":
		text = fmt.Append(text, os.Getenv(plugin.CookieName))
	case "kind goes on", "kind goes on wrongly":
		return u.goOn(ctx, job, strings.Repeat(strings.ToUpper(string(text)), p.Times))
	case "kind leaves files":
		if err := os.WriteFile(job.Out["upper"]+".tmp", text, 0o644); err != nil {
			return err
		}
	}
	job.Progress(1, 1, "files")
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.WriteFile(job.Out["upper"], []byte(strings.Repeat(strings.ToUpper(string(text)), p.Times)), 0o644)
}

// goOn writes its output letter by letter, from where the attempt before came
// to, or from one letter later.
func (u upper) goOn(ctx context.Context, job *stages.Job, text string) error {
	keep := job.Checkpoint
	if keep == "" { // nobody keeps one
		keep = job.Dir
	}
	state := filepath.Join(keep, "text")
	if err := os.MkdirAll(keep, 0o755); err != nil {
		return err
	}
	done, err := os.ReadFile(state)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	case u.how == "kind goes on wrongly":
		done = append(done, '?')
	}
	for i := len(done); i < len(text); i++ {
		done = append(done, text[i])
		if err := os.WriteFile(state, done, 0o644); err != nil {
			return err
		}
		job.Progress(int64(i+1), int64(len(text)), "letters")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return os.WriteFile(job.Out["upper"], done, 0o644)
}
