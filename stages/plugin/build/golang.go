package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"repro/stages"
)

// goLanguage is the version of the language in files that are written here; it
// is the SDK's.
const goLanguage = "1.26.0"

// goEnv is the environment of the go command: the author's settings for
// proxies and caches, but none that change what is built.
func goEnv(more ...string) []string {
	env := append(os.Environ(), "GOFLAGS=", "GO111MODULE=on", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOWORK=off")
	return append(env, more...)
}

func (b *builder) prepareGo() error {
	cmd := exec.CommandContext(b.ctx, "go", "env", "GOVERSION")
	cmd.Env = goEnv()
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return &stages.MissingToolError{Tool: "go, which builds the plugin " + b.name + ",", Install: "apt-get install golang"}
	}
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	b.program.Identity[partToolchain] = strings.TrimSpace(string(out))
	if b.sdk, err = goSDK(b.Root, b.SDK); err != nil {
		return err
	}
	b.program.Identity[partSDK] = b.sdk.digest
	return nil
}

// binary is the compiled plugin in its home. Its name is what ps shows.
func (b *builder) binary() string { return "plugin-" + b.name }

// compile builds the package in the copy of the plugin's folder. A workspace
// puts the SDK where the module repro is looked for.
func (b *builder) compile(home string) error {
	if err := b.workspace(home); err != nil {
		return err
	}
	b.say("building the plugin %s", b.name)
	out, err := b.goCommand(home, "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(home, b.binary()), ".")
	if err != nil {
		return fmt.Errorf("the plugin does not build: %w\n%s", err, strings.TrimRight(string(out), "\n"))
	}
	return nil
}

// workspace writes go.work, and go.mod if the author needed none.
func (b *builder) workspace(home string) error {
	mod := filepath.Join(home, sourceDir, "go.mod")
	if _, err := os.Stat(mod); errors.Is(err, fs.ErrNotExist) {
		if err := writeFile(mod, fmt.Appendf(nil, "module %s\n\ngo %s\n", b.name, goLanguage)); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(home, "go.work"),
		fmt.Appendf(nil, "go %s\n\nuse ./%s\n\nuse %s\n", goLanguage, sourceDir, b.sdk.dir))
}

// goCommand runs the go command in the copy of the plugin's folder and returns
// what it printed, with paths as the author knows them.
func (b *builder) goCommand(home string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(b.ctx, "go", args...)
	cmd.Dir = filepath.Join(home, sourceDir)
	cmd.Env = goEnv("GOWORK=" + filepath.Join(home, "go.work"))
	out, err := cmd.CombinedOutput()
	out = bytes.ReplaceAll(out, []byte("./"), []byte(b.dir+string(filepath.Separator)))
	return out, err
}
