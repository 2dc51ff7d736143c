package hf_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/hf"
	"repro/stages/tensor"
)

// TestShards reads a model in two files, as transformers writes large ones.
func TestShards(t *testing.T) {
	t.Parallel()
	dir, want := xlmrFolder(t)
	all := columns(want, tensor.DtypeF16, func(name string) string { return "roberta." + name })
	all = append(all, column("lm_head.bias", tensor.DtypeF32, 4, 13))
	var entries []string
	for i, part := range [][]tensor.Column{all[:5], all[5:]} {
		name := fmt.Sprintf("model-0000%d-of-00002.safetensors", i+1)
		for _, c := range part {
			entries = append(entries, fmt.Sprintf("%q: %q", c.Name, name))
		}
		writeWeights(t, filepath.Join(dir, name), part...)
	}
	write(t, dir, map[string]string{"model.safetensors.index.json": `{"weight_map": {` + strings.Join(entries, ", ") + `}}`})
	got, err := load(want, dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, values := range fill(want) {
		if !cmp.Equal(encode(values, tensor.DtypeF16), encode(got[i], tensor.DtypeF16)) {
			t.Errorf("%s is %v, want %v", want.Weights()[i].Name, got[i], values)
		}
	}
}

// TestOneFileBeforeShards reads the file that transformers reads if both are
// there.
func TestOneFileBeforeShards(t *testing.T) {
	t.Parallel()
	dir, want := xlmrFolder(t)
	writeWeights(t, filepath.Join(dir, "model.safetensors"), columns(want, tensor.DtypeF32, strings.Clone)...)
	write(t, dir, map[string]string{"model.safetensors.index.json": "damaged", "pytorch_model.bin": "PK"})
	demand(t, dir, want)
}

// TestLinksOfAHub reads a folder of links, as Hugging Face's cache has them.
func TestLinksOfAHub(t *testing.T) {
	t.Parallel()
	from, want := xlmrFolder(t)
	writeWeights(t, filepath.Join(from, "model.safetensors"), columns(want, tensor.DtypeF32, strings.Clone)...)
	dir := t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors"} {
		if err := os.Symlink(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	demand(t, dir, want)
}

// TestTwoEncodersAndOneAtTheTop reads the one that transformers would.
func TestTwoEncodersAndOneAtTheTop(t *testing.T) {
	t.Parallel()
	dir, want := xlmrFolder(t)
	other := columns(want, tensor.DtypeF32, func(name string) string { return "teacher." + name })
	for i := range other {
		other[i] = column(other[i].Name, tensor.DtypeF32, 4, other[i].Shape...)
	}
	writeWeights(t, filepath.Join(dir, "model.safetensors"), append(other, columns(want, tensor.DtypeF32, strings.Clone)...)...)
	demand(t, dir, want)
}

func TestLoadBeforeAnythingIsWrong(t *testing.T) {
	t.Parallel()
	dir, m := labseFolder(t, "bert.")
	m.Config.Hidden, m.Config.Vocab = 4, 12
	m.Dense.Out = 5
	err := m.Load(dir, func(int, []float32) error {
		t.Error("a weight was given away")
		return nil
	})
	var misfit *hf.WeightsError
	if !errors.As(err, &misfit) {
		t.Fatalf("got %v", err)
	}
	want := &hf.WeightsError{Dir: dir, Mismatched: []string{
		"embeddings.word_embeddings.weight: shape [11 4], want [12 4]",
		"dense.linear.weight: shape [4 4], want [5 4]",
		"dense.linear.bias: shape [4], want [5]",
	}}
	if diff := cmp.Diff(want, misfit); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadOfADenseLayerThatIsNotThere(t *testing.T) {
	t.Parallel()
	dir, m := xlmrFolder(t)
	writeWeights(t, filepath.Join(dir, "model.safetensors"), columns(m, tensor.DtypeF32, strings.Clone)...)
	m.Dense = &hf.Dense{In: 6, Out: 2, Bias: true, Activation: "tanh"}
	_, err := load(m, dir)
	want := "bad input: " + dir + ": the weights do not fit the model: 2 missing tensors: dense.linear.weight, dense.linear.bias"
	if !errors.Is(err, stages.ErrInput) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestLoadOfADenseLayerOfPython(t *testing.T) {
	t.Parallel()
	dir, m := labseFolder(t, "")
	if err := os.Rename(filepath.Join(dir, "2_Dense/model.safetensors"), filepath.Join(dir, "2_Dense/pytorch_model.bin")); err != nil {
		t.Fatal(err)
	}
	_, err := load(m, dir)
	want := filepath.Join(dir, "2_Dense/pytorch_model.bin") + ": only Python reads this file. Make a model.safetensors of it, in " + filepath.Join(dir, "2_Dense")
	if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestWeightsErrorCounts(t *testing.T) {
	t.Parallel()
	names := func(n int) []string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint("t", i))
		}
		return all
	}
	for _, test := range []struct {
		missing, mismatched int
		want                string
	}{
		{1, 0, "1 missing tensor: t0"},
		{10, 0, "10 missing tensors: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9"},
		{12, 1, "12 missing tensors: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more; 1 tensor of another shape: t0"},
		{0, 11, "11 tensors of another shape: t0; t1; t2; t3; t4; t5; t6; t7; t8; t9 and 1 more"},
	} {
		err := &hf.WeightsError{Dir: "m", Missing: names(test.missing), Mismatched: names(test.mismatched)}
		if want := "bad input: m: the weights do not fit the model: " + test.want; err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
}
