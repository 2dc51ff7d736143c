package train_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
	"repro/stages/train/static"
)

// rows is a sampler whose every batch is made by a function of the pool.
type rows func(pool *sample.Pool) []sample.Row

func (r rows) Batch(pool *sample.Pool, _ sample.Step, _ *sample.Rand) (sample.Batch, error) {
	return sample.Batch{Draw: "test", Dataset: pool.Datasets()[0], Rows: r(pool)}, nil
}

// drawn returns the folder of batches that a sampler draws from pairs.
func drawn(t testing.TB, s sample.Sampler, steps, size int, pairs []corpus.Pair) stagetest.Input {
	t.Helper()
	var input strings.Builder
	enc := json.NewEncoder(&input)
	for _, p := range pairs {
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	stage := sample.New(sample.Method{
		Name: "test", Doc: "A test.",
		New: func(json.RawMessage) (sample.Sampler, error) { return s, nil },
	})
	job, err := run(t, stage, fmt.Sprintf(`{"sampler": "test", "steps": %d, "batch_size": %d}`, steps, size),
		stagetest.Input{Port: "input", Content: input.String()})
	if err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: "batches", From: job.Out["batches"]}
}

func TestNegativesComeBehindTheRowsAndAreMaskedIfTheyAnswer(t *testing.T) {
	t.Parallel()
	const (
		a sample.Item = iota // in the order of ids
		b
		c // has a's passage in English
		d // has b's passage in German
		e
	)
	var pairs []corpus.Pair
	for id, passages := range map[string][2]string{
		"a": {"A", "Ah"}, "b": {"B", "Beh"}, "c": {"A", "Zeh"}, "d": {"D", "Beh"}, "e": {"E", "Eh"},
	} {
		for k, lang := range []string{"en", "de"} {
			pairs = append(pairs, corpus.Pair{Dataset: "d", ID: id, Lang: lang, Query: lang + " " + id, Passage: passages[k]})
		}
	}
	in := drawn(t, rows(func(*sample.Pool) []sample.Row {
		return []sample.Row{
			{Item: a, Query: "de", Passage: "en", Negatives: []sample.Passage{{Item: e, Lang: "en"}, {Item: c, Lang: "de"}}},
			{Item: b, Query: "en", Passage: "en", Negatives: []sample.Passage{{Item: c, Lang: "en"}, {Item: d, Lang: "de"}, {Item: a, Lang: "de"}}},
		}
	}), 1, 2, pairs)
	steps := 0
	s := train.NewKind("fake", fake{func(batch train.Batch) train.Step {
		steps++
		if diff := cmp.Diff([]string{"de a", "en b"}, batch.Queries); diff != "" {
			t.Errorf("queries (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"A", "B", "E", "Zeh", "A", "Beh", "Ah"}, batch.Passages); diff != "" {
			t.Errorf("passages (-want +got):\n%s", diff)
		}
		for i, want := range [][]string{{"Zeh", "A", "Ah"}, {"Beh"}} {
			var got []string
			for j, p := range batch.Passages {
				if i != j && batch.Masked(i, j) {
					got = append(got, p)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("masked for row %d (-want +got):\n%s", i, diff)
			}
		}
		return train.Step{}
	}})
	if _, err := run(t, s, `{}`, in); err != nil {
		t.Fatal(err)
	}
	if steps != 1 {
		t.Errorf("%d steps", steps)
	}
}

func TestNegativeTextsComeLastAndAreMaskedIfTheyAreTheRowsPassage(t *testing.T) {
	t.Parallel()
	var pairs []corpus.Pair
	for _, id := range []string{"A", "B", "C"} {
		pairs = append(pairs, corpus.Pair{Dataset: "d", ID: id, Lang: "en", Query: "q " + id, Passage: id, Negatives: []string{"not " + id}})
	}
	in := drawn(t, rows(func(pool *sample.Pool) []sample.Row {
		return []sample.Row{
			{Item: 0, Query: "en", Passage: "en", PassageText: "a", NegativeTexts: []string{"not A", "B"}},
			{Item: 1, Query: "en", Passage: "en", NegativeTexts: []string{"A", "a"}, Negatives: []sample.Passage{{Item: 2, Lang: "en"}}},
		}
	}), 1, 2, pairs)
	s := train.NewKind("fake", fake{func(batch train.Batch) train.Step {
		if diff := cmp.Diff([]string{"a", "B", "C", "not A", "B", "A", "a"}, batch.Passages); diff != "" {
			t.Errorf("passages (-want +got):\n%s", diff)
		}
		for i, want := range [][]string{{"A", "a"}, {"B"}} {
			var got []string
			for j, p := range batch.Passages {
				if i != j && batch.Masked(i, j) {
					got = append(got, p)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("masked for row %d (-want +got):\n%s", i, diff)
			}
		}
		return train.Step{}
	}})
	if _, err := run(t, s, `{}`, in); err != nil {
		t.Fatal(err)
	}
}

func TestTheStaticBackendRefusesSelfPairs(t *testing.T) {
	t.Parallel()
	var pairs []corpus.Pair
	for i := range 9 {
		text := fmt.Sprintf("sentence %d", i)
		pairs = append(pairs, corpus.Pair{Dataset: "d", ID: text, Lang: "en", Query: text, Passage: text})
	}
	in := drawn(t, sample.SimCSE{}, 2, 4, pairs)
	_, err := run(t, train.New(), `{`+small+`}`, in)
	var param *stages.ParamError
	if !errors.As(err, &param) || param.Param != "backend" || !strings.Contains(err.Error(), "without dropout") {
		t.Errorf("got %v, want an error at backend", err)
	}
	if _, err := run(t, train.New(), `{`+small+`, "max_steps": 0}`, in); err != nil {
		t.Errorf("without a step: %v", err)
	}
}

// withTwins draws monolingual batches and gives each row the item as a negative
// that differs from its own in the last bit of its number.
type withTwins struct{ sample.XXMono }

func (s withTwins) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	b, err := s.XXMono.Batch(pool, step, rng)
	for i, r := range b.Rows {
		b.Rows[i].Negatives = []sample.Passage{{Item: r.Item ^ 1, Lang: r.Passage}}
	}
	return b, err
}

// Two items each have most of their words in common. What tells them apart is
// learned where they meet, which is seldom in small batches without negatives.
func TestHardNegativesTeachWhatRandomOnesSeldomShow(t *testing.T) {
	t.Parallel()
	const items = 80
	var pairs []corpus.Pair
	for i := range items {
		common := fmt.Sprintf("x%[1]dx y%[1]dy z%[1]dz", 31*(i/2))
		pairs = append(pairs, corpus.Pair{
			Dataset: "d", ID: fmt.Sprintf("%02d", i), Lang: "en",
			Query: fmt.Sprintf("q%dq %s", 7*i, common), Passage: fmt.Sprintf("%s p%dp", common, 13*i),
		})
	}
	params := `{` + small + `, "learning_rate": 0.03, "temperature": 0.1}`
	var right [2]int
	for k, s := range []sample.Sampler{sample.XXMono{}, withTwins{}} {
		in := drawn(t, s, 80, 4, pairs)
		job, err := run(t, train.New(), params, in)
		if err != nil {
			t.Fatal(err)
		}
		points := curve(t, job)
		if first, last := points[0].Loss, points[len(points)-1].Loss; last > first/2 {
			t.Errorf("%T: the loss went from %.3f to %.3f", s, first, last)
		}
		model, err := static.Load(job.Out["model"])
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pairs {
			v := model.Encode([]string{p.Query, p.Passage, pairs[i^1].Passage}, 1)
			if cosine(v[0], v[1]) > cosine(v[0], v[2]) {
				right[k]++
			}
		}
	}
	t.Logf("of %d questions, %d are closer to their passage than to its twin, with hard negatives %d", items, right[0], right[1])
	if right[1] < items*9/10 || right[1] < right[0]+items/10 {
		t.Errorf("%d questions of %d are closer to their passage than to its twin, with hard negatives %d", right[0], items, right[1])
	}
}

func cosine(a, b []float32) (sum float64) {
	for k := range a {
		sum += float64(a[k]) * float64(b[k])
	}
	return sum
}

func TestStageKeepsItsPromisesWithNegatives(t *testing.T) {
	t.Parallel()
	var pairs []corpus.Pair
	for i := range 40 {
		pairs = append(pairs, corpus.Pair{
			Dataset: "d", ID: fmt.Sprintf("%02d", i), Lang: "en",
			Query: fmt.Sprintf("question thing%d", i), Passage: fmt.Sprintf("passage about thing%d", i),
		})
	}
	stagetest.Run(t, train.New(), stagetest.Case{
		Params: `{` + small + `}`,
		Inputs: []stagetest.Input{drawn(t, withTwins{}, 20, 8, pairs)},
	})
}
