package sample_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/sample"
)

func sampler(t testing.TB, name, params string) sample.Sampler {
	t.Helper()
	for _, m := range sample.Methods() {
		if m.Name == name {
			s, err := m.New([]byte(params))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	t.Fatalf("no method %q", name)
	return nil
}

func batches(t testing.TB, s sample.Sampler, pool *sample.Pool, size, steps int) []sample.Batch {
	t.Helper()
	all := make([]sample.Batch, steps)
	for step := range all {
		var err error
		if all[step], err = s.Batch(pool, sample.Step{Number: step, Total: steps, Size: size}, sample.NewRand(11, step)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// counts returns the values of a map in the order of its keys.
func counts(m map[string]int) []int {
	var values []int
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}

func TestNoBatchHasAnItemTwice(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 40, "en", "de", "fr"), parallel("b", 35, "en", "de", "fr"))
	for _, name := range []string{"x-x", "x-x-mono", "x-y", "hybrid", "simcse", "simcse-supervised"} {
		for _, b := range batches(t, sampler(t, name, hybridParams(name, .5)), pool, 30, 200) {
			seen := map[sample.Item]bool{}
			for _, r := range b.Rows {
				if seen[r.Item] {
					t.Fatalf("%s: item %d occurs twice", name, r.Item)
				}
				seen[r.Item] = true
				if !slices.Contains(b.Dataset.Items(), r.Item) {
					t.Fatalf("%s: item %d is not of dataset %s", name, r.Item, b.Dataset.Name)
				}
			}
			if len(b.Rows) != 30 {
				t.Fatalf("%s: %d rows", name, len(b.Rows))
			}
		}
	}
}

// hybridParams returns the parameters of a method; alpha is the hybrid's.
func hybridParams(name string, alpha float64) string {
	switch name {
	case "hybrid":
		return fmt.Sprintf(`{"alpha": %v}`, alpha)
	case "simcse":
		return `{"text": "either"}`
	case "simcse-supervised":
		return `{"negatives": 1}`
	}
	return `{}`
}

func TestXXMonoHasOneLanguageABatchDrawnUniformly(t *testing.T) {
	t.Parallel()
	// English has far more items than the others and must not come more often.
	pool := newPool(t, parallel("big", 500, "en"), parallel("small", 20, "en", "de", "fr", "zh"))
	langs := map[string]int{}
	for _, b := range batches(t, sampler(t, "x-x-mono", `{}`), pool, 10, 4000) {
		for _, r := range b.Rows {
			if r.Query != b.Rows[0].Query || r.Passage != r.Query {
				t.Fatalf("a batch with %s-%s and %s", r.Query, r.Passage, b.Rows[0].Query)
			}
		}
		langs[b.Rows[0].Query]++
	}
	if len(langs) != 4 {
		t.Fatalf("languages %v, want 4", langs)
	}
	checkUniform(t, counts(langs))
}

func TestXXDrawsTheLanguageOfEachRow(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 50, "en", "de", "fr"))
	langs := map[string]int{}
	for _, b := range batches(t, sampler(t, "x-x", `{}`), pool, 30, 400) {
		for _, r := range b.Rows {
			if r.Query != r.Passage {
				t.Fatalf("question in %s, passage in %s", r.Query, r.Passage)
			}
			langs[r.Query]++
		}
	}
	checkUniform(t, counts(langs))
}

func TestXYDrawsOrderedPairsOfDifferentLanguagesUniformly(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 50, "en", "de", "fr", "zh"), parallel("english", 900, "en"))
	langs := map[string]int{}
	for _, b := range batches(t, sampler(t, "x-y", `{}`), pool, 40, 500) {
		for _, r := range b.Rows {
			if r.Query == r.Passage {
				t.Fatalf("question and passage are both in %s", r.Query)
			}
			langs[r.Query+"-"+r.Passage]++
		}
	}
	if len(langs) != 12 {
		t.Fatalf("pairs of languages %v, want 12", langs)
	}
	checkUniform(t, counts(langs))
}

func TestXYUsesTheLanguagesThatAnItemHas(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 20, "en", "de"), parallel("b", 20, "fr", "zh", "en"))
	for _, b := range batches(t, sampler(t, "x-y", `{}`), pool, 5, 300) {
		for _, r := range b.Rows {
			langs := pool.LangsOf(r.Item)
			if !slices.Contains(langs, r.Query) || !slices.Contains(langs, r.Passage) {
				t.Fatalf("row %s-%s of an item in %v", r.Query, r.Passage, langs)
			}
		}
	}
}

func TestDatasetsComeInProportionToTheirSize(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 100, "en", "de"), parallel("b", 300, "en", "de"), parallel("c", 600, "en", "de"), parallel("tiny", 9, "en", "de"))
	for _, name := range []string{"x-x", "x-x-mono", "x-y", "hybrid"} {
		datasets := map[string]int{}
		for _, b := range batches(t, sampler(t, name, hybridParams(name, .5)), pool, 10, 3000) {
			datasets[b.Dataset.Name]++
		}
		if datasets["tiny"] != 0 {
			t.Fatalf("%s: a dataset of 9 items filled a batch of 10", name)
		}
		checkShares(t, counts(datasets), []float64{.1, .3, .6})
	}
}

func TestEnglishOnlySetsFeedMonolingualBatchesOnly(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("english", 500, "en"), parallel("two", 30, "en", "de"))
	english := 0
	for _, b := range batches(t, sampler(t, "hybrid", `{"alpha": 0.5}`), pool, 10, 1000) {
		if b.Dataset.Name != "english" {
			continue
		}
		english++
		if b.Draw != "x-x-mono" || b.Rows[0].Query != "en" {
			t.Fatalf("the English set fed a batch of %s in %s", b.Draw, b.Rows[0].Query)
		}
	}
	if english == 0 {
		t.Error("the English set fed no batch")
	}
}

func TestHybridDrawsMonolingualBatchesWithProbabilityAlpha(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 50, "en", "de", "fr"))
	for _, alpha := range []float64{.2, .5, .7} {
		draws := map[string]int{}
		for _, b := range batches(t, sampler(t, "hybrid", hybridParams("hybrid", alpha)), pool, 10, 3000) {
			draws[b.Draw]++
			for _, r := range b.Rows {
				if (b.Draw == "x-x-mono") != (r.Query == r.Passage) {
					t.Fatalf("a row %s-%s in a batch of %s", r.Query, r.Passage, b.Draw)
				}
			}
		}
		checkShares(t, []int{draws["x-x-mono"], draws["x-y"]}, []float64{alpha, 1 - alpha})
	}
	for alpha, want := range map[float64]string{0: "x-y", 1: "x-x-mono"} {
		for _, b := range batches(t, sampler(t, "hybrid", hybridParams("hybrid", alpha)), pool, 10, 200) {
			if b.Draw != want {
				t.Fatalf("alpha %v: a batch of %s", alpha, b.Draw)
			}
		}
	}
}

func TestBatchesThatCannotBeDrawnSayWhy(t *testing.T) {
	t.Parallel()
	english := newPool(t, parallel("english", 50, "en"))
	small := newPool(t, parallel("a", 20, "en", "de"), parallel("b", 30, "en", "de"))
	for _, c := range []struct {
		name string
		pool *sample.Pool
		want string
	}{
		{"x-y", english, "two languages"},
		{"x-x", small, "30 items"},
		{"x-x-mono", small, "30 items in "},
		{"x-y", small, "30 items in two languages"},
	} {
		_, err := sampler(t, c.name, `{}`).Batch(c.pool, sample.Step{Total: 1, Size: 40}, sample.NewRand(0, 0))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
	}
	var param *stages.ParamError
	if _, err := sampler(t, "x-x", `{}`).Batch(small, sample.Step{Total: 1, Size: 40}, sample.NewRand(0, 0)); !errors.As(err, &param) || param.Param != "batch_size" {
		t.Errorf("got %v, want an error at batch_size", err)
	}
}

func TestFirstBatchesNeverChange(t *testing.T) {
	t.Parallel()
	pool := newPool(t, parallel("a", 9, "en", "de", "fr"), parallel("b", 7, "en", "zh"))
	var out strings.Builder
	for _, name := range []string{"x-x", "x-x-mono", "x-y", "hybrid"} {
		for step, b := range batches(t, sampler(t, name, hybridParams(name, .5)), pool, 4, 4) {
			fmt.Fprintf(&out, "%s %d: %s %s", name, step, b.Draw, b.Dataset.Name)
			for _, r := range b.Rows {
				fmt.Fprintf(&out, " %s:%s-%s", pool.ID(r.Item), r.Query, r.Passage)
			}
			out.WriteString("\n")
		}
	}
	testkit.Golden(t, "batches.txt", out.String())
}
