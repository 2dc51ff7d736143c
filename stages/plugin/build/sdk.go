package build

import (
	_ "embed"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// goPackages are the packages of the Go SDK: what a plugin may import.
var goPackages = []string{
	"stages", "stages/bm25", "stages/corpus", "stages/sample", "stages/tensor", "stages/plugin", "stages/plugin/v1",
}

// pythonSDK is the folder that a Python plugin finds its SDK in.
const pythonSDK = "stages/plugin/python"

// goMod is the go.mod of the Go SDK: the modules that its packages need, at the
// versions that repro is built with. A test keeps it so.
//
//go:embed sdk.mod
var goMod []byte

// sdk is the source of one language's SDK, laid out once below root.
type sdk struct {
	dir    string // where it is
	digest string
}

// SDK lays out the SDK of a language below root, as plugins are built with it,
// and returns its folder.
func SDK(root, language string, source fs.FS) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	var s *sdk
	switch language {
	case Go:
		s, err = goSDK(root, source)
	case Python:
		s, err = newPythonSDK(root, source)
	default:
		return "", fmt.Errorf("there is no SDK for %q; there are %s and %s", language, Go, Python)
	}
	if err != nil {
		return "", err
	}
	return s.dir, nil
}

// goSDK lays out the module that Go plugins are built against.
func goSDK(root string, source fs.FS) (*sdk, error) {
	var files []string
	for _, pkg := range goPackages {
		found, err := fs.Glob(source, path.Join(pkg, "*.go"))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("the go SDK is not part of this build of repro: it lacks %s", pkg)
		}
		for _, file := range found {
			if !strings.HasSuffix(file, "_test.go") {
				files = append(files, file)
			}
		}
	}
	return layOut(root, "go", source, append(files, "go.sum"), goMod)
}

// newPythonSDK lays out the package repro_plugin.
func newPythonSDK(root string, source fs.FS) (*sdk, error) {
	sub, err := fs.Sub(source, pythonSDK)
	if err != nil {
		return nil, err
	}
	files, err := list(sub, "repro_plugin")
	if err != nil {
		return nil, err
	}
	return layOut(root, Python, sub, files, nil)
}

// layOut copies files, and extra as go.mod if there is any.
func layOut(root, language string, source fs.FS, files []string, extra []byte) (*sdk, error) {
	if len(files) == 0 {
		return nil, fmt.Errorf("the %s SDK is not part of this build of repro", language)
	}
	sum, err := digest(source, files)
	if err != nil {
		return nil, err
	}
	if extra != nil { // it decides versions
		sum = "h1:" + fingerprint(sum, map[string]string{"go.mod": string(extra)})
	}
	s := &sdk{dir: filepath.Join(root, "sdk-"+language+"-"+shorten(sum)), digest: sum}
	err = settle(s.dir, func(dir string) error {
		if err := copyFiles(dir, source, files); err != nil {
			return err
		}
		if extra == nil {
			return nil
		}
		return writeFile(filepath.Join(dir, "go.mod"), extra)
	})
	Used(s.dir)
	return s, err
}
