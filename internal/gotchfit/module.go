package gotchfit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// The release of gotch that the edits were written for, and the checksum of its
// files, as go.sum has it.
const (
	modulePath    = "github.com/sugarme/gotch"
	moduleVersion = "v0.9.1"
	moduleSum     = "h1:J6JCE1C2AfPmM1xk0p46LdzWtfNvbvZZnWdkj9v54jo="
)

// kept are the files of gotch that the copy has: tensors with their operations
// and optimisers. Left out are its layers and its parameter store (an unordered
// map, whose functions for clipping deadlock), TorchScript, NumPy files, images,
// printing, and the init function that makes a folder in the user's home.
var kept = []string{
	"LICENSE", "device.go", "dtype.go",
	"libtch/c-generated.go", "libtch/device.go", "libtch/patch.go", "libtch/pointer-store.go",
	"libtch/scalar.go", "libtch/tensor.go", "libtch/torch_api.h", "libtch/torch_api_generated.h",
	"ts/index.go", "ts/layout.go", "ts/must-tensor-generated.go", "ts/optimizer.go", "ts/other.go",
	"ts/patch.go", "ts/tensor-generated.go", "ts/tensor.go", "ts/util.go",
}

// wrapperFiles are the C++ sources, which libtch.so is made from.
var wrapperFiles = []string{
	"libtch/torch_api.cpp", "libtch/torch_api.h", "libtch/torch_api_generated.cpp.h", "libtch/torch_api_generated.h",
	"libtch/stb_image.h", "libtch/stb_image_resize.h", "libtch/stb_image_write.h",
}

// download returns the folder of gotch in the module cache, fetching it if it is
// not there.
func download(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", modulePath+"@"+moduleVersion)
	cmd.Env = append(cmd.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.Output()
	var module struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &module); err == nil && jsonErr != nil {
		return "", fmt.Errorf("go mod download: %w", jsonErr)
	}
	switch {
	case module.Error != "":
		return "", fmt.Errorf("go mod download: %s", module.Error)
	case err != nil:
		return "", fmt.Errorf("go mod download: %w%s", err, stderr(err))
	case module.Sum != moduleSum:
		return "", fmt.Errorf("%s@%s has the checksum %s, not %s: the edits were not written for it", modulePath, moduleVersion, module.Sum, moduleSum)
	}
	return module.Dir, nil
}

func stderr(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return ": " + string(bytes.TrimSpace(exit.Stderr))
	}
	return ""
}

// tree is files by their path, with slashes.
type tree map[string][]byte

func readTree(dir string, names []string) (tree, error) {
	t := tree{}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		t[name] = content
	}
	return t, nil
}

// write makes the folder dir hold the files of t and no others. It leaves a
// file alone that is right already.
func (t tree) write(dir string) error {
	for name, content := range t {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := writeIfNew(file, content); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		if _, ours := t[filepath.ToSlash(name)]; !ours {
			return os.Remove(file)
		}
		return nil
	})
}

func writeIfNew(file string, content []byte) error {
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// matching returns the names of t that match a pattern of package path.
func (t tree) matching(pattern string) []string {
	var names []string
	for name := range t {
		if ok, _ := path.Match(pattern, name); ok {
			names = append(names, name)
		}
	}
	return names
}
