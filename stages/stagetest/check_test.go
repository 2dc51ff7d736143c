package stagetest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/stagetest"
)

// upper is a well-behaved stage that single functions of a test can spoil.
type upper struct {
	spec func(*stages.Spec)
	run  func(ctx context.Context, job *stages.Job) error
}

func (s upper) Spec() stages.Spec {
	spec := stages.Spec{
		Kind:    "upper",
		Version: "1",
		Doc:     "Writes texts in capitals.",
		Params: []stages.Param{
			{Name: "suffix", Type: "string", Default: `"!"`, Doc: "What to append."},
			{Name: "seeds", Type: "list(number)", Default: `[0, 1]`, Doc: "Not used."},
			{Name: "extra", Type: "any", Default: `null`, Doc: "Not used."},
		},
		Inputs: []stages.Port{
			{Name: "text", Doc: "Text."},
			{Name: "more", Arity: stages.List, Doc: "More text."},
			{Name: "named", Arity: stages.Map, Doc: "Text by name."},
		},
		Outputs: []stages.Port{
			{Name: "capitals", Doc: "The text in capitals."},
			{Name: "parts", Dir: true, Doc: "A folder with a file for each text."},
		},
	}
	if s.spec != nil {
		s.spec(&spec)
	}
	return spec
}

func (s upper) Run(ctx context.Context, job *stages.Job) error {
	var params struct {
		Suffix string `json:"suffix"`
		Seeds  []int  `json:"seeds"`
		Extra  any    `json:"extra"`
	}
	if err := job.Decode(&params); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.run != nil {
		if err := s.run(ctx, job); err != nil {
			return err
		}
	}
	if err := os.Mkdir(job.Out["parts"], 0o755); err != nil {
		return err
	}
	var all strings.Builder
	for i, in := range job.In {
		path := in.Path
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = filepath.Join(path, "a", "b.txt")
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all.WriteString(strings.ToUpper(string(text)) + params.Suffix)
		if err := os.WriteFile(filepath.Join(job.Out["parts"], fmt.Sprint(i)), text, 0o644); err != nil {
			return err
		}
		job.Progress(int64(i+1), int64(len(job.In)), "texts")
	}
	job.Logf("%d texts", len(job.In))
	return os.WriteFile(job.Out["capitals"], []byte(all.String()), 0o644)
}

var inputs = []stagetest.Input{
	{Port: "text", Content: "eins"},
	{Port: "more", Content: "zwei"},
	{Port: "more", Files: map[string]string{"a/b.txt": "drei"}},
	{Port: "named", Name: "vier.txt", Content: "vier"},
}

func TestRunAcceptsAGoodStage(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, upper{}, stagetest.Case{Params: `{"suffix": "?"}`, Inputs: inputs})
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	write := func(job *stages.Job, name, text string) error {
		return os.WriteFile(filepath.Join(job.Dir, name), []byte(text), 0o644)
	}
	spoilRun := func(run func(context.Context, *stages.Job) error) stages.Stage { return upper{run: run} }
	spoilSpec := func(spec func(*stages.Spec)) stages.Stage { return upper{spec: spec} }
	tests := map[string]struct {
		stage stages.Stage
		want  string
	}{
		"threads leak into an output": {spoilRun(func(_ context.Context, job *stages.Job) error {
			for i := range job.In {
				job.In[i].Path = job.In[min(i, job.Threads-1)].Path
			}
			return nil
		}), "the outputs differ"},
		"an undeclared output": {spoilRun(func(_ context.Context, job *stages.Job) error {
			return write(job, "out/scratch", "")
		}), "out/scratch is no declared output"},
		"a declared output that nobody makes": {spoilSpec(func(s *stages.Spec) {
			s.Outputs = append(s.Outputs, stages.Port{Name: "forgotten", Doc: "Missing."})
		}), `output "forgotten" is missing`},
		"a file where a folder is declared": {spoilSpec(func(s *stages.Spec) {
			s.Outputs[0].Dir = true
		}), `output "capitals" is not the folder`},
		"a changed input": {spoilRun(func(_ context.Context, job *stages.Job) error {
			if err := os.Remove(job.Path("text")); err != nil {
				return err
			}
			return write(job, "in/text", "null")
		}), "the inputs were changed"},
		"progress that goes back": {spoilRun(func(_ context.Context, job *stages.Job) error {
			job.Progress(3, 4, "texts")
			return nil
		}), "progress goes back from 3 to 1 texts"},
		"progress beyond the total": {spoilRun(func(_ context.Context, job *stages.Job) error {
			job.Progress(5, 4, "B")
			return nil
		}), "progress 5 of 4 B"},
		"deaf to cancellation":    {deaf{}, "want one that wraps context.Canceled"},
		"deaf to parameters":      {deaf{}, `accepted the parameter "no_such_parameter"`},
		"no version":              {spoilSpec(func(s *stages.Spec) { s.Version = "" }), "the version is empty"},
		"kind in capitals":        {spoilSpec(func(s *stages.Spec) { s.Kind = "Upper" }), `kind "Upper" is not lower case`},
		"camel-case parameter":    {spoilSpec(func(s *stages.Spec) { s.Params[0].Name = "suffixText" }), `"suffixText" is not in snake_case`},
		"default of another type": {spoilSpec(func(s *stages.Spec) { s.Params[1].Default = `"x"` }), `parameter "seeds": default "x"`},
		"default that is no JSON": {spoilSpec(func(s *stages.Spec) { s.Params[0].Default = `x` }), "default x is not JSON"},
		"unknown type":            {spoilSpec(func(s *stages.Spec) { s.Params[0].Type = "text" }), `type "text"`},
		"undocumented port":       {spoilSpec(func(s *stages.Spec) { s.Inputs[0].Doc = "" }), `port "text" has no documentation`},
		"port named as parameter": {spoilSpec(func(s *stages.Spec) { s.Inputs[1].Name = "suffix" }), `input port "suffix" is also a parameter`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := stagetest.Check(t.Context(), t.TempDir(), test.stage, stagetest.Case{Inputs: inputs})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// deaf hears neither its context nor its parameters.
type deaf struct{}

func (deaf) Spec() stages.Spec { return upper{}.Spec() }

func (deaf) Run(_ context.Context, job *stages.Job) error {
	if err := os.Mkdir(job.Out["parts"], 0o755); err != nil {
		return err
	}
	return os.WriteFile(job.Out["capitals"], nil, 0o644)
}

func TestStochasticStageMayDiffer(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, upper{
		spec: func(s *stages.Spec) { s.Class = "stochastic" },
		run: func(_ context.Context, job *stages.Job) error {
			job.In = job.In[:min(job.Threads, len(job.In))]
			return nil
		},
	}, stagetest.Case{Inputs: inputs})
}

func TestNewJobFollowsTheEngine(t *testing.T) {
	t.Parallel()
	job := stagetest.NewJob(t, upper{}, `{"suffix": ""}`, inputs...)
	if err := (upper{}).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(job.Out["capitals"])
	if err != nil || string(got) != "EINSZWEIDREIVIER" {
		t.Errorf("capitals are %q, %v", got, err)
	}
	if want := filepath.Join(job.Dir, "in", "vier.txt"); job.In[3].Path != want {
		t.Errorf("input vier.txt is at %s, want %s", job.In[3].Path, want)
	}
	if got := job.Log.(*stagetest.Log).String(); got != "4 texts\n" {
		t.Errorf("log is %q", got)
	}
}
