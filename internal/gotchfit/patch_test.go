package gotchfit_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"

	"repro/internal/gotchfit"
)

// mended returns the mended copy of gotch, where change may change what gotch
// says first. It skips the test where gotch cannot be had.
func mended(t *testing.T, change func(gotchfit.Files)) (gotchfit.Files, error) {
	t.Helper()
	dir, err := gotchfit.Cached(t.Context())
	if err != nil {
		t.Skipf("needs gotch in the module cache: %v", err)
	}
	return gotchfit.Mend(func(names []string) (gotchfit.Files, error) {
		files, err := gotchfit.ReadFiles(dir, names)
		if err == nil && change != nil {
			change(files)
		}
		return files, err
	})
}

func TestTheCopyHasNoneOfGotchsDefects(t *testing.T) {
	t.Parallel()
	files, err := mended(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if path.Ext(name) != ".go" {
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution); err != nil {
			t.Error(err)
		}
		for _, defect := range []string{"SetFinalizer", "C.malloc(0)", "log.Fatal", "os.MkdirAll", "bigStruct", "ExistingTensors"} {
			if bytes.Contains(content, []byte(defect)) {
				t.Errorf("%s still has %s", name, defect)
			}
		}
	}
	if bytes.Contains(files["ts/tensor-generated.go"], []byte(`import "C"`)) {
		t.Error("45,000 lines go through cgo for nothing")
	}
	if _, ok := files["LICENSE"]; !ok {
		t.Error("the copy comes without its licence")
	}
}

func TestOtherSourcesAreNotMended(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, old, new string }{
		"a cell more":             {"ts/tensor-generated.go", "C.malloc(0)", "C.malloc(0)+C.malloc(1)"},
		"a removed function less": {"ts/tensor.go", "func RunBackward(", "func RunBackwards("},
		"a prototype less":        {"libtch/torch_api_generated.h", "void atg_matmul(", "void atg_mat_mul("},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := mended(t, func(files gotchfit.Files) {
				changed := strings.Replace(string(files[c.file]), c.old, c.new, 1)
				if changed == string(files[c.file]) {
					t.Fatalf("%s has no %q", c.file, c.old)
				}
				files[c.file] = []byte(changed)
			})
			if err == nil {
				t.Error("no error")
			}
		})
	}
}
