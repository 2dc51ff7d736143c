package hf

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"repro/stages/tensor"
)

// Save writes the model to the folder dir, which it makes, as transformers and
// sentence-transformers read it; the weights are of float32. It asks once for
// the values of each element i of Weights, in some order, when it writes them,
// and is done with them when it asks for the next. An error of values ends Save
// and is wrapped. The tokenizer is left to CopyTokenizer.
func (m *Model) Save(dir string, values func(i int) ([]float32, error)) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("save a model in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	l, err := m.writeModules(dir)
	if err != nil {
		return err
	}
	if err := m.saveEncoder(l.transformer, values); err != nil {
		return err
	}
	if err := os.Mkdir(l.pooling, 0o755); err != nil {
		return err
	}
	if err := m.Pooling.write(filepath.Join(l.pooling, fileConfig), m.Config.Hidden); err != nil {
		return err
	}
	if m.Dense != nil {
		if err := m.saveDense(l.dense, values); err != nil {
			return err
		}
	}
	return writePrompts(filepath.Join(dir, filePrompts), m.Prompts)
}

// saveEncoder writes the files of transformers.
func (m *Model) saveEncoder(dir string, values func(i int) ([]float32, error)) error {
	weights := m.Weights()
	body, _ := names(weights)
	if err := saveWeights(dir, body, weights, 0, values); err != nil {
		return err
	}
	if err := writeLength(filepath.Join(dir, fileText), m.MaxLength); err != nil {
		return err
	}
	return m.Config.write(filepath.Join(dir, fileConfig))
}

// saveDense writes the folder of the dense layer.
func (m *Model) saveDense(dir string, values func(i int) ([]float32, error)) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	weights := m.Weights()
	body, dense := names(weights)
	if err := saveWeights(dir, dense, weights[len(body):], len(body), values); err != nil {
		return err
	}
	return m.Dense.write(filepath.Join(dir, fileConfig))
}

// saveWeights writes weights under the names in dir's file. The first is
// element number first of the model's.
func saveWeights(dir string, names []string, weights []Weight, first int, values func(i int) ([]float32, error)) error {
	var columns []tensor.Column
	for i, name := range names {
		columns = append(columns, tensor.Column{Name: name, Dtype: tensor.DtypeF32, Shape: weights[i].Shape, Write: func(w io.Writer) error {
			v, err := values(first + i)
			if err != nil {
				return fmt.Errorf("tensor %q: %w", name, err)
			}
			return tensor.WriteFloats(w, v)
		}})
	}
	meta := map[string]string{"format": "pt"} // what transformers looks for
	return tensor.SaveColumns(filepath.Join(dir, fileWeights), meta, columns)
}
