package static_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/train/static"
)

var texts = []string{
	"The cow eats grass.", "The hen eats grain.", "The farmer feeds the cow.", "Die Kuh frisst Gras.", "Das Huhn frisst Korn.",
}

func cosine(m *static.Model, a, b string) float64 {
	v := m.Encode([]string{a, b}, 1)
	sum := 0.0
	for i := range v[0] {
		sum += float64(v[0][i]) * float64(v[1][i])
	}
	return sum
}

func TestUntrainedModelMatchesWords(t *testing.T) {
	t.Parallel()
	c := config
	c.Dim = 512
	m := static.New(c, 1, slices.Values(texts))
	same, near, far := cosine(m, texts[0], "THE COW EATS GRASS!"), cosine(m, texts[0], "A cow eats grass"), cosine(m, texts[0], texts[4])
	if math.Abs(same-1) > 1e-5 || near < .5 || math.Abs(far) > .2 {
		t.Errorf("cosines of equal, near and unlike texts: %.3f, %.3f, %.3f", same, near, far)
	}
}

func TestRareFeaturesWeighMore(t *testing.T) {
	t.Parallel()
	m := static.New(config, 1, slices.Values(texts))
	var byWord []float32
	for _, word := range []string{"the", "cow", "zebra"} {
		for _, id := range config.Features(word) {
			byWord = append(byWord, m.Weights()[id])
			break
		}
	}
	if !slices.IsSorted(byWord) || byWord[0] < 0 || byWord[2] != 1 {
		t.Errorf("weights of a frequent, a rare and an unseen feature: %v", byWord)
	}
}

func TestTextsWithoutFeaturesGetZeros(t *testing.T) {
	t.Parallel()
	m := static.New(config, 1, slices.Values(texts))
	for i, v := range m.Encode([]string{"", " ", "?!…"}, 2) {
		if diff := cmp.Diff(make([]float32, config.Dim), v); diff != "" {
			t.Errorf("text %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestSeedsGiveDifferentModels(t *testing.T) {
	t.Parallel()
	a, b := static.New(config, 1, slices.Values(texts)), static.New(config, 2, slices.Values(texts))
	if cmp.Equal(a.Row(5), b.Row(5)) {
		t.Error("two seeds gave the same vector")
	}
}

func TestModelIsLoadedAsItWasSaved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "model")
	m := static.New(config, 1, slices.Values(texts))
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	back, err := static.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Encode(texts, 1), back.Encode(texts, 2)); diff != "" {
		t.Errorf("vectors (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m.Config, back.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestDamagedModelsAreRefused(t *testing.T) {
	t.Parallel()
	const good = `{"model_type": "repro-static", "hidden_size": %d, "vocab_size": %d, "ngram_min": 3, "ngram_max": 5}`
	for name, config := range map[string]string{
		"no JSON":       "{",
		"another type":  `{"model_type": "bert", "hidden_size": 32}`,
		"no shape":      `{"model_type": "repro-static"}`,
		"other buckets": fmt.Sprintf(good, 32, 1<<13),
		"other dim":     fmt.Sprintf(good, 64, 1<<14),
		"absurd":        fmt.Sprintf(good, 1<<40, 1<<40),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "model")
			if err := static.New(static.Config{Dim: 32, Buckets: 1 << 14, NgramMin: 3, NgramMax: 5}, 1, slices.Values(texts)).Save(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := static.Load(dir); !errors.Is(err, stages.ErrInput) {
				t.Errorf("got %v, want an error that wraps stages.ErrInput", err)
			}
		})
	}
}

func TestConfigsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for param, change := range map[string]func(*static.Config){
		"dim":       func(c *static.Config) { c.Dim = 100 },
		"buckets":   func(c *static.Config) { c.Buckets = 0 },
		"ngram_min": func(c *static.Config) { c.NgramMin = 0 },
		"ngram_max": func(c *static.Config) { c.NgramMax = c.NgramMin - 1 },
	} {
		c := config
		change(&c)
		var bad *stages.ParamError
		if err := c.Check(); !errors.As(err, &bad) || bad.Param != param {
			t.Errorf("%+v: got %v, want an error at %s", c, err, param)
		}
	}
	if err := config.Check(); err != nil {
		t.Error(err)
	}
}
