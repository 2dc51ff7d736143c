package translate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/stagetest"
	"repro/stages/translate"
)

// english returns English pairs from queries and passages in turn.
func english(texts ...string) []corpus.Pair {
	var pairs []corpus.Pair
	for i := 0; i < len(texts); i += 2 {
		pairs = append(pairs, corpus.Pair{Dataset: "test", ID: fmt.Sprint("q", i/2), Lang: "en", Query: texts[i], Passage: texts[i+1]})
	}
	return pairs
}

func input(t testing.TB, pairs []corpus.Pair) stagetest.Input {
	t.Helper()
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	for _, pair := range pairs {
		if err := enc.Encode(pair); err != nil {
			t.Fatal(err)
		}
	}
	return stagetest.Input{Port: "input", Content: lines.String()}
}

// run returns the translated pairs and the log.
func run(t testing.TB, stage *translate.Stage, params string, pairs []corpus.Pair) ([]corpus.Pair, string) {
	t.Helper()
	job := stagetest.NewJob(t, stage, params, input(t, pairs))
	job.Threads = 2
	if err := stage.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	got, err := corpus.LoadLines[corpus.Pair](job.Out["pairs"])
	if err != nil {
		t.Fatal(err)
	}
	return got, job.Log.(*stagetest.Log).String()
}

// capitals is a program that translates into capitals, and notes what it reads.
type capitals struct{ script, seen string }

func newCapitals(t testing.TB) capitals {
	t.Helper()
	dir := t.TempDir()
	c := capitals{script: filepath.Join(dir, "capitals.sh"), seen: filepath.Join(dir, "seen")}
	if err := os.WriteFile(c.script, []byte("tee -a "+c.seen+" | tr a-z A-Z\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c capitals) params() string {
	return fmt.Sprintf(`{"from": "en", "to": "xx", "engine": "command", "command": ["sh", %q]}`, c.script)
}

func (c capitals) lines(t testing.TB) []string {
	t.Helper()
	content, err := os.ReadFile(c.seen)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

func TestStageConforms(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, translate.New(translate.Options{}), stagetest.Case{
		Params: newCapitals(t).params(),
		Inputs: []stagetest.Input{input(t, english("who?", "they.", "", "two\nlines"))},
	})
}

func TestCommandTranslatesEachDistinctTextOnce(t *testing.T) {
	t.Parallel()
	c := newCapitals(t)
	pairs := english("who?", "a\r\nb", "who?", " \n", "", " a\r\nb\n", "c\u2028d", "who? ")
	pairs[1].Origin = "human"
	pairs = append(pairs, corpus.Pair{Dataset: "test", ID: "es", Lang: "es", Query: "¿no?", Passage: "no"})
	got, _ := run(t, translate.New(translate.Options{}), c.params(), pairs)
	want := english("WHO?", "A  B", "WHO?", " \n", "", " A  B\n", "C D", "WHO? ")
	for i := range want {
		want[i].Lang, want[i].Origin = "xx", "command sh"
	}
	want[1].Origin = "human; command sh"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"who?", "a  b", "c d"}, c.lines(t)); diff != "" {
		t.Errorf("the program read (-want +got):\n%s", diff)
	}
}

func TestNegativesAreTranslatedToo(t *testing.T) {
	t.Parallel()
	pairs := english("who?", "they.", "what?", "that.")
	pairs[0].Negatives = []string{"nobody.", "what?"}
	got, _ := run(t, translate.New(translate.Options{}), newCapitals(t).params(), pairs)
	want := english("WHO?", "THEY.", "WHAT?", "THAT.")
	want[0].Negatives = []string{"NOBODY.", "WHAT?"}
	for i := range want {
		want[i].Lang, want[i].Origin = "xx", "command sh"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
}

func TestOnlyNewTextsAreTranslatedWhenRowsAreAdded(t *testing.T) {
	t.Parallel()
	c := newCapitals(t)
	memory, err := translate.OpenMemory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	options := translate.Options{Memory: memory}
	pairs := english("one", "two", "three", "four")
	run(t, translate.New(options), c.params(), pairs)
	more := append(english("zero", "two"), pairs...)
	got, log := run(t, translate.New(options), c.params(), more)
	if diff := cmp.Diff([]string{"one", "two", "three", "four", "zero"}, c.lines(t)); diff != "" {
		t.Errorf("the program read (-want +got):\n%s", diff)
	}
	if want := "5 distinct texts, 4 of them translated before"; !strings.Contains(log, want) {
		t.Errorf("log %q does not say %q", log, want)
	}
	anew, _ := run(t, translate.New(translate.Options{}), c.params(), more)
	if diff := cmp.Diff(anew, got); diff != "" {
		t.Errorf("the memory changed the result (-without +with):\n%s", diff)
	}

	// Another language, program or argument is another book.
	before := len(c.lines(t))
	other := strings.Replace(c.params(), `"xx"`, `"yy"`, 1)
	run(t, translate.New(options), other, pairs)
	run(t, translate.New(options), strings.Replace(other, `"]`, `", "argument"]`, 1), pairs)
	if err := os.WriteFile(c.script, []byte("tee -a "+c.seen+" | tr a-y A-Y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, translate.New(options), other, pairs)
	if got := len(c.lines(t)) - before; got != 3*4 {
		t.Errorf("%d texts were translated, want 12", got)
	}
}

func TestBrokenMemoryOnlyCostsTime(t *testing.T) {
	t.Parallel()
	c := newCapitals(t)
	got, log := run(t, translate.New(translate.Options{Memory: broken{}}), c.params(), english("one", "two"))
	if got[0].Query != "ONE" || !strings.Contains(log, "no reading") || !strings.Contains(log, "no writing") {
		t.Errorf("got %v, log %q", got, log)
	}
}

type broken struct{}

func (broken) Get(string, []translate.Key) (map[translate.Key]string, error) {
	return nil, errors.New("no reading")
}

func (broken) Put(string, map[translate.Key]string) error { return errors.New("no writing") }

func TestRunSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	command := func(script string) string {
		return fmt.Sprintf(`{"from": "en", "to": "xx", "engine": "command", "command": ["sh", "-c", %q]}`, script)
	}
	tests := map[string]struct {
		params string
		pairs  []corpus.Pair
		want   []string
		is     error
	}{
		"no pairs in the language": {command("cat"), []corpus.Pair{{Lang: "es"}, {Lang: "de"}, {Lang: "es"}}, []string{`no pairs in "en"`, "de, es"}, stages.ErrInput},
		"no pairs":                 {command("cat"), nil, []string{"holds no pairs"}, stages.ErrInput},
		"a line too few":           {command("sed 1d"), english("one", "two"), []string{"got 1 lines for 2", "  one\n  two\n", "wrote:\n  two\n"}, nil},
		"no output":                {command("cat >/dev/null"), english("one", "two"), []string{"got 0 lines for 2"}, nil},
		"output that is not UTF-8": {command(`printf 'a\n\377\n'`), english("one", "two"), []string{"line 2", "not UTF-8"}, nil},
		"failure":                  {command("exit 3"), english("one", "two"), []string{"exit status 3"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := translate.New(translate.Options{})
			err := stage.Run(t.Context(), stagetest.NewJob(t, stage, test.params, input(t, test.pairs)))
			if err == nil || test.is != nil && !errors.Is(err, test.is) {
				t.Fatalf("got error %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestCheckRefusesParameters(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ params, param string }{
		"from is no code":              {`{"from": "English", "to": "es", "engine": "apertium"}`, "from"},
		"to is no code":                {`{"from": "en", "to": "pt_BR", "engine": "apertium"}`, "to"},
		"via is no code":               {`{"from": "en", "to": "pt", "engine": "apertium", "via": ["E"]}`, "via"},
		"nothing to do":                {`{"from": "en", "to": "en", "engine": "apertium"}`, "to"},
		"a step that does nothing":     {`{"from": "en", "to": "pt", "engine": "apertium", "via": ["en"]}`, "via"},
		"unknown engine":               {`{"from": "en", "to": "es", "engine": "google"}`, "engine"},
		"command without a program":    {`{"from": "en", "to": "es", "engine": "command"}`, "command"},
		"command with a slash":         {`{"from": "en", "to": "es", "engine": "command", "command": ["bin/tool"]}`, "command"},
		"command beside the workflow":  {`{"from": "en", "to": "es", "engine": "command", "command": ["./tool"]}`, "command"},
		"command with a relative file": {`{"from": "en", "to": "es", "engine": "command", "command": ["sh", "./tool.sh"]}`, "command"},
		"command with a relative flag": {`{"from": "en", "to": "es", "engine": "command", "command": ["sh", "--model=../model"]}`, "command"},
		"command for apertium":         {`{"from": "en", "to": "es", "engine": "apertium", "command": ["cat"]}`, "command"},
		"command with languages on it": {`{"from": "en", "to": "es", "engine": "command", "command": ["cat"], "via": ["fr"]}`, "via"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paramErr *stages.ParamError
			if err := translate.New(translate.Options{}).Check(json.RawMessage(test.params)); !errors.As(err, &paramErr) || paramErr.Param != test.param {
				t.Errorf("got %v, want an error of %s", err, test.param)
			}
		})
	}
}

func TestCommandToolsAreDigestsOfItsFiles(t *testing.T) {
	t.Parallel()
	c := newCapitals(t)
	stage := translate.New(translate.Options{})
	first, err := stage.Tools(t.Context(), json.RawMessage(c.params()))
	if err != nil || first["command[0] sh"] == "" || first["command[1] capitals.sh"] == "" {
		t.Fatalf("got %v, %v", first, err)
	}
	if err := os.WriteFile(c.script, []byte("cat\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := stage.Tools(t.Context(), json.RawMessage(c.params()))
	if err != nil || second["command[0] sh"] != first["command[0] sh"] || second["command[1] capitals.sh"] == first["command[1] capitals.sh"] {
		t.Errorf("after a change of the script got %v, %v; before %v", second, err, first)
	}
	var missing *stages.MissingToolError
	if tools, err := stage.Tools(t.Context(), commandParams(t, "no-such-program")); !errors.As(err, &missing) || tools != nil {
		t.Errorf("got %v, %v, want no tools and a MissingToolError: the key is not known", tools, err)
	}
}

// commandParams returns the parameters that translate with a program.
func commandParams(t testing.TB, argv ...string) json.RawMessage {
	t.Helper()
	params, err := json.Marshal(map[string]any{"from": "en", "to": "xx", "engine": "command", "command": argv})
	if err != nil {
		t.Fatal(err)
	}
	return params
}

func TestCommandToolsChangeWithEachFileOfTheArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a/model", "b/model", "c/model", "d=/model"} { // all of the same base name
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	params := commandParams(t, "sh", files[0], files[1], "--lexicon="+files[2], files[3], "/", "--delimiter=/", "/dev/null", "/^no file/d", "--lang=en")
	stage := translate.New(translate.Options{})
	tools := func() map[string]string {
		all, err := stage.Tools(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := tools()
	if len(before) != 1+len(files) {
		t.Fatalf("got %v, want a digest of sh and of each of %d files", before, len(files))
	}
	for i, file := range files {
		if err := os.WriteFile(file, []byte("changed "+file), 0o644); err != nil {
			t.Fatal(err)
		}
		after := tools()
		changed := fmt.Sprintf("command[%d] model", i+1)
		for name := range before {
			if (before[name] != after[name]) != (name == changed) {
				t.Errorf("after a change of %s: %s was %s, is %s", file, name, before[name], after[name])
			}
		}
		before = after
	}
}

func TestCommandRefusesAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{dir, "--model=" + dir, link} {
		stage := translate.New(translate.Options{})
		params := commandParams(t, "cat", arg)
		_, toolsErr := stage.Tools(t.Context(), params)
		runErr := stage.Run(t.Context(), stagetest.NewJob(t, stage, string(params), input(t, english("a", "b"))))
		for _, err := range []error{toolsErr, runErr} {
			var paramErr *stages.ParamError
			if !errors.As(err, &paramErr) || paramErr.Param != "command" || !strings.Contains(paramErr.Problem, "not be part of the key") {
				t.Errorf("%s: got %v, want an error of command about the key", arg, err)
			}
		}
	}
}

// TestCancelLeavesNoProcess waits for the end of a named pipe that the
// program's child keeps open.
func TestCancelLeavesNoProcess(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	script := `exec 3>"` + pipe + `"; (trap "" TERM; exec sleep 1000) & echo ready >&3; wait`
	stage := translate.New(translate.Options{})
	job := stagetest.NewJob(t, stage, fmt.Sprintf(`{"from": "en", "to": "xx", "engine": "command", "command": ["sh", "-c", %q]}`, script), input(t, english("a", "b")))
	cancelWhenReady(t, pipe, func(ctx context.Context) error { return stage.Run(ctx, job) })
}

// cancelWhenReady cancels run once something was written to the pipe, and waits
// until nobody can write to it any more.
func cancelWhenReady(t *testing.T, pipe string, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone := make(chan error, 1)
	go func() {
		f, err := os.Open(pipe)
		if err != nil {
			gone <- err
			return
		}
		_, err = f.Read(make([]byte, 1))
		cancel()
		for err == nil {
			_, err = f.Read(make([]byte, 100))
		}
		gone <- f.Close()
	}()
	if err := run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want one that wraps context.Canceled", err)
	}
	if err := <-gone; err != nil {
		t.Error(err)
	}
}
