package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/modfile"

	"repro/stages"
)

// goLanguage is the version of the language in files that are written here; it
// is the SDK's.
const goLanguage = "1.26.0"

// goSettings are the author's settings that the go command may have: where
// modules come from and where caches are. None of them changes what is built.
var goSettings = []string{
	"GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH", "GOCACHE", "GOMODCACHE", "GOPATH",
}

// hostVariables are what else it gets of the environment.
var hostVariables = []string{
	"PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// goEnv returns the environment of the go command, which decides what is built:
// neither the user's variables nor those that go env -w keeps have a say.
func goEnv(ctx context.Context, more ...string) ([]string, error) {
	env := []string{
		"GOENV=off", "GOFLAGS=", "GO111MODULE=on", "GOTOOLCHAIN=local", "GOEXPERIMENT=", "CGO_ENABLED=0", "GOWORK=off",
		"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH, "GOAMD64=v1", "GOARM64=v8.0", "LC_ALL=C",
	}
	for _, name := range hostVariables {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	// Asked with the user's settings, but without those that could be wrong for
	// this version of Go.
	ask := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, goSettings...)...)
	ask.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOEXPERIMENT=", "GOFLAGS=", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	out, err := ask.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, &stages.MissingToolError{Tool: "go, which builds plugins,", Install: "apt-get install golang"}
	}
	var settings map[string]string
	if err == nil {
		err = json.Unmarshal(out, &settings)
	}
	if err != nil {
		return nil, because(ctx, fmt.Errorf("go env: %w", err))
	}
	for _, name := range goSettings {
		if settings[name] != "" {
			env = append(env, name+"="+settings[name])
		}
	}
	return append(env, more...), nil
}

// because returns why the context is done, if it is: a command that was
// interrupted has no better reason.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (b *builder) prepareGo() error {
	env, err := goEnv(b.ctx)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(b.ctx, "go", "env", "GOVERSION")
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		return because(b.ctx, fmt.Errorf("go env: %w", err))
	}
	b.program.Identity[partToolchain] = fmt.Sprintf("%s %s/%s", strings.TrimSpace(string(out)), runtime.GOOS, runtime.GOARCH)
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
		return because(b.ctx, fmt.Errorf("the plugin does not build: %w\n%s", err, strings.TrimRight(string(out), "\n")))
	}
	return nil
}

// workspace writes go.work, and go.mod if the author needed none.
func (b *builder) workspace(home string) error {
	mod := filepath.Join(home, sourceDir, "go.mod")
	if _, err := os.Stat(mod); errors.Is(err, fs.ErrNotExist) {
		if err := writeFile(mod, fmt.Appendf(nil, "module plugins/%s\n\ngo %s\n", b.name, goLanguage)); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(home, "go.work"),
		fmt.Appendf(nil, "go %s\n\nuse ./%s\n\nuse %s\n", goLanguage, sourceDir, modfile.AutoQuote(b.sdk.dir)))
}

// goCommand runs the go command in the copy of the plugin's folder and returns
// what it printed, with paths as the author knows them.
func (b *builder) goCommand(home string, args ...string) ([]byte, error) {
	env, err := goEnv(b.ctx, "GOWORK="+filepath.Join(home, "go.work"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(b.ctx, "go", args...)
	cmd.Dir = filepath.Join(home, sourceDir)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	lines := strings.Split(string(out), "\n")
	for i, line := range lines {
		if file, ok := strings.CutPrefix(line, "./"); ok {
			lines[i] = filepath.Join(b.dir, file)
		}
	}
	return []byte(strings.Join(lines, "\n")), err
}
