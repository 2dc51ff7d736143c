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

	"github.com/google/go-cmp/cmp"

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
		"nli":             {map[string]any{"format": "nli", "langs": []string{"en", "de"}, "origin": "human"}, []string{"snli.en.jsonl", "snli.de.jsonl"}},
		"nli-csv":         {map[string]any{"format": "nli", "langs": []string{"en"}}, []string{"triplets.en.csv"}},
		"text":            {map[string]any{"format": "text", "langs": []string{"en", "de"}}, []string{"sentences.en.txt", "sentences.de.txt"}},
		"beir":            {map[string]any{"format": "beir", "langs": []string{"en"}, "beir.split": "test"}, []string{"beir"}},
		"beir-train":      {map[string]any{"format": "beir", "langs": []string{"en", "de"}, "beir.split": "train"}, []string{"beir", "beir"}},
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
		"nli as parallel":      {"parallel", `{"gold_label":"neutral","sentence1":"a"}`, `looks like format "nli"`},
		"csv as squad":         {"squad", "sent0,sent1,hard_neg\n", `looks like format "nli"`},
		"squad as nli":         {"nli", with(squad, ""), `looks like format "squad" or "lareqa"`},
		"nli without a label":  {"nli", `{"sentence1":"a","sentence2":"b"}`, `:1: bad input: gold_label is ""`},
		"nli other label":      {"nli", `{"gold_label":"-"}` + "\n" + `{"sentence1":"a","sentence2":"b","gold_label":"maybe"}`, `:2: bad input: gold_label is "maybe"`},
		"nli only neutral":     {"nli", `{"sentence1":"a","sentence2":"b","gold_label":"neutral"}`, "nothing in it is an entailment"},
		"nli not JSON":         {"nli", `{"sentence1":"a","gold_label":"neutral"}` + "\n{", ":2:"},
		"csv ragged":           {"nli", "sent0,sent1,hard_neg\na,b,c\na,b\n", "line 3: wrong number of fields"},
		"csv bare quote":       {"nli", "sent0,sent1,hard_neg\na \"b\" c,b,c\n", "line 2"},
		"csv other columns":    {"nli", "sent0,sent10\na,b\n", "its columns are sent0, sent10"},
		"csv not UTF-8":        {"nli", "sent0,sent1\na,b\n\xff,b\n", ":3: it is not UTF-8"},
		"csv only a head":      {"nli", "sent0,sent1,hard_neg\n", "nothing in it is an entailment"},
		"text not UTF-8":       {"text", "one\n\xff\n", ":2: it is not UTF-8"},
		"text with no text":    {"text", "\n \n", "no sentences"},
		"text compressed":      {"text", "\x1f\x8b\x08", "decompress"},
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
			wants := []string{c.want, file, "(de)"}
			if c.want == "no sentences" { // of all languages
				wants = wants[:2]
			}
			for _, want := range wants {
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
		"split":       {map[string]any{"format": "beir", "langs": []string{"en"}, "beir.split": "qrels/test"}, "beir.split"},
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

func TestOutputsAreWhatAFormatHas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  map[string]any
		want []string
	}{
		{map[string]any{"format": "squad"}, []string{"pairs", "retrieval"}},
		{map[string]any{"format": "squad", "retrieval": false}, []string{"pairs"}},
		{map[string]any{"format": "nli"}, []string{"pairs"}},
		{map[string]any{"format": "text"}, []string{"pairs"}},
		{map[string]any{"format": "beir", "beir.split": "test"}, []string{"retrieval"}},
	} {
		c.set["langs"] = []string{"en"}
		ports, err := convert.New().(stages.Outputter).Outputs(newJob(t, c.set).Params)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, port := range ports {
			got = append(got, port.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.set, diff)
		}
	}
}

func TestConformanceOfFormatsWithoutQuestions(t *testing.T) {
	t.Parallel()
	for format, names := range map[string][]string{
		"nli": {"snli.en.jsonl", "snli.de.jsonl"}, "text": {"sentences.en.txt", "sentences.de.txt"}, "beir": {"beir", "beir"},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			c := stagetest.Case{Params: fmt.Sprintf(`{"format": %q, "dataset": "d", "langs": ["en", "de"]}`, format)}
			for _, name := range names {
				c.Inputs = append(c.Inputs, stagetest.Input{Port: "input", From: "testdata/" + name})
			}
			stagetest.Run(t, convert.New(), c)
		})
	}
}

func TestAFolderOfOneFileStandsForIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "any.txt"), []byte("One.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, newJob(t, map[string]any{"format": "text", "langs": []string{"en"}}, dir)); !strings.Contains(got, `"One."`) {
		t.Errorf("got %s", got)
	}
	err := convert.New().Run(t.Context(), newJob(t, map[string]any{"format": "text", "langs": []string{"en"}}, "testdata"))
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "not of one file") {
		t.Errorf("a folder of many: %v", err)
	}
}

func TestBadBEIRFoldersAreNamed(t *testing.T) {
	t.Parallel()
	const head = "query-id\tcorpus-id\tscore\n"
	for name, c := range map[string]struct{ docs, queries, qrels, want string }{
		"no judgements":    {`{"_id":"d"}`, `{"_id":"q"}`, "", "strip = 1"},
		"all irrelevant":   {`{"_id":"d"}`, `{"_id":"q"}`, head + "q\td\t0\n", "judges nothing relevant"},
		"unknown query":    {`{"_id":"d"}`, `{"_id":"q"}`, head + "x\td\t1\n", `no query "x"`},
		"a query twice":    {`{"_id":"d"}`, `{"_id":"q"}` + "\n" + `{"_id":"q"}`, head + "q\td\t1\n", `queries.jsonl:2: bad input: query "q" occurs twice`},
		"judged twice":     {`{"_id":"d"}`, `{"_id":"q"}`, head + "q\td\t1\nq\td\t2\n", `test.tsv:3: document "d" is judged twice`},
		"two fields":       {`{"_id":"d"}`, `{"_id":"q"}`, head + "q\td\n", "test.tsv:2: want"},
		"a score of 0.5":   {`{"_id":"d"}`, `{"_id":"q"}`, head + "q\td\t0.5\n", `score "0.5"`},
		"white space":      {`{"_id":"d e"}`, `{"_id":"q"}`, head + "q\td\t1\n", `corpus.jsonl:1: bad input: _id "d e"`},
		"no id":            {`{"text":"d"}`, `{"_id":"q"}`, head + "q\td\t1\n", `_id ""`},
		"documents, bad":   {`{"_id":1}`, `{"_id":"q"}`, head + "q\td\t1\n", "corpus.jsonl:1"},
		"no header at all": {`{"_id":"d"}`, `{"_id":"q"}`, "q\td\t1\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{"corpus.jsonl": c.docs, "queries.jsonl": c.queries, "qrels/test.tsv": c.qrels}
			if err := os.Mkdir(filepath.Join(dir, "qrels"), 0o700); err != nil {
				t.Fatal(err)
			}
			for file, content := range files {
				if content == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := convert.New().Run(t.Context(), newJob(t, map[string]any{"format": "beir", "langs": []string{"en"}, "beir.split": "test"}, dir))
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want an input error with %q", err, c.want)
			}
		})
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
	job = newJob(t, map[string]any{"format": "beir", "langs": []string{"en", "de"}, "beir.split": "test"}, "testdata/beir", "testdata/beir")
	run(t, job)
	if _, err := corpus.LoadSet(job.Out["retrieval"]); err != nil {
		t.Error(err)
	}
}
