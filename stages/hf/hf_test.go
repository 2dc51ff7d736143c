package hf_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/hf"
	"repro/stages/tensor"
)

func TestSaveOpenLoad(t *testing.T) {
	t.Parallel()
	small := labse()
	small.Dense.Bias, small.Dense.Activation = false, "identity"
	relu := xlmr()
	relu.Config.ModelType, relu.Config.Activation = "camembert", "relu"
	for name, m := range map[string]*hf.Model{"bert": bert(), "xlm-roberta": xlmr(), "labse": labse(), "no bias": small, "camembert": relu} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := save(t, m)
			back, err := hf.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, back); diff != "" {
				t.Errorf("the model (-want +got):\n%s", diff)
			}
			weights, err := load(back, dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fill(m), weights); diff != "" {
				t.Errorf("the weights (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSavedFiles shows every file that is written, but the weights.
func TestSavedFiles(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*hf.Model{"xlm-roberta": xlmr(), "labse": labse()} {
		dir := save(t, m)
		var b strings.Builder
		for _, file := range list(t, dir) {
			b.WriteString("== " + file + "\n")
			if !strings.HasSuffix(file, ".safetensors") {
				b.WriteString(read(t, dir, file))
				continue
			}
			r, err := tensor.OpenSafetensors(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString("format: " + r.Metadata["format"] + "\n")
			for _, tensor := range r.Names() {
				info, _ := r.Info(tensor)
				b.WriteString(tensor + " " + info.Dtype + "\n")
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		testkit.Golden(t, name+".golden", b.String())
	}
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	failed := errors.New("the device is gone")
	for name, test := range map[string]struct {
		change func(m *hf.Model)
		values func(i int) ([]float32, error)
		want   string
	}{
		"sizes":      {change: func(m *hf.Model) { m.Config.Heads = 3 }, want: "hidden_size is 4, want a multiple of num_attention_heads, which is 3"},
		"pooling":    {change: func(m *hf.Model) { m.Pooling = "max" }, want: `the pooling "max" is not supported, want cls or mean`},
		"no length":  {change: func(m *hf.Model) { m.MaxLength = 0 }, want: "texts of up to 0 tokens, want 1 to 9"},
		"too long":   {change: func(m *hf.Model) { m.MaxLength = 10 }, want: "texts of up to 10 tokens, want 1 to 9"},
		"dense":      {change: func(m *hf.Model) { m.Dense.In = 5 }, want: "in_features is 5, but hidden_size is 4"},
		"activation": {change: func(m *hf.Model) { m.Dense.Activation = "relu" }, want: `the activation "relu" is not supported, want tanh or identity`},
		"values":     {values: func(int) ([]float32, error) { return nil, failed }, want: failed.Error()},
		"too few":    {values: func(int) ([]float32, error) { return make([]float32, 1), nil }, want: "wrote 4 bytes of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := labse()
			if test.change != nil {
				test.change(m)
			}
			err := m.Save(filepath.Join(t.TempDir(), "model"), test.values)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if test.want == failed.Error() && !errors.Is(err, failed) {
				t.Errorf("%v does not wrap the error of values", err)
			}
		})
	}
}

func TestSaveLeavesAModelAlone(t *testing.T) {
	t.Parallel()
	dir := save(t, bert())
	before := read(t, dir, "model.safetensors")
	if err := xlmr().Save(dir, func(int) ([]float32, error) { return nil, errors.New("not to be asked for") }); err == nil {
		t.Error("a model was written over another")
	}
	if read(t, dir, "model.safetensors") != before {
		t.Error("the weights are others")
	}
}

func TestLoadStopsAtAnError(t *testing.T) {
	t.Parallel()
	m, calls, failed := bert(), 0, errors.New("no memory")
	err := m.Load(save(t, m), func(int, []float32) error { calls++; return failed })
	if err != failed || calls != 1 { //nolint:errorlint // the same error is promised
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestLoadHoldsOneTensor(t *testing.T) {
	t.Parallel()
	m := bert()
	dir := save(t, m)
	var first *float32
	err := m.Load(dir, func(i int, values []float32) error {
		if i == 0 { // the largest
			first = &values[0]
		}
		if &values[0] != first {
			t.Errorf("%s has memory of its own", m.Weights()[i].Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	m := labse()
	m.Config.Layers = 1
	var b strings.Builder
	for _, w := range m.Weights() {
		b.WriteString(w.Name)
		if w.Decay {
			b.WriteString(" decay")
		}
		b.WriteString("\n")
	}
	testkit.Golden(t, "weights.golden", b.String())
	if got := m.Dim(); got != 3 {
		t.Errorf("LaBSE has %d values, want its dense layer's 3", got)
	}
	if got := xlmr().Dim(); got != 6 {
		t.Errorf("XLM-R has %d values, want 6", got)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		model  *hf.Model
		first  int
		length int
	}{{bert(), 0, 9}, {xlmr(), 2, 8}} {
		c := test.model.Config
		if c.FirstPosition() != test.first || c.MaxLength() != test.length {
			t.Errorf("%s: from %d, %d tokens; want %d, %d", c.ModelType, c.FirstPosition(), c.MaxLength(), test.first, test.length)
		}
	}
}

func TestCopyTokenizer(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
	files := map[string]string{
		"vocab.txt": "[PAD]\n", "tokenizer.json": "{}", "tokenizer_config.json": `{"do_lower_case": false}`,
		"special_tokens_map.json": "{}", "added_tokens.json": "{}", "config.json": "not this", "README.md": "nor this",
	}
	write(t, from, files)
	if err := hf.CopyTokenizer(from, to); err != nil {
		t.Fatal(err)
	}
	want := []string{"added_tokens.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"}
	if diff := cmp.Diff(want, list(t, to)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := read(t, to, "vocab.txt"); got != files["vocab.txt"] {
		t.Errorf("vocab.txt is %q", got)
	}
}

func TestCopyTokenizerOfOldFolders(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	write(t, from, map[string]string{
		"modules.json":                          strings.Replace(modulesJSON, `"path": ""`, `"path": "0_Transformer"`, 1),
		"0_Transformer/sentencepiece.bpe.model": "pieces",
	})
	if err := hf.CopyTokenizer(from, to); err != nil {
		t.Fatal(err)
	}
	if got := list(t, to); !slices.Equal(got, []string{"sentencepiece.bpe.model"}) {
		t.Errorf("got %v", got)
	}
}

func TestCopyTokenizerOfNone(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	write(t, from, map[string]string{"tokenizer_config.json": "{}"})
	err := hf.CopyTokenizer(from, t.TempDir())
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "no tokenizer, which is one of sentencepiece.bpe.model") {
		t.Errorf("got %v", err)
	}
}
