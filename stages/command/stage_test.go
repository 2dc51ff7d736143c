package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/command"
	"repro/stages/stagetest"
)

// script returns parameters that run a shell script.
func script(t testing.TB, text string, more map[string]any) string {
	t.Helper()
	params := map[string]any{"command": []string{"sh", "-euc", text}}
	for name, value := range more {
		params[name] = value
	}
	encoded, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func outputs(ports ...string) map[string]any {
	all := map[string]string{}
	for i := 0; i < len(ports); i += 2 {
		all[ports[i]] = ports[i+1]
	}
	return map[string]any{"outputs": all}
}

func read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestStageConforms(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, command.New(command.Options{}), stagetest.Case{
		Params: script(t, `tr a-z A-Z < in/text.v1.txt > out/deep/up.txt; cp -r in/folder out/copy; echo scratch > out/extra; echo said`, map[string]any{
			"outputs": map[string]string{"upper": "deep/up.txt", "copied": "copy/"},
			"stdout":  "said",
		}),
		Inputs: []stagetest.Input{
			{Port: "inputs", Name: "text.v1.txt", Content: "text\n"},
			{Port: "inputs", Name: "folder", Files: map[string]string{"a/b": "ab", "c": "c"}},
		},
	})
}

func TestStageMovesPathsToPorts(t *testing.T) {
	t.Parallel()
	stage := command.New(command.Options{})
	job := stagetest.NewJob(t, stage, script(t, `echo first > out/b; mkdir out/a; echo second > out/a/x; echo third > out/c.d; printf said`, map[string]any{
		"outputs": map[string]string{"a": "b", "b": "a/", "third": "c.d"}, // crossed
		"stdout":  "c",
	}))
	if err := stage.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	got := []string{read(t, job.Out["a"]), read(t, filepath.Join(job.Out["b"], "x")), read(t, job.Out["third"]), read(t, job.Out["c"])}
	if diff := cmp.Diff([]string{"first\n", "second\n", "third\n", "said"}, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// TestStageLeavesNamesToTheProgram has a program make what the stage makes
// itself: a folder to move outputs through, and a path that is also a port.
func TestStageLeavesNamesToTheProgram(t *testing.T) {
	t.Parallel()
	stage := command.New(command.Options{})
	port := strings.Repeat("p", 100)
	job := stagetest.NewJob(t, stage, script(t, `mkdir made made/out; echo mine > made/out/f; echo one > out/said; echo two > out/in/x; echo three`, map[string]any{
		"outputs": map[string]string{"a": "said", port: "in/x"},
		"stdout":  "said",
	}))
	if err := stage.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	got := []string{read(t, job.Out["a"]), read(t, job.Out[port]), read(t, job.Out["said"])}
	if diff := cmp.Diff([]string{"one\n", "two\n", "three\n"}, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestStageShowsAFixedEnvironment(t *testing.T) {
	t.Setenv("REPRO_TEST_SECRET", "from the host")
	stage := command.New(command.Options{})
	job := stagetest.NewJob(t, stage, script(t, `env | sort; test -d "$HOME"; test -d "$TMPDIR"`, map[string]any{
		"env":    map[string]string{"TZ": "Asia/Tokyo", "NAME": "a b=c\nd"},
		"stdout": "env",
	}))
	if err := stage.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	got := strings.NewReplacer(job.Dir, "JOB", os.Getenv("PATH"), "HOST").Replace(read(t, job.Out["env"]))
	var kept []string
	for line := range strings.Lines(got) {
		// What a shell adds by itself.
		if !strings.HasPrefix(line, "PWD=") && !strings.HasPrefix(line, "OLDPWD=") && !strings.HasPrefix(line, "SHLVL=") && !strings.HasPrefix(line, "_=") {
			kept = append(kept, line)
		}
	}
	want := "CUDA_VISIBLE_DEVICES=\nHOME=JOB\nLANG=C.UTF-8\nLC_ALL=C.UTF-8\nNAME=a b=c\nPATH=HOST\nPYTHONHASHSEED=0\nSOURCE_DATE_EPOCH=0\nTMPDIR=JOB\nTZ=Asia/Tokyo\nd\n"
	if diff := cmp.Diff(want, strings.Join(kept, "")); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestStageSaysWhatIsThereInsteadOfAnOutput(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		params map[string]any
		want   []string
	}{
		"a slip of the finger": {
			`echo > out/metrcis.json; echo > out/log`, outputs("metrics", "metrics.json"),
			[]string{"did not write output metrics (out/metrics.json)", "out/ holds: log, metrcis.json", `did you mean "metrcis.json"?`},
		},
		"nothing at all":           {`:`, outputs("model", "model/"), []string{"output model (out/model)", "out/ is empty"}},
		"a folder where a file is": {`mkdir out/x`, outputs("x", "x"), []string{"out/x is a folder", `"x/"`}},
		"a file where a folder is": {`echo > out/x`, outputs("x", "x/"), []string{"out/x is not a folder"}},
		"a link":                   {`ln -s /etc/passwd out/x`, outputs("x", "x"), []string{"not a regular file"}},
		"a file in the place of stdout": {
			`echo mine > out/said; echo > out/x`, map[string]any{"outputs": map[string]string{"x": "x"}, "stdout": "said"},
			[]string{"wrote out/said", `stdout = "said"`},
		},
		"a file in the place of stdout, where outputs move": {
			`echo mine > out/said; echo > out/y`, map[string]any{"outputs": map[string]string{"x": "y"}, "stdout": "said"},
			[]string{"wrote out/said", `stdout = "said"`},
		},
		"failure, with the reason":    {`echo why >&2; exit 4`, outputs("x", "x"), []string{"exit status 4"}},
		"a program that is not there": {``, map[string]any{"command": []string{"in/absent"}, "stdout": "x"}, []string{"no such file", "inputs are at in/NAME"}},
		"an input that is not executable": {
			``, map[string]any{"command": []string{"in/script.sh"}, "stdout": "x"},
			[]string{"permission denied", `command = ["sh", "in/script.sh"]`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := command.New(command.Options{})
			job := stagetest.NewJob(t, stage, script(t, test.script, test.params), stagetest.Input{Port: "inputs", Name: "script.sh", Content: "echo\n"})
			err := stage.Run(t.Context(), job)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestStageWritesOutputOfTheProgramToTheLog(t *testing.T) {
	t.Parallel()
	stage := command.New(command.Options{})
	job := stagetest.NewJob(t, stage, script(t, `echo one; echo two >&2; echo three > out/x`, outputs("x", "x")))
	if err := stage.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if got := job.Log.(*stagetest.Log).String(); got != "one\ntwo\n" {
		t.Errorf("log is %q", got)
	}
}

func TestStageCancelledReturnsAndKills(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name := pipe(t)
	gone := ended(t, name)
	stage := command.New(command.Options{})
	job := stagetest.NewJob(t, stage, script(t, `exec 3>"$PIPE"; (exec sleep 1000) & echo ready; wait`, map[string]any{
		"env":     map[string]string{"PIPE": name},
		"outputs": map[string]string{"x": "x"},
	}))
	job.Log = &trigger{text: "ready", do: cancel}
	if err := stage.Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want one that wraps context.Canceled", err)
	}
	<-gone
}

func TestCheckRefusesParameters(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	tests := map[string]struct{ params, param, problem string }{
		"no program":            {`{"command": [], "outputs": {"x": "x"}}`, "command", "names no program"},
		"no output":             {`{"command": ["true"]}`, "outputs", "no output"},
		"leaves out/":           {`{"command": ["true"], "outputs": {"x": "../x"}}`, "outputs", "not one below out/"},
		"absolute":              {`{"command": ["true"], "outputs": {"x": "/x"}}`, "outputs", "not one below out/"},
		"out/ itself":           {`{"command": ["true"], "outputs": {"x": "./"}}`, "outputs", "not one below out/"},
		"empty path":            {`{"command": ["true"], "outputs": {"x": ""}}`, "outputs", "not one below out/"},
		"port no identifier":    {`{"command": ["true"], "outputs": {"a.b": "x"}}`, "outputs", "not an identifier"},
		"one in the other":      {`{"command": ["true"], "outputs": {"a": "x/", "b": "x/y"}}`, "outputs", "in that of port"},
		"the same path twice":   {`{"command": ["true"], "outputs": {"a": "x", "b": "./x"}}`, "outputs", "in that of port"},
		"stdout twice":          {`{"command": ["true"], "outputs": {"a": "x"}, "stdout": "a"}`, "stdout", "also in outputs"},
		"long port":             {`{"command": ["true"], "outputs": {"` + long + `": "x"}}`, "outputs", "at most 100 characters"},
		"long port of stdout":   {`{"command": ["true"], "stdout": "` + long + `"}`, "stdout", "at most 100 characters"},
		"stdout no identifier":  {`{"command": ["true"], "stdout": "a b"}`, "stdout", "not an identifier"},
		"environment variable":  {`{"command": ["true"], "stdout": "a", "env": {"A=B": "x"}}`, "env", "no environment variable"},
		"a choice of GPUs":      {`{"command": ["true"], "stdout": "a", "env": {"CUDA_VISIBLE_DEVICES": "0"}}`, "env", "set by the engine"},
		"an order of GPUs":      {`{"command": ["true"], "stdout": "a", "env": {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}}`, "env", "set by the engine"},
		"NUL in an argument":    {`{"command": ["a\u0000b"], "stdout": "a"}`, "command", "NUL"},
		"NUL in an output path": {`{"command": ["a"], "outputs": {"x": "\u0000"}}`, "outputs", "not one below out/"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := command.New(command.Options{}).Check(json.RawMessage(test.params))
			var paramErr *stages.ParamError
			if !errors.As(err, &paramErr) || paramErr.Param != test.param || !strings.Contains(paramErr.Problem, test.problem) {
				t.Errorf("got %v, want %s: …%s…", err, test.param, test.problem)
			}
		})
	}
}

func TestOutputsAreSortedPorts(t *testing.T) {
	t.Parallel()
	ports, err := command.New(command.Options{}).Outputs(json.RawMessage(`{"command": ["true"], "outputs": {"z": "a", "a": "deep/z/"}, "stdout": "m"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []stages.Port{
		{Name: "a", Dir: true, Doc: "What the program writes to out/deep/z."},
		{Name: "z", Doc: "What the program writes to out/a."},
		{Name: "m", Doc: "The program's standard output."},
	}
	if diff := cmp.Diff(want, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

func TestToolsNamesAMissingProgram(t *testing.T) {
	t.Parallel()
	stage := command.New(command.Options{})
	tools, err := stage.Tools(t.Context(), json.RawMessage(`{"command": ["no-such-program"], "stdout": "x"}`))
	var missing *stages.MissingToolError
	if !errors.As(err, &missing) || !strings.Contains(missing.Tool, "no-such-program") {
		t.Errorf("got %v, want a MissingToolError", err)
	}
	if diff := cmp.Diff(map[string]string{}, tools); diff != "" {
		t.Errorf("tools, which say that the key is known (-want +got):\n%s", diff)
	}
	for _, program := range []string{"sh", "in/script", "/absent"} {
		tools, err := stage.Tools(t.Context(), json.RawMessage(`{"command": ["`+program+`"], "stdout": "x"}`))
		if err != nil || tools == nil || len(tools) > 0 {
			t.Errorf("%s: got %v, %v, want no tools in the key", program, tools, err)
		}
	}
}
