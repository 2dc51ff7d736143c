package sample_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/sample"
)

// mixed has two datasets, several origins, an item in one language only, long
// texts and many scripts.
func mixed() []corpus.Pair {
	pairs := append(parallel("a", 40, "de", "en", "zh"), parallel("b", 30, "en", "ar")...)
	return append(pairs,
		corpus.Pair{Dataset: "b", ID: "long", Lang: "en", Query: strings.Repeat("Why? ", 1<<18), Passage: strings.Repeat("回", 1<<20), Origin: "human"},
		corpus.Pair{Dataset: "b", ID: "after", Lang: "th", Query: "ทำไม", Passage: "เพราะ", Origin: "apertium"},
	)
}

func saved(t *testing.T, pool *sample.Pool) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pool.safetensors")
	if err := pool.Save(name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAPoolIsReadAsItWasSaved(t *testing.T) {
	t.Parallel()
	pool := newPool(t, mixed())
	again, err := sample.OpenPool(saved(t, pool))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Collect(pool.All()), slices.Collect(again.All())); diff != "" {
		t.Errorf("pairs (-saved +read):\n%.2000s", diff)
	}
	if diff := cmp.Diff(pool.Langs(), again.Langs()); diff != "" {
		t.Error(diff)
	}
	for i, d := range pool.Datasets() {
		other := again.Datasets()[i]
		if d.Name != other.Name || !slices.Equal(d.Items(), other.Items()) || !slices.Equal(d.Multilingual(), other.Multilingual()) {
			t.Errorf("dataset %s differs", d.Name)
		}
		for _, lang := range pool.Langs() {
			if !slices.Equal(d.In(lang), other.In(lang)) {
				t.Errorf("dataset %s in %s: %v and %v", d.Name, lang, d.In(lang), other.In(lang))
			}
		}
	}
	// The same draws, by every method.
	for _, m := range sample.Methods() {
		s := sampler(t, m.Name, hybridParams(m.Name, .5))
		for step := range 20 {
			want, err := s.Batch(pool, sample.Step{Number: step, Total: 20, Size: 10}, sample.NewRand(3, step))
			if err != nil {
				continue // a language with too few items: the other pool must say so too
			}
			got, err := s.Batch(again, sample.Step{Number: step, Total: 20, Size: 10}, sample.NewRand(3, step))
			if err != nil || !cmp.Equal(want.Rows, got.Rows) {
				t.Fatalf("%s, step %d: other rows, %v", m.Name, step, err)
			}
		}
	}
}

func TestADamagedPoolIsRefused(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(saved(t, newPool(t, parallel("a", 5, "de", "en"))))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":        nil,
		"cut":          whole[:len(whole)-1],
		"only a start": whole[:20],
		"other format": []byte(strings.Replace(string(whole), "repro pool 1", "repro pool 2", 1)),
		"no datasets":  []byte(strings.Replace(string(whole), `[\"a\"]`, `[   ]  `, 1)),
		"bad offsets":  []byte(strings.Replace(string(whole), "\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff", 1)),
	} {
		file := filepath.Join(t.TempDir(), "pool")
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := sample.OpenPool(file); !errors.Is(err, stages.ErrInput) {
			t.Errorf("%s: got %v, want an error that wraps ErrInput", name, err)
		}
	}
}

func TestDrawsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 9, "de", "en"))
	d := pool.Datasets()[0]
	want := []sample.Batch{
		{Draw: "plain", Dataset: d, Rows: []sample.Row{{Item: 3, Query: "de", Passage: "en"}, {Item: 0, Query: "en", Passage: "en"}}},
		{Draw: "full", Dataset: d, Rows: []sample.Row{
			{Item: 1, Query: "de", Passage: "de", QueryText: "Frage <&>", Negatives: []sample.Passage{{Item: 2, Lang: "en"}, {Item: 8, Lang: "de"}}},
			{Item: 2, Query: "de", Passage: "de", PassageText: "回"},
		}},
	}
	file := filepath.Join(t.TempDir(), "draws")
	if err := sample.WriteDraws(file, pool, func(yield func(sample.Batch) error) error {
		return errors.Join(yield(want[0]), yield(want[1]))
	}); err != nil {
		t.Fatal(err)
	}
	var got []sample.Batch
	if err := sample.ReadDraws(file, pool, func(b sample.Batch) error { got = append(got, b); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Draw != "plain" || got[1].Dataset != d {
		t.Fatalf("got %d batches", len(got))
	}
	for i := range want {
		if diff := cmp.Diff(want[i].Rows, got[i].Rows); diff != "" {
			t.Errorf("batch %d (-written +read):\n%s", i, diff)
		}
	}
}

func TestBadDrawsAreRefusedWithTheirLine(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 9, "de", "en"))
	for line, want := range map[string]string{
		`{"draw":"x","items":[1],"query":[0],"passage":[]}`:                                 "1 items but 0 elements of passage",
		`{"draw":"x","items":[9],"query":[0],"passage":[0]}`:                                "item 9 of 9",
		`{"draw":"x","items":[-1],"query":[0],"passage":[0]}`:                               "item -1 of 9",
		`{"draw":"x","items":[1],"query":[2],"passage":[0]}`:                                "language 2 of 2",
		`{"draw":"x","items":[1],"query":["de"],"passage":[0]}`:                             "",
		`{"draw":"x","items":[4294967296],"query":[0],"passage":[0]}`:                       "",
		`{"draw":"x","items":[1],"query":[0],"passage":[0],"negatives":[[[1]]]}`:            "is no negative",
		`{"draw":"x","items":[1],"query":[0],"passage":[0],"negatives":[[[4294967297,0]]]}`: "is no negative",
		`{"draw":"x","items":[1],"query":[0],"passage":[0],"negative_texts":[["a"],["b"]]}`: "1 items but 2 elements of negative_texts",
		`{"draw":"x"`: "",
	} {
		file := filepath.Join(t.TempDir(), "draws")
		if err := os.WriteFile(file, []byte(`{"draw":"x","items":[1],"query":[0],"passage":[0]}`+"\n"+line+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		err := sample.ReadDraws(file, pool, func(sample.Batch) error { return nil })
		if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), fmt.Sprintf("%s:2", file)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

func TestAnEmptyColumnOfDrawsIsNone(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 9, "de", "en"))
	file := filepath.Join(t.TempDir(), "draws")
	line := `{"draw":"x","items":[1],"query":[0],"passage":[0],"query_text":[],"passage_text":[],"negatives":[],"negative_texts":[]}`
	if err := os.WriteFile(file, []byte(line+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sample.ReadDraws(file, pool, func(b sample.Batch) error {
		if diff := cmp.Diff([]sample.Row{{Item: 1, Query: "de", Passage: "de"}}, b.Rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestNoFlippedBitMakesAPoolPanic: a file that is wrong anywhere is refused, or
// read as another pool.
func TestNoFlippedBitMakesAPoolPanic(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(saved(t, newPool(t, contradicted("a", 5, "de", "en"), parallel("b", 3, "en"))))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pool")
	refused := 0
	for bit := range 8 * len(whole) {
		if bit%11 != 0 && bit > 4096 {
			continue // every bit of the header's beginning, one in eleven of the rest
		}
		whole[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
		pool, err := sample.OpenPool(file)
		whole[bit/8] ^= 1 << (bit % 8)
		if err != nil {
			refused++
			if !errors.Is(err, stages.ErrInput) {
				t.Fatalf("bit %d: %v does not wrap ErrInput", bit, err)
			}
			continue
		}
		for pair := range pool.All() {
			_ = pair
		}
		for _, m := range sample.Methods() {
			s := sampler(t, m.Name, hybridParams(m.Name, .5))
			_, _ = s.Batch(pool, sample.Step{Total: 1, Size: 2}, sample.NewRand(0, 0)) // an error is fine
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}
