package cli_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"repro/internal/cli"
	"repro/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"repro": func() { os.Exit(cli.Main(os.Args[1:], os.DirFS(testkit.Root()), os.Stdout, os.Stderr)) },
	})
}

// TestScript tells the story of each command: testdata/script/*.txtar.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       testkit.Updating(),
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(http.HandlerFunc(serve))
			env.Defer(server.Close)
			env.Setenv("SERVER", server.URL)
			return goEnv(env)
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"badzip":  badZip,
			"tmpfs":   tmpfs,
			"edit":    edit,
			"corrupt": corrupt,
		},
	})
}

// goEnv lets scripts build Go plugins with the modules and the build cache that
// this test was built with: a script has no home.
func goEnv(env *testscript.Env) error {
	names := []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return err
	}
	for i, value := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
		env.Setenv(names[i], value)
	}
	return nil
}

// condition knows [grpc]: Debian's Python can run plugins; [nvidia]: this machine
// has NVIDIA's driver.
func condition(name string) (bool, error) {
	switch name {
	case "grpc":
		return exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf").Run() == nil, nil
	case "nvidia":
		_, err := os.Stat("/proc/driver/nvidia")
		return err == nil, nil
	default:
		return false, fmt.Errorf("unknown condition %q", name)
	}
}

// exits runs a command and demands its exit code: exits CODE COMMAND [ARG…].
// stdout and stderr can be matched afterwards.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// badZip writes a zip archive whose one entry leaves the folder: badzip FILE.
func badZip(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	w := zip.NewWriter(f)
	entry, err := w.Create("../escaped.txt")
	ts.Check(err)
	_, err = entry.Write([]byte("out"))
	ts.Check(errors.Join(err, w.Close(), f.Close()))
}

// tmpfs mounts a small file system: tmpfs DIR SIZE. The script is skipped
// where that is not permitted.
func tmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]); err != nil {
		ts.Logf("skip: a small file system cannot be mounted here: %v", err)
		ts.Setenv("NO_TMPFS", "1")
		return
	}
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// edit replaces text in a file: edit FILE OLD NEW.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	if !strings.Contains(string(b), args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, []byte(strings.ReplaceAll(string(b), args[1], args[2])), 0o644))
}

// corrupt flips a byte in every blob file of a cache: corrupt DIR.
func corrupt(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "cache/blobs/*/*"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no blob files in %s", args[0])
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		ts.Check(err)
		b[len(b)/2] ^= 1
		ts.Check(os.Chmod(name, 0o644))
		ts.Check(os.WriteFile(name, b, 0o444))
	}
}

// serve answers the downloads of the scripts: /text/WORD gives the word,
// /truncated/N promises N bytes and gives half of them.
func serve(w http.ResponseWriter, r *http.Request) {
	kind, arg, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch kind {
	case "text":
		fmt.Fprint(w, arg) //nolint:errcheck // the client will notice
	case "truncated":
		n, err := strconv.Atoi(arg)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", arg)
		w.Write(make([]byte, n/2)) //nolint:errcheck // cut short on purpose
	default:
		http.NotFound(w, r)
	}
}
