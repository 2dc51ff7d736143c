package translate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/stagetest"
	"repro/stages/translate"
)

const toSpanish = `{"from": "en", "to": "es"}`

// needApertium skips the test where the modes are not installed.
func needApertium(t testing.TB, modes ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "apertium", "-l").Output()
	if err != nil {
		t.Skipf("no Apertium: %v", err)
	}
	installed := strings.Fields(string(out))
	for _, mode := range modes {
		if !slices.Contains(installed, mode) {
			t.Skipf("no Apertium mode %s", mode)
		}
	}
}

// alone returns what Apertium prints for one text, without marks.
func alone(t testing.TB, mode, text string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "apertium", "-u", mode)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// queries makes pairs whose passages are empty.
func queries(texts []string) []corpus.Pair {
	var all []string
	for _, text := range texts {
		all = append(all, text, "")
	}
	return english(all...)
}

func TestApertiumConforms(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa", "es-pt")
	for _, params := range []string{toSpanish, `{"from": "en", "to": "pt", "via": ["es"]}`} {
		t.Run(params, func(t *testing.T) {
			t.Parallel()
			stagetest.Run(t, translate.New(translate.Options{}), stagetest.Case{
				Params: params,
				Inputs: []stagetest.Input{input(t, english("Who wrote the book?", "She wrote the book in a house.", "", "She wrote it.\n\nThen she slept."))},
			})
		})
	}
}

func TestApertiumTranslates(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa", "es-pt", "en-gl")
	for _, test := range []struct{ params, origin, text, want string }{
		{toSpanish, "apertium en→es", " The house is big.\n", " La casa es grande.\n"},
		{`{"from": "en", "to": "pt", "via": ["es"]}`, "apertium en→es→pt", "The house is big.", "A casa é grande."},
		{`{"from": "en", "to": "gl"}`, "apertium en→gl", "The house is big.", "A casa é grande."},
		{toSpanish, "apertium en→es", "Armenian", "Armenian"}, // no mark at unknown words
	} {
		got, _ := run(t, translate.New(translate.Options{}), test.params, english(test.text, ""))
		if got[0].Query != test.want || got[0].Origin != test.origin {
			t.Errorf("%s: got %q from %q, want %q from %q", test.params, got[0].Query, got[0].Origin, test.want, test.origin)
		}
	}
}

// TestApertiumKeepsTextsApart sends texts that are full of Apertium's markup
// and expects of each what Apertium makes of it alone.
func TestApertiumKeepsTextsApart(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa")
	texts := []string{
		"$5 ^2 [x] {y} (z) <b>bold</b> a/b c\\d", "C++ and C# a+b=c", "#hashtag @user +word word# *star*", "~tilde a~b ~", "...", "wait...", "e.g",
		"\"quoted\" l'amour don't", "&amp; a|b `code` %s", "*", "/", "\\", "~", "^", "$", "[", "]", "<", "@", "emoji 😀 family 👨\u200d👩\u200d👧", "العربية 日本語 テスト",
		"e\u0301 zero\u200bwidth nb\u00a0sp \ufeffbom \ufffd", "tab\there\nline  x\x01\x02ctrl\u2028ls", "one.\n\ntwo", "[[t:b:abc]]word[[/]]",
		"[<STREAMCMD:SETVAR:x>] <STREAMCMD:FLUSH>", "^a/b<n>$ ^", "What is it", "Mr. Smith's UPPER CASE", "http://a.b/c?d=e&f#g user@host.org", ".", "a.[]", "[]", "word\\.[]",
	}
	got, _ := run(t, translate.New(translate.Options{}), toSpanish, queries(texts))
	for i, text := range texts {
		if want := alone(t, "eng-spa", text); got[i].Query != want {
			t.Errorf("%q: got %q, alone %q", text, got[i].Query, want)
		}
	}
	got, _ = run(t, translate.New(translate.Options{}), toSpanish, english("a house", "nul\x00byte", "the house", "\x00"))
	if want := alone(t, "eng-spa", "nul byte"); got[0].Passage != want || got[1].Query != "La casa" {
		t.Errorf("with a NUL got %q and %q", got[0], got[1])
	}
}

// TestApertiumForgetsTheTextsBefore holds the words with which apertium-tagger
// 3.8 spoils all that follow: see pipeline.
func TestApertiumForgetsTheTextsBefore(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa")
	texts := []string{"Galatasaray based city", "It is well-known.", "Fenerbahçe based city", "The Bolsheviks advocated the policy.", "The near house.", "Galatasaray based city."}
	var want []string
	for _, text := range texts {
		want = append(want, alone(t, "eng-spa", text))
	}
	got, _ := run(t, translate.New(translate.Options{}), toSpanish, queries(texts))
	for i, pair := range got {
		if pair.Query != want[i] {
			t.Errorf("%q: got %q, alone %q", texts[i], pair.Query, want[i])
		}
	}
}

// TestApertiumOnRealTexts is the same with questions and passages of
// SQuADShifts: neither threads nor order nor neighbours matter.
func TestApertiumOnRealTexts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	needApertium(t, "eng-spa")
	texts := squadShifts(t, 300)
	translated := func(texts []string, threads int) map[string]string {
		stage := translate.New(translate.Options{})
		job := stagetest.NewJob(t, stage, toSpanish, input(t, queries(texts)))
		job.Threads = threads
		if err := stage.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		pairs, err := corpus.LoadLines[corpus.Pair](job.Out["pairs"])
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for i, pair := range pairs {
			all[texts[i]] = pair.Query
		}
		return all
	}
	want := translated(texts, 1)
	for i := 0; i < len(texts); i += 20 {
		if alone := alone(t, "eng-spa", texts[i]); alone != want[texts[i]] {
			t.Errorf("%q: got %q, alone %q", texts[i], want[texts[i]], alone)
		}
	}
	shuffled := slices.Clone(texts)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if diff := cmp.Diff(want, translated(shuffled, 4)); diff != "" {
		t.Errorf("translations in another order by 4 threads (-1 thread +4 threads):\n%s", diff)
	}
}

// squadShifts returns n distinct questions and passages in turn.
func squadShifts(t testing.TB, n int) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testkit.Datasets(t), "squadshifts", "new_wiki_v1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Data []struct {
			Paragraphs []struct {
				Context string
				QAs     []struct{ Question string }
			}
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, article := range file.Data {
		for _, p := range article.Paragraphs {
			sentence, _, _ := strings.Cut(p.Context, ". ")
			texts = append(texts, strings.TrimSpace(sentence))
			for _, qa := range p.QAs {
				texts = append(texts, strings.TrimSpace(qa.Question))
			}
		}
	}
	slices.Sort(texts)
	texts = slices.DeleteFunc(slices.Compact(texts), func(text string) bool { return text == "" })
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	if n > 0 {
		texts = texts[:n]
	}
	return texts
}

func TestApertiumRemembersAndDoesNotChangeResults(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa", "es-pt")
	options := translate.Options{Memory: openMemory(t, t.TempDir())}
	viaSpanish := `{"from": "en", "to": "pt", "via": ["es"]}`
	run(t, translate.New(options), toSpanish, english("It is well-known.", "The house."))
	pairs := english("It is well-known.", "The house.", "Galatasaray based city", "The house.")
	got, log := run(t, translate.New(options), viaSpanish, pairs)
	if want := "apertium en→es: 3 distinct texts, 2 of them translated before"; !strings.Contains(log, want) {
		t.Errorf("log %q does not say %q", log, want)
	}
	want, _ := run(t, translate.New(translate.Options{}), viaSpanish, pairs)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the memory changed the result (-without +with):\n%s", diff)
	}
}

// watched is a memory that tells when something is put into it.
type watched struct {
	translate.Memory
	put func()
}

func (w watched) Put(book string, entries map[translate.Key]string) error {
	defer w.put()
	return w.Memory.Put(book, entries)
}

func TestApertiumCancelledKeepsWhatIsReady(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	memory := openMemory(t, dir)
	// A chunk of the smallest size and more.
	var texts []string
	for i := range 400 {
		texts = append(texts, fmt.Sprintf("The house has %d windows and stands near the road.", i))
	}
	stage := translate.New(translate.Options{Memory: watched{memory, cancel}})
	job := stagetest.NewJob(t, stage, toSpanish, input(t, queries(texts)))
	job.Threads = 4
	if err := stage.Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want one that wraps context.Canceled", err)
	}
	books, err := filepath.Glob(filepath.Join(dir, "apertium-en-es-*.tsv"))
	if err != nil || len(books) != 1 {
		t.Fatalf("the memory holds %v, %v, want one book", books, err)
	}
	content, err := os.ReadFile(books[0])
	if err != nil || !strings.Contains(string(content), "La casa tiene") {
		t.Errorf("nothing was kept: %q, %v", content, err)
	}
}

// mode makes a data folder with one mode, xx-yy, of the given shell pipeline.
// SCRIPT in it is the path of an executable with the given text. Each program
// is called with the option -z.
func mode(t testing.TB, pipeline, script string) translate.Options {
	t.Helper()
	data := t.TempDir()
	program := filepath.Join(data, "script")
	for name, content := range map[string]string{"script": "#!/bin/sh\n" + script + "\n", "modes/xx-yy.mode": strings.ReplaceAll(pipeline, "SCRIPT", program)} {
		file := filepath.Join(data, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return translate.Options{Apertium: data}
}

const fake = `{"from": "xx", "to": "yy"}`

func foreign(texts ...string) []corpus.Pair {
	pairs := queries(texts)
	for i := range pairs {
		pairs[i].Lang = "xx"
	}
	return pairs
}

func TestApertiumFindsTheTextThatBreaksAProgram(t *testing.T) {
	t.Parallel()
	needApertium(t)
	tests := map[string]struct{ script, want string }{
		"that loses texts": {`exec sed -z /boom/d`, "got 0 texts back, not 1"},
		"that crashes":     {`in=$(tr '\000' '\n'); case $in in *boom*) echo problem >&2; kill -SEGV $$;; esac; printf '%s\n' "$in" | tr '\n' '\000'`, "problem"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := translate.New(mode(t, "sed p -n | SCRIPT | sed p -n", test.script))
			job := stagetest.NewJob(t, stage, fake, input(t, foreign("a", "b", "boom", "c", "d")))
			err := stage.Run(t.Context(), job)
			if err == nil || !strings.Contains(err.Error(), `translate "boom"`) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v", err)
			}
		})
	}
	t.Run("that cannot take many", func(t *testing.T) {
		t.Parallel()
		stage := translate.New(mode(t, `SCRIPT | sed 's/.*/\U&/'`, `in=$(tr '\000' '\n'); test $(printf '%s\n' "$in" | wc -l) -le 2 || exit 1; printf '%s\n' "$in" | tr '\n' '\000'`))
		got, log := run(t, stage, fake, foreign("a", "b", "c", "d", "e"))
		var all strings.Builder
		for _, pair := range got {
			all.WriteString(pair.Query)
		}
		if all.String() != "ABCDE" || !strings.Contains(log, "trying each half") {
			t.Errorf("got %q, log %q", all.String(), log)
		}
	})
}

func TestApertiumCancelLeavesNoProcess(t *testing.T) {
	t.Parallel()
	needApertium(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	stage := translate.New(mode(t, "sed p -n | SCRIPT | sed p -n", `exec 3>"`+pipe+`"; trap "" TERM; echo ready >&3; exec sleep 1000`))
	job := stagetest.NewJob(t, stage, fake, input(t, foreign("a")))
	cancelWhenReady(t, pipe, func(ctx context.Context) error { return stage.Run(ctx, job) })
}

func TestApertiumToolsChangeWithTheData(t *testing.T) {
	t.Parallel()
	needApertium(t)
	options := mode(t, "cat SCRIPT", "one")
	other := mode(t, "cat SCRIPT", "one") // the same in another folder
	tools := func(options translate.Options) map[string]string {
		t.Helper()
		tools, err := translate.New(options).Tools(t.Context(), json.RawMessage(`{"from": "xx", "to": "yy", "engine": "apertium"}`))
		if err != nil {
			t.Fatal(err)
		}
		return tools
	}
	first := tools(options)
	if first["apertium"] == "" || first["cat"] == "" || first["apertium mode xx-yy"] == "" {
		t.Errorf("tools are %v", first)
	}
	if diff := cmp.Diff(first, tools(other)); diff != "" {
		t.Errorf("the folder of the data is in the tools:\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(options.Apertium, "script"), []byte("two"), 0o755); err != nil {
		t.Fatal(err)
	}
	if tools(options)["apertium mode xx-yy"] == first["apertium mode xx-yy"] {
		t.Error("a change of the data does not show in the tools")
	}
	if err := os.WriteFile(filepath.Join(other.Apertium, "modes", "xx-yy.mode"), []byte("cat -u "+filepath.Join(other.Apertium, "script")), 0o755); err != nil {
		t.Fatal(err)
	}
	if tools(other)["apertium mode xx-yy"] == first["apertium mode xx-yy"] {
		t.Error("a change of the mode does not show in the tools")
	}
}

func TestApertiumToolsOfInstalledModes(t *testing.T) {
	t.Parallel()
	needApertium(t, "eng-spa", "es-pt")
	stage := translate.New(translate.Options{})
	params := json.RawMessage(`{"from": "en", "to": "pt", "engine": "apertium", "via": ["es"]}`)
	first, err := stage.Tools(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"apertium", "lttoolbox", "lrx-proc", "apertium mode eng-spa", "apertium mode es-pt"} {
		if first[name] == "" {
			t.Errorf("tools lack %s: %v", name, first)
		}
	}
	again, err := stage.Tools(t.Context(), params)
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("the second time: %v\n%s", err, diff)
	}
}

func TestMissingModeNamesThePackageOrAPivot(t *testing.T) {
	t.Parallel()
	empty := translate.New(translate.Options{Apertium: t.TempDir()})
	tests := map[string]struct {
		from, to         string
		install, problem string
	}{
		"a package":                    {"en", "es", "apt-get install apertium apertium-eng-spa", ""},
		"a package in reverse":         {"gl", "en", "apt-get install apertium apertium-en-gl", ""},
		"a variant":                    {"en", "sr", "apt-get install apertium apertium-hbs-eng", ""},
		"one language of two":          {"sv", "no", "apt-get install apertium apertium-swe-nor", ""},
		"one way only":                 {"en", "eu", "", "Apertium translates nothing from en to eu"},
		"a pivot":                      {"en", "pt", "", `via = ["ca"]. So can: es, gl.`},
		"nothing at all":               {"en", "zh", "", "Apertium translates nothing from en to zh"},
		"a language that it knows not": {"en", "qq", "", "Apertium translates nothing from en to qq"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := empty.Tools(t.Context(), json.RawMessage(fmt.Sprintf(`{"from": %q, "to": %q, "engine": "apertium"}`, test.from, test.to)))
			var missing *stages.MissingToolError
			if test.install != "" && (!errors.As(err, &missing) || missing.Install != test.install) {
				t.Errorf("got %v, want %s", err, test.install)
			}
			var paramErr *stages.ParamError
			if test.problem != "" && (!errors.As(err, &paramErr) || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("got %v, want %s", err, test.problem)
			}
		})
	}
}

func BenchmarkTools(b *testing.B) {
	needApertium(b, "eng-spa")
	stage := translate.New(translate.Options{})
	for b.Loop() {
		if _, err := stage.Tools(b.Context(), json.RawMessage(`{"from": "en", "to": "es", "engine": "apertium"}`)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApertium translates all questions and first sentences of SQuADShifts
// new-wiki.
func BenchmarkApertium(b *testing.B) {
	needApertium(b, "eng-spa", "es-pt", "en-gl")
	texts := squadShifts(b, 0)
	var size int
	for _, text := range texts {
		size += len(text)
	}
	stage := translate.New(translate.Options{})
	for _, params := range []string{toSpanish, `{"from": "en", "to": "gl"}`, `{"from": "en", "to": "pt", "via": ["es"]}`} {
		b.Run(params, func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				job := stagetest.NewJob(b, stage, params, input(b, queries(texts)))
				job.Threads = 2
				if err := stage.Run(b.Context(), job); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(texts))*float64(b.N)/b.Elapsed().Seconds(), "texts/s")
		})
	}
}
