package tensor_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"repro/stages"
	"repro/stages/tensor"
)

func TestRowsAreReadFromTheFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "m.npy")
	if err := tensor.SaveNPY(name, &tensor.Matrix{Rows: 4, Cols: 3, Data: []float32{0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32}}); err != nil {
		t.Fatal(err)
	}
	m, err := tensor.OpenNPY(name)
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows != 4 || m.Cols != 3 {
		t.Errorf("shape %d, %d", m.Rows, m.Cols)
	}
	r := m.Reader()
	dst := []float32{9, 9, 9, 9, 9, 9, 9, 9}
	if err := r.Read(dst, 4, 1, 2); err != nil {
		t.Fatal(err)
	}
	if want := []float32{10, 11, 12, 9, 20, 21, 22, 9}; !slices.Equal(dst, want) {
		t.Errorf("got %v, want %v", dst, want)
	}
	if err := r.Read(dst, 4, 3, 2); err == nil {
		t.Error("rows behind the end were read")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 5, 50, len(raw) - 1} {
		if err := os.WriteFile(name, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := tensor.OpenNPY(name); !errors.Is(err, stages.ErrInput) {
			t.Errorf("%d bytes: got %v, want an error that wraps ErrInput", n, err)
		}
	}
}
