package tensor_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/tensor"
)

func TestNPYIsWhatNumPyWrites(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.npy")
	// numpy.save(file, numpy.array([[1, -2, 0.5], [3, float("inf"), 0]], "<f4")) of NumPy 1.24.
	want := "\x93NUMPY\x01\x00\x76\x00" +
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + strings.Repeat(" ", 58) + "\n" +
		"\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x40\x40\x00\x00\x80\x7f\x00\x00\x00\x00"
	m := &tensor.Matrix{Rows: 2, Cols: 3, Data: []float32{1, -2, .5, 3, float32(math.Inf(1)), 0}}
	if err := tensor.SaveNPY(file, m); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	back, err := tensor.LoadNPY(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestNPYHeaderGrowsInPlace(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 9, 10, 99_999, 100_000} {
		file := filepath.Join(t.TempDir(), "a.npy")
		if err := tensor.SaveNPY(file, &tensor.Matrix{Rows: rows, Cols: 1, Data: make([]float32, rows)}); err != nil {
			t.Fatal(err)
		}
		m, err := tensor.LoadNPY(file)
		if err != nil {
			t.Fatalf("%d rows: %v", rows, err)
		}
		if m.Rows != rows || m.Cols != 1 {
			t.Errorf("shape (%d, %d), want (%d, 1)", m.Rows, m.Cols, rows)
		}
	}
}

func TestNPYWriterRefusesRowsOfAnotherLength(t *testing.T) {
	t.Parallel()
	w, err := tensor.CreateNPY(filepath.Join(t.TempDir(), "a.npy"), 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write([]float32{1, 2}); err == nil {
		t.Error("a row of 2 values was taken for one of 3")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func npy(header, body string) []byte {
	b := []byte("\x93NUMPY\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return append(b, header+body...)
}

func TestNPYRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"empty":             {},
		"format 2.0":        []byte("\x93NUMPY\x02\x00\x00\x00"),
		"short header":      npy("{'descr': '<f4'", "")[:12],
		"float64":           npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", "12345678"),
		"fortran":           npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "1234"),
		"one dimension":     npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "1234"),
		"three dimensions":  npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }", "1234"),
		"negative":          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 1), }", "1234"),
		"too little":        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", "1234"),
		"too much":          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", "12345678"),
		"absurd":            npy("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 999999999999999999), }", "1234"),
		"product overflows": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m, err := tensor.ReadNPY(bytes.NewReader(file), int64(len(file))); !errors.Is(err, stages.ErrInput) {
				t.Errorf("got %v, %v, want an error that wraps stages.ErrInput", m, err)
			}
		})
	}
}

func FuzzReadNPY(f *testing.F) {
	f.Add(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "12345678"))
	f.Add(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }", ""))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := tensor.ReadNPY(bytes.NewReader(file), int64(len(file)))
		if err == nil && (len(m.Data) != m.Rows*m.Cols || 4*len(m.Data) > len(file)) {
			t.Errorf("%d values of shape (%d, %d) in %d bytes", len(m.Data), m.Rows, m.Cols, len(file))
		}
	})
}

func safetensors(header, body string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+body...)
}

func TestSafetensorsAreWhatHuggingFaceWrites(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.safetensors")
	// safetensors.torch.save_file(tensors, file, metadata={"format": "pt"}).
	header := `{"__metadata__":{"format":"pt"},"a.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},` +
		`"b<weight>":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},"s":{"dtype":"F32","shape":[],"data_offsets":[16,20]}}`
	header += strings.Repeat(" ", 7-(len(header)-1)%8)
	want := safetensors(header, "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40\x00\x00\xa0\x40")
	s := &tensor.Safetensors{
		Metadata: map[string]string{"format": "pt"},
		Tensors: map[string]tensor.Tensor{
			"b<weight>": {Shape: []int{2, 1}, Data: []float32{3, 4}},
			"a.bias":    {Shape: []int{2}, Data: []float32{1, 2}},
			"s":         {Shape: []int{}, Data: []float32{5}},
		},
	}
	if err := tensor.SaveSafetensors(file, s); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if n := binary.LittleEndian.Uint64(got); n%8 != 0 {
		t.Errorf("the header takes %d bytes, not a multiple of 8", n)
	}
	back, err := tensor.LoadSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestSafetensorsOfNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.safetensors")
	if err := tensor.SaveSafetensors(file, &tensor.Safetensors{}); err != nil {
		t.Fatal(err)
	}
	s, err := tensor.LoadSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tensors) != 0 {
		t.Errorf("got %v, want no tensors", s.Tensors)
	}
}

func TestSafetensorsRefuseShapeUnlikeData(t *testing.T) {
	t.Parallel()
	s := &tensor.Safetensors{Tensors: map[string]tensor.Tensor{"a": {Shape: []int{3}, Data: []float32{1}}}}
	if err := tensor.SaveSafetensors(filepath.Join(t.TempDir(), "a"), s); err == nil {
		t.Error("3 values were promised and 1 written")
	}
}

func TestSafetensorsRefuseDamage(t *testing.T) {
	t.Parallel()
	one := func(dtype, shape, offsets string) []byte {
		return safetensors(fmt.Sprintf(`{"a":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets), "12345678")
	}
	for name, file := range map[string][]byte{
		"empty":               {},
		"absurd header":       append(bytes.Repeat([]byte{0xff}, 8), "{}"...),
		"header beyond file":  append([]byte{100, 0, 0, 0, 0, 0, 0, 0}, "{}"...),
		"no JSON":             safetensors("[", ""),
		"integers":            one("I64", "[1]", "[0,8]"),
		"eight-bit floats":    one("F8_E4M3", "[8]", "[0,8]"),
		"unknown type":        one("F7", "[8]", "[0,8]"),
		"half floats too few": one("F16", "[2]", "[0,8]"),
		"negative shape":      one("F32", "[-2]", "[0,8]"),
		"shape overflows":     one("F32", "[4294967296,4294967296,4294967296]", "[0,8]"),
		"shape too small":     one("F32", "[1]", "[0,8]"),
		"negative offset":     one("F32", "[2]", "[-8,0]"),
		"backwards":           one("F32", "[2]", "[8,0]"),
		"beyond the end":      one("F32", "[3]", "[0,12]"),
		"gap at the start":    one("F32", "[1]", "[4,8]"),
		"gap at the end":      one("F32", "[1]", "[0,4]"),
		"overlap": safetensors(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},`+
			`"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "12345678"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s, err := tensor.ReadSafetensors(bytes.NewReader(file), int64(len(file))); !errors.Is(err, stages.ErrInput) {
				t.Errorf("got %v, %v, want an error that wraps stages.ErrInput", s, err)
			}
		})
	}
}

func FuzzReadSafetensors(f *testing.F) {
	f.Add(safetensors(`{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}`, "12345678"))
	f.Add(safetensors(`{"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}`, "12345678"))
	f.Add(safetensors(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, "12345678"))
	f.Add(safetensors(`{"__metadata__":{"format":"pt"}}  `, ""))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := tensor.ReadSafetensors(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		total := 0
		for _, tensor := range s.Tensors {
			total += len(tensor.Data)
		}
		if 2*total > len(file) {
			t.Errorf("%d values from a file of %d bytes", total, len(file))
		}
	})
}
