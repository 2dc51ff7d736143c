package hf

import "errors"

// Open reads what a model folder says about the model, but not its weights.
func Open(dir string) (*Model, error) { return nil, errors.New("hf.Open: not written yet") }

// Load reads the weights of the folder dir and calls each once for every
// element i of Weights, in some order, with its values as float32 in row-major
// order. The values are valid until each returns.
func (m *Model) Load(dir string, each func(i int, values []float32) error) error {
	return errors.New("hf.Load: not written yet")
}

// Save writes the model to the folder dir, which it makes. It asks for the
// values of element i of Weights when it writes them.
func (m *Model) Save(dir string, values func(i int) ([]float32, error)) error {
	return errors.New("hf.Save: not written yet")
}

// CopyTokenizer copies the files of a tokenizer from one model folder to
// another.
func CopyTokenizer(from, to string) error { return errors.New("hf.CopyTokenizer: not written yet") }
