package gotchfit

import (
	"embed"
	"io/fs"
	"strings"
)

// Besides the overlay's files, which are new or take the place of gotch's, the
// copy differs from gotch by these removals and edits.

//go:embed _overlay
var overlay embed.FS

var removals = []removal{
	{
		why: "handles were freed by finalizers, also while C used them", file: "ts/tensor.go",
		names: []string{
			"TensorCount", "ScalarCount", "AllocatedMem", "ExistingTensors", "ExistingScalars", "lock",
			"None", "bigStruct", "Tensor", "newTensor", "New", "CheckCMemLeak", "CleanUp", "Tensor.Ctensor", "freeCTensor", "newName",
			"NewTensor", "FromCtensor", "Tensor.Name", "Tensor.nbytes", "Tensor.ShallowClone", "Tensor.Drop", "Tensor.MustDrop",
		},
	},
	{
		why: "they switch gradients on again whatever the state was", file: "ts/tensor.go",
		names: []string{
			"GradSetEnabled", "MustGradSetEnabled", "NoGrad", "NoGrad1", "NoGradGuard", "NewNoGradGuard", "noGradGuardInit",
			"NoGradGuard.Drop", "NoGradGuard.Enable",
		},
	},
	{
		why: "it passes one tensor where C reads a list", file: "ts/tensor.go",
		names: []string{"RunBackward"},
	},
	{
		why: "they write outside of what they allocate, or copy a handle", file: "ts/tensor.go",
		names: []string{"SaveMulti", "MustSaveMulti"},
	},
	{why: "they need TorchScript", file: "ts/tensor.go", names: []string{
		"LoadMulti", "MustLoadMulti", "LoadMultiWithDevice", "MustLoadMultiWithDevice",
	}},
	{why: "C writes outside of the cells", file: "ts/optimizer.go", names: []string{"COptimizer.GetLearningRates"}},
	{why: "C writes outside of the cells", file: "libtch/tensor.go", names: []string{"AtoGetLearningRates", "AtSaveMulti"}},
	{why: "they copy a handle", file: "ts/patch.go", names: []string{"Where", "MustWhere"}},
}

var edits = []edit{
	{
		why:  "result cells of no bytes, never freed",
		find: `\(\*lib\.Ctensor\)\(unsafe\.Pointer\(C\.malloc\(0\)\)\)`, replace: `newCells()`,
		files: "ts/*.go", times: 2447 + 5 + 2,
	},
	{
		why:  "an operation in place returns a second handle of the same tensor",
		find: `(?m)^( +)ts\.ctensor = \*ptr$`, replace: `${1}lib.AtFree(*ptr)`,
		files: "ts/*.go", times: 260,
	},
	{
		why:  "a freed tensor must not go to C, where it may mean an absent one",
		find: `(\w)\.ctensor\b`, replace: `${1}.handle()`,
		files: "ts/*.go", times: 5200,
	},
	{
		why:  "nor a freed scalar",
		find: `(\w)\.cscalar\b`, replace: `${1}.handle()`,
		files: "ts/*.go", times: 362,
	},
	{
		why:  "lists that C allocated and nobody freed",
		find: `(?s)currentPtr := ctensorsPtr\n.*?\n\t}\n\n\treturn retVal, nil`, replace: `return takeList(ctensorsPtr), nil`,
		files: "ts/patch.go", times: 8,
	},
	{
		why:  "the process ended at the first error",
		find: `log\.Fatal\(err\)`, replace: `fail(err)`,
		files: "ts/*.go", times: 2529,
	},
	{
		why:  "the process ended at the first error",
		find: `log\.Fatalf\(`, replace: `failf(`,
		files: "ts/*.go", times: 2,
	},
	{
		why:  "the process ended at the first error",
		find: `log\.Fatal\(err\)`, replace: `panic(err)`,
		files: "libtch/*.go", times: 1,
	},
	{
		why:  "the process ended at the first error",
		find: `log\.Fatalf?\(`, replace: `log.Panicf(`,
		files: "device.go", times: 3,
	},
	{
		why:  "eight bytes read from an int of C",
		find: `return \*\(\*int\)\(unsafe\.Pointer\(&(\w+)\)\)`, replace: `return int(${1})`,
		files: "libtch/*.go", times: 3,
	},
	{
		why:  "an empty list panicked",
		find: `(\(\*C[.\w]+\))\(unsafe\.Pointer\(&(\w+)\[0\]\)\)`, replace: `${1}(unsafe.Pointer(unsafe.SliceData(${2})))`,
		files: "libtch/*.go", times: 935,
	},
	{
		why:  "strings never freed",
		find: `(?m)^\s*(c\w+) := C\.CString\(\w+\)$`, replace: "${0}\n\tdefer C.free(unsafe.Pointer(${1}))",
		files: "libtch/c-generated.go", times: 116,
	},
}

// mend returns the copy's files, made from those of gotch.
func mend(gotch tree) (tree, error) {
	t := tree{}
	for name, content := range gotch {
		t[name] = content
	}
	for _, r := range removals {
		if err := t.remove(r); err != nil {
			return nil, err
		}
	}
	for _, e := range edits {
		if err := t.apply(e); err != nil {
			return nil, err
		}
	}
	if err := t.split("libtch/c-generated.go"); err != nil {
		return nil, err
	}
	if err := t.overlay(); err != nil {
		return nil, err
	}
	t["go.mod"] = []byte("// gotch " + moduleVersion + ", changed by internal/gotchfit.\nmodule " + modulePath + "\n\ngo 1.21\n")
	return t, t.dropUnusedImports()
}

// overlay adds the overlay's files.
func (t tree) overlay() error {
	return fs.WalkDir(overlay, "_overlay", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := overlay.ReadFile(name)
		t[strings.TrimPrefix(name, "_overlay/")] = content
		return err
	})
}
