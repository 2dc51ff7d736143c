package hf_test

import (
	"encoding/binary"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages/hf"
	"repro/stages/tensor"
)

// bert, xlmr and labse return models of tiny sizes, each size another number
// where it can be, so that two that are mixed up show.
func bert() *hf.Model {
	return &hf.Model{
		Config: hf.Config{
			ModelType: "bert", Vocab: 11, Hidden: 4, Layers: 2, Heads: 2, Intermediate: 6, Positions: 9, Types: 2,
			Activation: "gelu", Epsilon: 1e-12, Dropout: 0.1, AttentionDropout: 0.2,
		},
		Pooling:   hf.Mean,
		MaxLength: 7,
	}
}

func xlmr() *hf.Model {
	return &hf.Model{
		Config: hf.Config{
			ModelType: "xlm-roberta", Vocab: 13, Hidden: 6, Layers: 1, Heads: 3, Intermediate: 5, Positions: 10, Types: 1,
			Activation: "gelu_new", Epsilon: 1e-5, Pad: 1,
		},
		Pooling:   hf.CLS,
		MaxLength: 8,
		Prompts:   map[string]string{"query": "query: ", "passage": "passage: <&>", "classification": "topic: "},
	}
}

func labse() *hf.Model {
	m := bert()
	m.Pooling = hf.CLS
	m.Dense = &hf.Dense{In: 4, Out: 3, Bias: true, Activation: "tanh"}
	return m
}

// fill returns values for every weight, all of them different.
func fill(m *hf.Model) [][]float32 {
	var all [][]float32
	next := float32(0)
	for _, w := range m.Weights() {
		n := 1
		for _, size := range w.Shape {
			n *= size
		}
		values := make([]float32, n)
		for i := range values {
			next += 1.0 / 1024 // a normal number in binary16, too
			values[i] = next
		}
		all = append(all, values)
	}
	return all
}

// save writes a model with the values of fill into a new folder.
func save(t testing.TB, m *hf.Model) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	all := fill(m)
	if err := m.Save(dir, func(i int) ([]float32, error) { return all[i], nil }); err != nil {
		t.Fatal(err)
	}
	return dir
}

// load returns all weights of a folder.
func load(m *hf.Model, dir string) ([][]float32, error) {
	all := make([][]float32, len(m.Weights()))
	err := m.Load(dir, func(i int, values []float32) error {
		all[i] = slices.Clone(values)
		return nil
	})
	return all, err
}

// write makes files with their folders in dir.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns a file of dir.
func read(t testing.TB, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// list returns the paths of all files in dir, sorted.
func list(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// column is a tensor of zeros, such as Python would write for a buffer or a
// head.
func column(name, dtype string, width int, shape ...int) tensor.Column {
	n := width
	for _, size := range shape {
		n *= size
	}
	return tensor.Column{Name: name, Dtype: dtype, Shape: shape, Write: func(w io.Writer) error {
		_, err := w.Write(make([]byte, n))
		return err
	}}
}

// columns returns a model's weights as tensors of a type, without the dense
// layer's, named by rename.
func columns(m *hf.Model, dtype string, rename func(name string) string) []tensor.Column {
	all := fill(m)
	var out []tensor.Column
	for i, w := range m.Weights() {
		if strings.HasPrefix(w.Name, "dense.") {
			continue
		}
		out = append(out, tensor.Column{Name: rename(w.Name), Dtype: dtype, Shape: w.Shape, Write: func(to io.Writer) error {
			_, err := to.Write(encode(all[i], dtype))
			return err
		}})
	}
	return out
}

// encode returns the bytes of values in a type, without rounding.
func encode(values []float32, dtype string) []byte {
	var b []byte
	for _, v := range values {
		switch bits := math.Float32bits(v); dtype {
		case tensor.DtypeF32:
			b = binary.LittleEndian.AppendUint32(b, bits)
		case tensor.DtypeF64:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
		case tensor.DtypeBF16:
			b = binary.LittleEndian.AppendUint16(b, uint16(bits>>16))
		case tensor.DtypeF16:
			b = binary.LittleEndian.AppendUint16(b, uint16((bits>>23-127+15)<<10|bits>>13&0x3ff))
		}
	}
	return b
}

// writeWeights writes a file of weights.
func writeWeights(t testing.TB, file string, columns ...tensor.Column) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := tensor.SaveColumns(file, map[string]string{"format": "pt"}, columns); err != nil {
		t.Fatal(err)
	}
}

// with returns files with one of them changed.
func with(files map[string]string, name, content string) map[string]string {
	files = maps.Clone(files)
	files[name] = content
	return files
}
