package hf

import (
	"fmt"
	"slices"
	"strings"
)

// Load reads the weights of the folder dir and calls each once for every
// element i of Weights, in some order, with its values as float32 in row-major
// order: exactly, but for weights of float64. The memory of values is used
// again for the next, so that no more than one tensor is in memory. An error of
// each ends Load and is returned as it is.
//
// Before the first call all tensors have been found and their shapes compared;
// a *WeightsError says which are not as the model needs them. Tensors that are
// not in Weights, such as heads, may be there. Other errors about what is in
// the folder wrap stages.ErrInput.
func (m *Model) Load(dir string, each func(i int, values []float32) error) error {
	l, err := readLayout(dir)
	if err != nil {
		return err
	}
	weights := m.Weights()
	body, dense := names(weights)
	var sources []source
	for _, part := range []struct {
		dir   string
		names []string
	}{{l.transformer, body}, {l.dense, dense}} {
		if part.dir == "" || len(part.names) == 0 {
			sources = append(sources, make([]source, len(part.names))...)
			continue
		}
		c, err := openCheckpoint(part.dir)
		if err != nil {
			return err
		}
		defer c.close()
		found, err := c.sources(part.names)
		if err != nil {
			return err
		}
		sources = append(sources, found...)
	}
	if err := fit(dir, weights, sources); err != nil {
		return err
	}
	var values []float32
	for i, s := range sources {
		if values, err = s.from.Floats(s.name, values); err != nil {
			return fmt.Errorf("read %s: %w", s.file, err)
		}
		if err := each(i, values); err != nil {
			return err
		}
	}
	return nil
}

// names returns the names that weights have in their files: that of the encoder,
// and that of the dense layer.
func names(weights []Weight) (body, dense []string) {
	for _, w := range weights {
		if name, ok := strings.CutPrefix(w.Name, densePrefix); ok {
			dense = append(dense, name)
		} else {
			body = append(body, w.Name)
		}
	}
	return body, dense
}

// fit compares what is in the folder dir with what the model needs.
func fit(dir string, weights []Weight, sources []source) error {
	e := &WeightsError{Dir: dir}
	for i, w := range weights {
		s := sources[i]
		if s.from == nil {
			e.Missing = append(e.Missing, w.Name)
			continue
		}
		if info, _ := s.from.Info(s.name); !slices.Equal(info.Shape, w.Shape) {
			e.Mismatched = append(e.Mismatched, fmt.Sprintf("%s: shape %v, want %v", w.Name, info.Shape, w.Shape))
		}
	}
	if len(e.Missing)+len(e.Mismatched) > 0 {
		return e
	}
	return nil
}
