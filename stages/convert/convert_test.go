package convert_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/convert"
	"repro/stages/corpus"
	"repro/stages/stagetest"
)

// newJob returns a job with default parameters changed by set.
func newJob(t *testing.T, set map[string]any, files ...string) *stages.Job {
	t.Helper()
	params := map[string]any{"dataset": "d"}
	for _, p := range convert.New().Spec().Params {
		if p.Default != "" {
			params[p.Name] = json.RawMessage(p.Default)
		}
	}
	for name, value := range set {
		params[name] = value
	}
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	job := &stages.Job{
		Params:  raw,
		Dir:     dir,
		Threads: 2,
		Log:     t.Output(),
		Out:     map[string]string{"pairs": filepath.Join(dir, "pairs.jsonl"), "retrieval": filepath.Join(dir, "retrieval")},
	}
	for _, file := range files {
		job.In = append(job.In, stages.Input{Port: "input", Path: file})
	}
	return job
}

// run runs the stage and returns what it wrote as one text.
func run(t *testing.T, job *stages.Job) string {
	t.Helper()
	if err := convert.New().Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, name := range []string{"pairs.jsonl", "retrieval/corpus.jsonl", "retrieval/queries.jsonl", "retrieval/qrels/test.tsv"} {
		b, err := os.ReadFile(filepath.Join(job.Dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("== " + name + "\n" + string(b))
	}
	return out.String()
}

func TestConvertsEachFormat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		params map[string]any
		files  []string
	}{
		"squad":           {map[string]any{"format": "squad", "langs": []string{"en", "zh"}}, []string{"squad.en.json", "squad.zh.json"}},
		"squad-paragraph": {map[string]any{"format": "squad", "langs": []string{"en"}, "passage": "paragraph", "origin": "human", "retrieval": false}, []string{"squad.en.json"}},
		"lareqa":          {map[string]any{"format": "lareqa", "langs": []string{"en", "de"}}, []string{"lareqa.en.json", "lareqa.de.json"}},
		"lareqa-dedup":    {map[string]any{"format": "lareqa", "langs": []string{"de", "en"}, "dedup_queries": true}, []string{"lareqa.de.json", "lareqa.en.json"}},
		"parallel":        {map[string]any{"format": "parallel", "langs": []string{"en", "es"}}, []string{"parallel.en.jsonl", "parallel.es.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range c.files {
				c.files[i] = filepath.Join("testdata", c.files[i])
			}
			testkit.Golden(t, name+".golden", run(t, newJob(t, c.params, c.files...)))
		})
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for format, ext := range map[string]string{"squad": "json", "lareqa": "json", "parallel": "jsonl"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			other := map[string]string{"squad": "zh", "lareqa": "de", "parallel": "es"}[format]
			stagetest.Run(t, convert.New(), stagetest.Case{
				Params: fmt.Sprintf(`{"format": %q, "dataset": "d", "langs": ["en", %q]}`, format, other),
				Inputs: []stagetest.Input{
					{Port: "input", From: fmt.Sprintf("testdata/%s.en.%s", format, ext)},
					{Port: "input", From: fmt.Sprintf("testdata/%s.%s.%s", format, other, ext)},
				},
			})
		})
	}
}

func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	const (
		squad = `{"data":[{"paragraphs":[{"context":"Short. Long.","qas":[]},{"context":"Short. Long.","qas":[%]}]}]}`
		cuts  = `{"data":[{"paragraphs":[{"context":"Ab. Cd.","sentence_breaks":%,"qas":[{"id":"x","question":"?","answers":[{"text":"","answer_start":3}]}]}]}]}`
	)
	with := func(frame, hole string) string { return strings.Replace(frame, "%", hole, 1) }
	for name, c := range map[string]struct{ format, content, want string }{
		"answer outside":       {"squad", with(squad, `{"id":"x","question":"?","answers":[{"text":"a","answer_start":12}]}`), `paragraph 1: question "x": answer_start 12 is outside all sentences of a context of 12 code points`},
		"negative answer":      {"squad", with(squad, `{"id":"x","question":"?","answers":[{"text":"a","answer_start":-1}]}`), `question "x": answer_start -1 is outside`},
		"answer between":       {"lareqa", with(cuts, `[[0,3],[4,7]]`), `paragraph 0: question "x": answer_start 3 is outside all sentences`},
		"breaks overlap":       {"lareqa", with(cuts, `[[0,4],[3,7]]`), "sentence_breaks 1: [3, 7]"},
		"breaks too long":      {"lareqa", with(cuts, `[[0,8]]`), "outside the context of 7 code points"},
		"break empty":          {"lareqa", with(cuts, `[[0,0],[0,7]]`), "sentence_breaks 0"},
		"break negative":       {"lareqa", with(cuts, `[[-1,7]]`), "sentence_breaks 0"},
		"no id":                {"squad", with(squad, `{"question":"?","answers":[{"answer_start":0}]}`), `paragraph 1: question at position 0: no "id"`},
		"id with tab":          {"squad", with(squad, `{"id":"a\tb","question":"?","answers":[{"answer_start":0}]}`), "white space in its id"},
		"no question":          {"squad", with(squad, `{"id":"x","answers":[{"answer_start":0}]}`), `question "x": no "question"`},
		"no answer":            {"squad", with(squad, `{"id":"x","question":"?","answers":[],"is_impossible":true}`), "SQuAD 2.0"},
		"no start":             {"squad", with(squad, `{"id":"x","question":"?","answers":[{"text":"a"}]}`), `no "answer_start"`},
		"start is text":        {"squad", with(squad, `{"id":"x","question":"?","answers":[{"answer_start":"0"}]}`), "answer_start"},
		"id twice":             {"squad", with(squad, `{"id":"x","question":"?","answers":[{"answer_start":0}]},{"id":"x","question":"!","answers":[{"answer_start":0}]}`), `question "x": its id occurs already in paragraph 1`},
		"no context":           {"squad", `{"data":[{"paragraphs":[{"qas":[]}]}]}`, `paragraph 0: no "context"`},
		"no qas":               {"squad", `{"data":[{"paragraphs":[{"context":"a"}]}]}`, `no "qas"`},
		"no questions":         {"squad", `{"data":[]}`, "it has no questions"},
		"truncated":            {"squad", with(squad, "")[:60], "ends too early"},
		"something behind":     {"squad", with(squad, "") + "{}", "something follows"},
		"data is no list":      {"squad", `{"data":{}}`, "found { where [ has to be"},
		"not JSON":             {"squad", `hello`, "invalid character"},
		"a list":               {"squad", `[]`, "found [ where { has to be"},
		"empty":                {"squad", ``, "an empty file"},
		"gzip":                 {"squad", "\x1f\x8b\x08", "decompress"},
		"zip":                  {"lareqa", "PK\x03\x04", "zip archive"},
		"web page":             {"lareqa", "\n<!DOCTYPE html>", "a web page"},
		"squad as lareqa":      {"lareqa", with(squad, ""), `looks like format "squad"`},
		"lareqa as squad":      {"squad", with(cuts, `[[0,3]]`), `looks like format "lareqa"`},
		"parallel as squad":    {"squad", `{"id":"1","question":"?","passage":"p"}`, `looks like format "parallel"`},
		"squad as parallel":    {"parallel", with(squad, ""), `looks like format "squad" or "lareqa"`},
		"BEIR as parallel":     {"parallel", `{"_id":"1","text":"?"}`, "BEIR layout"},
		"parallel no passage":  {"parallel", `{"id":"1","question":"?","passage":"p"}` + "\n" + `{"id":"2","question":"?"}`, `:2: bad input: question "2": no "passage"`},
		"parallel no question": {"parallel", `{"id":"1","passage":"?"}`, `question "1": no "question"`},
		"parallel no id":       {"parallel", `{"question":"1","passage":"?"}`, `no "id"`},
		"parallel twice":       {"parallel", strings.Repeat(`{"id":"1","question":"?","passage":"p"}`+"\n", 2), `:2: bad input: question "1": its id occurs already`},
		"parallel not JSON":    {"parallel", `{"id":"1","question":"?","passage":"p"}` + "\n{", ":2:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "broken.json")
			if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := convert.New().Run(t.Context(), newJob(t, map[string]any{"format": c.format, "langs": []string{"de"}}, file))
			if !errors.Is(err, stages.ErrInput) {
				t.Fatalf("got %v, want an error that wraps ErrInput", err)
			}
			for _, want := range []string{c.want, file, "(de)"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestCheckRefusesBadParameters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set   map[string]any
		param string
	}{
		"format":      {map[string]any{"format": "csv", "langs": []string{"en"}}, "format"},
		"dataset":     {map[string]any{"format": "squad", "langs": []string{"en"}, "dataset": ""}, "dataset"},
		"passage":     {map[string]any{"format": "squad", "langs": []string{"en"}, "passage": "page"}, "passage"},
		"no language": {map[string]any{"format": "squad", "langs": []string{}}, "langs"},
		"bad":         {map[string]any{"format": "squad", "langs": []string{"e:n"}}, "langs"},
		"twice":       {map[string]any{"format": "squad", "langs": []string{"en", "de", "en"}}, "langs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := convert.New().(stages.Checker).Check(newJob(t, c.set).Params)
			var bad *stages.ParamError
			if !errors.As(err, &bad) || bad.Param != c.param {
				t.Errorf("got %v, want a ParamError of %s", err, c.param)
			}
		})
	}
}

func TestLanguagesAndFilesMustAgree(t *testing.T) {
	t.Parallel()
	job := newJob(t, map[string]any{"format": "squad", "langs": []string{"en", "zh"}}, "testdata/squad.en.json")
	err := convert.New().Run(t.Context(), job)
	var bad *stages.ParamError
	if !errors.As(err, &bad) || bad.Param != "langs" {
		t.Errorf("got %v, want a ParamError of langs", err)
	}
}

func TestOutputsWithoutRetrieval(t *testing.T) {
	t.Parallel()
	for _, retrieval := range []bool{true, false} {
		job := newJob(t, map[string]any{"format": "squad", "langs": []string{"en"}, "retrieval": retrieval})
		ports, err := convert.New().(stages.Outputter).Outputs(job.Params)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 2, false: 1}[retrieval]; len(ports) != want {
			t.Errorf("retrieval %v: got %d ports, want %d", retrieval, len(ports), want)
		}
	}
}

func TestCancelIsNoFaultOfTheFile(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	job := newJob(t, map[string]any{"format": "squad", "langs": []string{"en"}}, "testdata/squad.en.json")
	job.OnProgress = func(int64, int64, string) { cancel() }
	err := convert.New().Run(ctx, job)
	if !errors.Is(err, context.Canceled) || errors.Is(err, stages.ErrInput) {
		t.Errorf("got %v, want only context.Canceled", err)
	}
}

func TestMisplacedAnswersAreLogged(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "s.json")
	content := `{"data":[{"paragraphs":[{"context":"One. Two.","qas":[{"id":"x","question":"?","answers":[{"text":"Two","answer_start":0}]}]}]}]}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	job := newJob(t, map[string]any{"format": "squad", "langs": []string{"en"}}, file)
	var log strings.Builder
	job.Log = &log
	run(t, job)
	if !strings.Contains(log.String(), "en: 1 answers are not what stands") {
		t.Errorf("log %q", log.String())
	}
}

func TestSetsCanBeLoaded(t *testing.T) {
	t.Parallel()
	job := newJob(t, map[string]any{"format": "lareqa", "langs": []string{"en", "de"}}, "testdata/lareqa.en.json", "testdata/lareqa.de.json")
	run(t, job)
	if _, err := corpus.LoadSet(job.Out["retrieval"]); err != nil {
		t.Error(err)
	}
}
