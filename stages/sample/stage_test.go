package sample_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
	"repro/stages/stagetest"
)

func lines(t testing.TB, pairs []corpus.Pair) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, p := range pairs {
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func input(t testing.TB, pairs ...[]corpus.Pair) []stagetest.Input {
	t.Helper()
	inputs := make([]stagetest.Input, len(pairs))
	for i, p := range pairs {
		inputs[i] = stagetest.Input{Port: "input", Content: lines(t, p)}
	}
	return inputs
}

func TestStageKeepsItsPromises(t *testing.T) {
	t.Parallel()
	stagetest.Run(t, sample.New(), stagetest.Case{
		Params: `{"sampler": "hybrid", "steps": 20, "batch_size": 8}`,
		Inputs: input(t, parallel("a", 20, "en", "de"), parallel("a", 20, "fr"), parallel("b", 30, "en")),
	})
}

// run returns the folder of batches.
func run(t testing.TB, params string, inputs []stagetest.Input) string {
	t.Helper()
	s := sample.New()
	job := stagetest.NewJob(t, s, params, inputs...)
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	return job.Out["batches"]
}

func read(t testing.TB, elem ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestArmsShareThePoolAndSeeEquallyManyExamples(t *testing.T) {
	t.Parallel()
	in := input(t, parallel("a", 20, "en", "de", "fr"), parallel("b", 30, "en"))
	var pairs []string
	var sizes [][3]int
	for _, arm := range []string{
		`{"sampler": "x-x-mono", "steps": 30, "batch_size": 8, "seed": 1}`,
		`{"sampler": "x-y", "steps": 30, "batch_size": 8, "seed": 1}`,
		`{"sampler": "hybrid", "steps": 30, "batch_size": 8, "seed": 2}`,
	} {
		dir := run(t, arm, in)
		pairs = append(pairs, read(t, dir, "pairs.jsonl"))
		b, err := sample.Load(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, [3]int{b.Summary.Steps, b.Summary.BatchSize, b.Summary.Examples})
	}
	if pairs[0] != pairs[1] || pairs[0] != pairs[2] {
		t.Error("the arms' pairs.jsonl differ")
	}
	want := [3]int{30, 8, 240}
	if diff := cmp.Diff([][3]int{want, want, want}, sizes); diff != "" {
		t.Errorf("steps, batch size, examples (-want +got):\n%s", diff)
	}
}

func TestBatchesAreReadAsTheyWereDrawn(t *testing.T) {
	t.Parallel()
	pairs := parallel("a", 20, "en", "de", "fr")
	dir := run(t, `{"sampler": "hybrid", "steps": 12, "batch_size": 5, "seed": 11}`, input(t, pairs))
	b, err := sample.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	type batch struct {
		Draw, Dataset string
		Rows          []sample.Row
	}
	var got, want []batch
	for v, err := range b.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, batch{v.Draw, v.Dataset.Name, v.Rows})
	}
	for _, v := range batches(t, sampler(t, "hybrid", `{"alpha": 0.5}`), newPool(t, pairs), 5, 12) {
		want = append(want, batch{v.Draw, v.Dataset.Name, v.Rows})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	for _, err := range b.All() {
		if err != nil {
			t.Error(err)
		}
		break // must not hang or panic
	}
}

func TestBatchesAreReadableByAPerson(t *testing.T) {
	t.Parallel()
	dir := run(t, `{"sampler": "x-x-mono", "steps": 1, "batch_size": 2}`, input(t, parallel("a", 2, "de")))
	first, _, _ := strings.Cut(read(t, dir, "batches.jsonl"), "\n")
	want := `{"step":0,"draw":"x-x-mono","dataset":"a","rows":[{"id":"a-0","query":"de","passage":"de"},{"id":"a-1","query":"de","passage":"de"}]}`
	other := `{"step":0,"draw":"x-x-mono","dataset":"a","rows":[{"id":"a-1","query":"de","passage":"de"},{"id":"a-0","query":"de","passage":"de"}]}`
	if first != want && first != other {
		t.Errorf("got %s", first)
	}
}

func TestCompositionCountsThePool(t *testing.T) {
	t.Parallel()
	translated := parallel("a", 3, "gl")
	for i := range translated {
		translated[i].Origin = "apertium en→es→gl"
	}
	s := sample.New()
	job := stagetest.NewJob(t, s, `{"sampler": "x-y", "steps": 1, "batch_size": 2}`, input(t, parallel("a", 4, "en"), translated)...)
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal([]byte(read(t, job.Out["composition"])), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"dataset": "a", "lang": "en", "origin": "original", "metric": "pairs", "value": 4.},
		{"dataset": "a", "lang": "gl", "origin": "apertium en→es→gl", "metric": "pairs", "value": 3.},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("composition (-want +got):\n%s", diff)
	}
}

func TestLangsChoosesLanguages(t *testing.T) {
	t.Parallel()
	in := input(t, parallel("a", 20, "en", "de", "fr"), parallel("swahili", 5, "sw"))
	dir := run(t, `{"sampler": "x-y", "steps": 5, "batch_size": 8, "langs": ["fr", "en"]}`, in)
	b, err := sample.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"en", "fr"}, b.Pool.Langs()); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
	s := sample.New()
	err = s.Run(t.Context(), stagetest.NewJob(t, s, `{"sampler": "x-y", "steps": 5, "langs": ["en", "xx"]}`, in...))
	var param *stages.ParamError
	if !errors.As(err, &param) || param.Param != "langs" || !strings.Contains(param.Hint, "de, en, fr, sw") {
		t.Errorf("got %v, want an error at langs that lists what there is", err)
	}
}

func TestCheckRefusesBadParameters(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{"sampler": "x-z"}`:                            "sampler",
		`{"sampler": ""}`:                               "sampler",
		`{"sampler": "x-y", "batch_size": 1}`:           "batch_size",
		`{"sampler": "x-y", "steps": 0}`:                "steps",
		`{"sampler": "hybrid", "hybrid.alpha": 1.5}`:    "hybrid.alpha",
		`{"sampler": "hybrid", "hybrid.alpha": -0.001}`: "hybrid.alpha",
	} {
		s := sample.New()
		full := map[string]any{"batch_size": 100, "steps": 10, "seed": 0, "dataset_weight": "size", "langs": []string{}}
		if err := json.Unmarshal([]byte(params), &full); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(full)
		if err != nil {
			t.Fatal(err)
		}
		var param *stages.ParamError
		if err := s.Check(raw); !errors.As(err, &param) || param.Param != want {
			t.Errorf("%s: got %v, want an error at %s", params, err, want)
		}
	}
	var param *stages.ParamError
	err := sample.New().Check([]byte(`{"sampler": "hibrid", "batch_size": 9, "steps": 1, "seed": 0, "dataset_weight": "size", "langs": []}`))
	if !errors.As(err, &param) || !strings.Contains(param.Hint, `Did you mean "hybrid"?`) {
		t.Errorf("got %v, want a suggestion", err)
	}
}

func TestBadPairsAreNamedByFileAndLine(t *testing.T) {
	t.Parallel()
	bad := lines(t, parallel("a", 2, "en")) + "\n" + `{"dataset":"a","id":"x","lang":"en","query":"","passage":"p"}` + "\n"
	s := sample.New()
	job := stagetest.NewJob(t, s, `{"sampler": "x-x", "steps": 1, "batch_size": 2}`,
		stagetest.Input{Port: "input", Content: lines(t, parallel("b", 2, "en"))}, stagetest.Input{Port: "input", Content: bad})
	err := s.Run(t.Context(), job)
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), job.In[1].Path+":4:") {
		t.Errorf("got %v, want an input error at line 4 of the second file", err)
	}
}

func TestDamagedBatchesAreRefused(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(string) string{
		"cut short":        func(s string) string { return s[:len(s)/2] },
		"a line less":      func(s string) string { return s[strings.Index(s, "\n")+1:] },
		"a line more":      func(s string) string { return s + s[:strings.Index(s, "\n")+1] },
		"unknown id":       func(s string) string { return strings.ReplaceAll(s, `"a-0"`, `"a-x"`) },
		"unknown language": func(s string) string { return strings.ReplaceAll(s, `"en"`, `"xx"`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := run(t, `{"sampler": "x-y", "steps": 6, "batch_size": 3}`, input(t, parallel("a", 3, "en", "de")))
			file := filepath.Join(dir, "batches.jsonl")
			if err := os.WriteFile(file, []byte(damage(read(t, file))), 0o644); err != nil {
				t.Fatal(err)
			}
			b, err := sample.Load(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range b.All() {
				err = e
			}
			if !errors.Is(err, stages.ErrInput) {
				t.Errorf("got %v, want an error that wraps stages.ErrInput", err)
			}
		})
	}
}

// reverser is what a third party writes: questions read backwards, as many as
// its own parameter says.
type reverser struct{ rows int }

func (r reverser) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	b := sample.Batch{Draw: "reversed", Dataset: pool.Datasets()[0]}
	for range min(step.Size, r.rows) {
		item := b.Dataset.Items()[rng.IntN(len(b.Dataset.Items()))]
		lang := pool.LangsOf(item)[0]
		query, _, _ := pool.Text(item, lang)
		text := []rune(query)
		for i, j := 0, len(text)-1; i < j; i, j = i+1, j-1 {
			text[i], text[j] = text[j], text[i]
		}
		b.Rows = append(b.Rows, sample.Row{Item: item, Query: lang, Passage: lang, QueryText: string(text)})
	}
	return b, nil
}

func reversed() sample.Method {
	return sample.Method{
		Name: "reversed", Doc: "Reads questions backwards.",
		Params: []stages.Param{{Name: "rows", Type: "number", Default: "100", Doc: "How many rows to draw."}},
		New: func(params json.RawMessage) (sample.Sampler, error) {
			var p struct {
				Rows int `json:"rows"`
			}
			err := stages.DecodeParams(params, &p)
			return reverser{p.Rows}, err
		},
	}
}

func TestAPluginBringsAMethodWithParametersAndTexts(t *testing.T) {
	t.Parallel()
	s := sample.NewKind("sample-reversed", reversed())
	in := input(t, parallel("a", 9, "de"))
	stagetest.Run(t, s, stagetest.Case{Params: `{"sampler": "reversed", "steps": 3, "batch_size": 4}`, Inputs: in})
	job := stagetest.NewJob(t, s, `{"sampler": "reversed", "steps": 3, "batch_size": 4}`, in...)
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	b, err := sample.Load(t.Context(), job.Out["batches"])
	if err != nil {
		t.Fatal(err)
	}
	for batch, err := range b.All() {
		if err != nil {
			t.Fatal(err)
		}
		if text := batch.Rows[0].QueryText; !strings.HasPrefix(text, "?") {
			t.Errorf("the question's text is %q", text)
		}
	}
	job = stagetest.NewJob(t, s, `{"sampler": "reversed", "steps": 3, "batch_size": 4, "reversed.rows": 2}`, in...)
	if err := s.Run(t.Context(), job); err == nil || !strings.Contains(err.Error(), "drew 2 rows, want 4") {
		t.Errorf("a short batch: got %v", err)
	}
}

func TestSamplingStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := sample.New()
	job := stagetest.NewJob(t, s, `{"sampler": "x-y", "steps": 1000000, "batch_size": 10}`, input(t, parallel("a", 20, "en", "de"))...)
	job.OnProgress = func(done, _ int64, unit string) {
		if unit == "steps" && done == 3 {
			cancel()
		}
	}
	if err := s.Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// BenchmarkMillionPairs measures reading a million pairs and drawing from them.
func BenchmarkMillionPairs(b *testing.B) {
	var pairs []corpus.Pair
	for d := range 4 {
		pairs = append(pairs, parallel(fmt.Sprintf("dataset-%d", d), 25_000, "ar", "de", "en", "es", "fr", "hi", "ru", "th", "vi", "zh")...)
	}
	b.Run("pool", func(b *testing.B) {
		for b.Loop() {
			newPool(b, pairs)
		}
	})
	pool := newPool(b, pairs)
	s := sampler(b, "hybrid", `{"alpha": 0.5}`)
	b.Run("batch of 100", func(b *testing.B) {
		for step := 0; b.Loop(); step++ {
			if _, err := s.Batch(pool, sample.Step{Number: step, Total: b.N, Size: 100}, sample.NewRand(0, step)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pairs.jsonl", func(b *testing.B) {
		for b.Loop() {
			enc := json.NewEncoder(io.Discard)
			for p := range pool.All() {
				if err := enc.Encode(p); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func TestDatasetsOfEqualWeightComeEquallyOften(t *testing.T) {
	t.Parallel()
	in := input(t, append(parallel("large", 900, "en", "de"), parallel("small", 20, "en", "de", "fr")...))
	share := func(weight string) float64 {
		dir := run(t, `{"sampler": "x-y", "steps": 400, "batch_size": 5, "dataset_weight": "`+weight+`"}`, in)
		loaded, err := sample.Load(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		small := 0
		for b, err := range loaded.All() {
			if err != nil {
				t.Fatal(err)
			}
			if b.Dataset.Name == "small" {
				small++
			}
		}
		return float64(small) / 400
	}
	if equal := share("equal"); equal < .4 || equal > .6 {
		t.Errorf("the small dataset fed %.2f of the batches, want about .5", equal)
	}
	if size := share("size"); size > .06 {
		t.Errorf("the small dataset fed %.2f of the batches, want about .02", size)
	}
}
