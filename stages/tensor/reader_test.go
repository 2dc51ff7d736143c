package tensor_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages"
	"repro/stages/tensor"
)

// one returns a reader of a file with the tensor a.
func one(t testing.TB, dtype string, n int, body []byte) *tensor.Reader {
	t.Helper()
	file := safetensors(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[%d],"data_offsets":[0,%d]}}`, dtype, n, len(body)), string(body))
	r, err := tensor.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// allHalves returns every value of 16 bits.
func allHalves() []byte {
	var b []byte
	for h := range 1 << 16 {
		b = binary.LittleEndian.AppendUint16(b, uint16(h))
	}
	return b
}

func TestEveryFloat16IsExact(t *testing.T) {
	t.Parallel()
	values, err := one(t, tensor.DtypeF16, 1<<16, allHalves()).Floats("a", nil)
	if err != nil {
		t.Fatal(err)
	}
	for h, got := range values {
		// IEEE 754-2019, section 3.4, in numbers rather than bits.
		exponent, fraction := h>>10&0x1f, float64(h&0x3ff)
		var want float64
		switch exponent {
		case 0:
			want = math.Ldexp(fraction, -24)
		case 31:
			want = math.Inf(1)
			if fraction != 0 {
				want = math.NaN()
			}
		default:
			want = math.Ldexp(1024+fraction, exponent-25)
		}
		if h>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		same := float64(got) == want && math.Signbit(float64(got)) == math.Signbit(want)
		if math.IsNaN(want) {
			bits := math.Float32bits(got)
			same = got != got && int(bits>>31) == h>>15 && int(bits>>13&0x3ff) == h&0x3ff
		}
		if !same {
			t.Fatalf("%#04x is %v, want %v", h, got, want)
		}
	}
}

func TestEveryBFloat16IsExact(t *testing.T) {
	t.Parallel()
	values, err := one(t, tensor.DtypeBF16, 1<<16, allHalves()).Floats("a", nil)
	if err != nil {
		t.Fatal(err)
	}
	for h, got := range values {
		if want := uint32(h) << 16; math.Float32bits(got) != want {
			t.Fatalf("%#04x is %#08x, want %#08x", h, math.Float32bits(got), want)
		}
	}
}

func TestFloat64IsRounded(t *testing.T) {
	t.Parallel()
	in := []float64{0, math.Copysign(0, -1), 1, -2.5, 1 + 1e-9, math.Pi, 1e-46, 1e300, math.Inf(-1)}
	want := []float32{0, float32(math.Copysign(0, -1)), 1, -2.5, 1, math.Pi, 0, float32(math.Inf(1)), float32(math.Inf(-1))}
	var b []byte
	for _, v := range in {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	got, err := one(t, tensor.DtypeF64, len(in), b).Floats("a", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("%v is %v, want %v", in[i], got[i], want[i])
		}
	}
}

func TestReaderReadsOneOfMany(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.safetensors")
	long := make([]float32, 200_003) // several reads, the last of them short
	for i := range long {
		long[i] = float32(i)
	}
	column := func(name, dtype string, shape []int, body []byte) tensor.Column {
		return tensor.Column{Name: name, Dtype: dtype, Shape: shape, Write: func(w io.Writer) error {
			_, err := w.Write(body)
			return err
		}}
	}
	err := tensor.SaveColumns(file, map[string]string{"format": "pt"}, []tensor.Column{
		{Name: "long", Dtype: tensor.DtypeF32, Shape: []int{200_003}, Write: func(w io.Writer) error { return tensor.WriteFloats(w, long) }},
		column("half", tensor.DtypeF16, []int{1, 2}, []byte{0x00, 0x3c, 0x00, 0xc0}),
		column("position_ids", "I64", []int{1, 1}, make([]byte, 8)),
		column("none", tensor.DtypeF32, []int{0, 7}, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := tensor.OpenSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	if diff := cmp.Diff([]string{"half", "long", "none", "position_ids"}, r.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if r.Metadata["format"] != "pt" {
		t.Errorf("metadata %v", r.Metadata)
	}
	if info, ok := r.Info("half"); !ok || !cmp.Equal(info, tensor.Info{Dtype: tensor.DtypeF16, Shape: []int{1, 2}}) {
		t.Errorf("half is %v, %v", info, ok)
	}
	if info, ok := r.Info("other"); ok {
		t.Errorf("other is %v", info)
	}
	buffer := make([]float32, 3, 200_003)
	got, err := r.Floats("long", buffer)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(got, long) {
		t.Error("long is not what was written")
	}
	if &got[0] != &buffer[0] {
		t.Error("the buffer was large enough and was not used")
	}
	if got, err := r.Floats("half", got); err != nil || !cmp.Equal(got, []float32{1, -2}) {
		t.Errorf("half is %v, %v", got, err)
	}
	if got, err := r.Floats("none", nil); err != nil || len(got) != 0 {
		t.Errorf("none is %v, %v", got, err)
	}
	for name, want := range map[string]string{"position_ids": `type "I64"`, "other": `no tensor "other"`} {
		if _, err := r.Floats(name, nil); !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an input error with %s", err, want)
		}
	}
}

func TestReaderOfAFileThatShrank(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.safetensors")
	if err := tensor.SaveSafetensors(file, &tensor.Safetensors{Tensors: map[string]tensor.Tensor{"a": {Shape: []int{4}, Data: make([]float32, 4)}}}); err != nil {
		t.Fatal(err)
	}
	r, err := tensor.OpenSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // opened for reading only
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Floats("a", nil); !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("got %v, want an input error: cut short", err)
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	if err := tensor.SaveSafetensors(file, &tensor.Safetensors{
		Metadata: map[string]string{"k": "v"},
		Tensors:  map[string]tensor.Tensor{"a": {Shape: []int{1}, Data: []float32{1}}},
	}); err != nil {
		t.Fatal(err)
	}
	m, err := tensor.Map(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Bytes("a", tensor.DtypeF32); !bytes.Equal(got, []byte{0, 0, 0x80, 0x3f}) {
		t.Errorf("a is %x", got)
	}
	if got := m.Bytes("a", tensor.DtypeU32); got != nil {
		t.Errorf("a as U32 is %x", got)
	}
	if m.Metadata["k"] != "v" {
		t.Errorf("metadata %v", m.Metadata)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	for name, body := range map[string]string{"empty": "", "short": "1234", "absurd": "\xff\xff\xff\xff\xff\xff\xff\xff{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := tensor.Map(filepath.Join(dir, name)); !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an input error that names the file", name, err)
		}
	}
}

func BenchmarkFloats(b *testing.B) {
	for dtype, width := range map[string]int{tensor.DtypeF32: 4, tensor.DtypeF16: 2, tensor.DtypeBF16: 2} {
		b.Run(dtype, func(b *testing.B) {
			body := make([]byte, 64<<20)
			r := one(b, dtype, len(body)/width, body)
			b.SetBytes(int64(len(body)))
			var buffer []float32
			for b.Loop() {
				var err error
				if buffer, err = r.Floats("a", buffer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
