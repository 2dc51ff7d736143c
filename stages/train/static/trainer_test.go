package static_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages/train/static"
)

var (
	queries  = []string{"What does a cow eat?", "What does a hen eat?", "Who feeds the cow?", "Was frisst die Kuh?", "Was frisst das Huhn?"}
	passages = texts
	// More passages than queries: hard negatives.
	negatives = append(slices.Clone(texts), "The cow eats hay and no grass.", "A hen eats grain.", "The cow sleeps.")
)

func nothing(int, int) bool { return false }

func trainer(t testing.TB, threads int) (*static.Model, *static.Trainer) {
	t.Helper()
	m := static.New(config, 1, slices.Values(append(slices.Clone(queries), passages...)))
	return m, static.NewTrainer(m, static.Options{Temperature: .2, Threads: threads})
}

// The gradient that the trainer works out by hand agrees with what the loss
// does when a weight changes a little.
func TestGradientAgreesWithFiniteDifferences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		passages []string
		masked   func(i, j int) bool
	}{
		"nothing masked":     {passages, nothing},
		"some masked":        {passages, func(i, j int) bool { return i == 0 && j == 2 || i == 2 && j == 0 }},
		"negatives":          {negatives, nothing},
		"negatives, masked":  {negatives, func(i, j int) bool { return i == 0 && j == 2 || j == len(queries) || i == 2 && j > len(queries) }},
		"only negatives":     {negatives, func(_, j int) bool { return j < len(queries) }},
		"negatives for none": {negatives, func(_, j int) bool { return j >= len(queries) }},
	} {
		masked, passages := c.masked, c.passages
		m, tr := trainer(t, 2)
		_, gradient := tr.Gradient(queries, passages, masked)
		largest := 0.0
		for _, g := range gradient {
			for _, x := range g {
				largest = max(largest, math.Abs(float64(x)))
			}
		}
		checked := 0
		for _, b := range config.Features("cow") {
			for k := range config.Dim {
				row := m.Row(b)
				const h = 0.05
				old := row[k]
				row[k] = old + h
				up, _ := tr.Gradient(queries, passages, masked)
				row[k] = old - h
				down, _ := tr.Gradient(queries, passages, masked)
				row[k] = old
				got, want := float64(gradient[b][k]), (up-down)/(2*h)
				if math.Abs(got-want) > 0.01*largest {
					t.Errorf("%s: derivative by value %d of row %d: got %.6f, want %.6f", name, k, b, got, want)
				}
				checked++
			}
		}
		if checked == 0 || largest == 0 {
			t.Fatal("nothing was checked")
		}
	}
}

func TestLossIsInfoNCE(t *testing.T) {
	t.Parallel()
	for _, passages := range [][]string{passages, negatives} {
		checkLoss(t, passages)
	}
}

func checkLoss(t *testing.T, passages []string) {
	t.Helper()
	m, tr := trainer(t, 1)
	masked := func(i, j int) bool { return i == 1 && (j == 4 || j == 6) }
	want := 0.0
	for i, q := range queries {
		sum := 0.0
		for j, p := range passages {
			if !masked(i, j) {
				sum += math.Exp(cosine(m, q, p) / .2)
			}
		}
		want -= math.Log(math.Exp(cosine(m, q, passages[i])/.2)/sum) / float64(len(queries))
	}
	got, norm := tr.Step(queries, passages, masked, 0)
	if math.Abs(got-want) > 1e-5 {
		t.Errorf("%d passages: loss %.6f, want %.6f", len(passages), got, want)
	}
	if norm <= 0 {
		t.Errorf("gradient norm %v", norm)
	}
}

func TestMaskedPassagesExertNoForce(t *testing.T) {
	t.Parallel()
	_, tr := trainer(t, 1)
	loss, norm := tr.Step(queries, passages, func(int, int) bool { return true }, .1)
	if math.Abs(loss) > 1e-9 || norm > 1e-9 {
		t.Errorf("without any negative: loss %v, gradient norm %v, want 0", loss, norm)
	}
}

// A negative that no row counts leaves no trace, not even on its own words.
func TestMaskedNegativesLeaveNoTrace(t *testing.T) {
	t.Parallel()
	_, tr := trainer(t, 1)
	want, wantGradient := tr.Gradient(queries, passages, nothing)
	got, gradient := tr.Gradient(queries, negatives, func(_, j int) bool { return j >= len(queries) })
	if got != want {
		t.Errorf("loss %v, without the negatives %v", got, want)
	}
	for b, g := range gradient {
		without := wantGradient[b]
		if without == nil {
			without = make([]float32, config.Dim)
		}
		if diff := cmp.Diff(without, g); diff != "" {
			t.Errorf("gradient of row %d (-without, +with):\n%s", b, diff)
		}
	}
}

func TestNegativesArePushedAway(t *testing.T) {
	t.Parallel()
	m, tr := trainer(t, 2)
	before := cosine(m, queries[0], negatives[5])
	for range 10 {
		tr.Step(queries, negatives, nothing, .05)
	}
	if after := cosine(m, queries[0], negatives[5]); after > before-.1 {
		t.Errorf("the cosine to a negative went from %.3f to %.3f", before, after)
	}
}

func TestTrainingLowersTheLoss(t *testing.T) {
	t.Parallel()
	_, tr := trainer(t, 2)
	first, _ := tr.Step(queries, passages, nothing, .05)
	last := first
	for range 30 {
		last, _ = tr.Step(queries, passages, nothing, .05)
	}
	if last > first/2 {
		t.Errorf("loss %.4f at first and %.4f after 30 steps", first, last)
	}
}

func TestTextsWithoutFeaturesDoNotSpoilABatch(t *testing.T) {
	t.Parallel()
	_, tr := trainer(t, 2)
	for range 3 {
		loss, norm := tr.Step([]string{"", "What does a cow eat?", "?"}, []string{"The cow eats grass.", "!", ""}, nothing, .1)
		if math.IsNaN(loss) || math.IsNaN(norm) {
			t.Fatalf("loss %v, gradient norm %v", loss, norm)
		}
	}
}

func TestThreadsDoNotChangeAByte(t *testing.T) {
	t.Parallel()
	var want []byte
	for _, threads := range []int{1, 2, 3, 8} {
		m, tr := trainer(t, threads)
		for step := range 20 {
			q, p := make([]string, 40), make([]string, 40)
			for i := range q {
				q[i] = fmt.Sprintf("%s %d", queries[(i+step)%5], i*step%17)
				p[i] = fmt.Sprintf("%s %d", passages[(i+step)%5], i*step%17)
			}
			p = append(p, negatives[5:]...)
			tr.Step(q, p, func(i, j int) bool { return p[i] == p[j] }, .03)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Errorf("%d threads gave another model than 1", threads)
		}
	}
}

// The optimiser agrees with the algorithm in its comment, worked out plainly in
// double precision, for rows that are touched in different steps.
func TestAdamAgreesWithItsDefinition(t *testing.T) {
	t.Parallel()
	const lr, decay = .01, .1
	m := static.New(config, 1, slices.Values(texts))
	adam := static.NewAdam(m, decay)
	for b, every := range map[uint32]int{3: 1, 7: 2, 11: 5} {
		want := make([]float64, config.Dim)
		for k, x := range m.Row(b) {
			want[k] = float64(x)
		}
		first, second, n := make([]float64, config.Dim), 0., 0.
		for step := 0; step < 20; step += every {
			g := make([]float32, config.Dim)
			square := 0.
			for k := range g {
				g[k] = float32(math.Sin(float64(step*config.Dim+k)) / float64(step+1))
				square += float64(g[k]) * float64(g[k])
			}
			n++
			second = .999*second + .001*square/float64(config.Dim)
			for k := range g {
				first[k] = .9*first[k] + .1*float64(g[k])
				corrected := math.Sqrt(second/(1-math.Pow(.999, n))) + 1e-8
				want[k] -= lr*decay*want[k] + lr*first[k]/(1-math.Pow(.9, n))/corrected
			}
			adam.Step(b, g, lr)
		}
		for k, x := range m.Row(b) {
			if math.Abs(float64(x)-want[k]) > 1e-5 {
				t.Fatalf("row %d, value %d: got %v, want %v", b, k, x, want[k])
			}
		}
	}
}

func BenchmarkStep(b *testing.B) {
	c := static.Config{Dim: 256, Buckets: 1 << 16, NgramMin: 3, NgramMax: 5}
	q, p := make([]string, 100), make([]string, 100)
	for i := range q {
		q[i] = fmt.Sprintf("What is the %x answer to the question number %d of them all?", i*i*7919, i)
		p[i] = fmt.Sprintf("The %x answer to number %d is a sentence of some twenty words, as sentences of an encyclopedia often are, %x.", i*i*7919, i, i*104729)
	}
	m := static.New(c, 1, slices.Values(p))
	t := static.NewTrainer(m, static.Options{Temperature: .2, Threads: 2})
	for b.Loop() {
		t.Step(q, p, nothing, .01)
	}
}
