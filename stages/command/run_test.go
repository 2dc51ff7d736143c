package command_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"repro/stages/command"
)

var hostPath = []string{"PATH=" + os.Getenv("PATH")}

// pipe makes a named pipe. Processes that have it open for writing keep its
// reader waiting: the end of the pipe is the end of all of them.
func pipe(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// ended waits until nobody has the named pipe open for writing any more.
func ended(t *testing.T, name string) <-chan string {
	t.Helper()
	all := make(chan string, 1)
	go func() {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		all <- string(content)
	}()
	return all
}

// trigger is a writer that calls do at the first sight of a text.
type trigger struct {
	text string
	do   func()

	mu   sync.Mutex
	seen bytes.Buffer
	once sync.Once
}

func (w *trigger) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.Write(p)
	if strings.Contains(w.seen.String(), w.text) {
		w.once.Do(w.do)
	}
	return len(p), nil
}

func TestRunPassesStreamsDirAndEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out, errOut bytes.Buffer
	err := command.Run(t.Context(), command.Cmd{
		Argv:  []string{"sh", "-c", `cat; pwd -P; env | grep -v ^PWD= | sort; echo problem >&2`},
		Dir:   dir,
		Env:   append(hostPath, "A=b c"),
		Stdin: strings.NewReader("in\n"), Stdout: &out, Stderr: &errOut,
	})
	if err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	// Some shells add OLDPWD, SHLVL or _.
	want := "in\n" + real + "\nA=b c\n"
	if got := out.String(); !strings.HasPrefix(got, want) || !strings.Contains(got, hostPath[0]) || strings.Contains(got, "HOME=") {
		t.Errorf("standard output is\n%s\nwant it to begin with\n%s", got, want)
	}
	if errOut.String() != "problem\n" {
		t.Errorf("standard error is %q", errOut.String())
	}
}

func TestRunWithoutEnvironmentPassesNone(t *testing.T) {
	t.Parallel()
	env, err := exec.LookPath("env")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := command.Run(t.Context(), command.Cmd{Argv: []string{env}, Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 {
		t.Errorf("the program sees %q", out.String())
	}
}

func TestRunSaysHowAProgramFailed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "plain"), []byte("exit 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		argv []string
		want string
		is   error
	}{
		"status":         {[]string{"sh", "-c", "exit 3"}, `sh -c "exit 3": exit status 3`, nil},
		"signal":         {[]string{"sh", "-c", "kill -SEGV $$"}, "signal: segmentation fault", nil},
		"not in PATH":    {[]string{"no-such-program"}, "start no-such-program", exec.ErrNotFound},
		"not in Dir":     {[]string{"./absent"}, "start ./absent", fs.ErrNotExist},
		"not executable": {[]string{"./plain"}, "start ./plain", fs.ErrPermission},
		"nothing":        {nil, "no program given", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := command.Run(t.Context(), command.Cmd{Argv: test.argv, Dir: dir, Env: hostPath})
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got error %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestRunCancelledKillsTheWholeGroup(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		grace  time.Duration
	}{
		"a program that ends at SIGTERM, its child not": {
			`exec 3>"$PIPE"; (trap "" TERM; exec sleep 1000) & echo ready; wait`, time.Hour,
		},
		"a program that ignores SIGTERM": {
			`exec 3>"$PIPE"; trap "" TERM; echo ready; while :; do sleep 1000; done`, time.Millisecond,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			name := pipe(t)
			gone := ended(t, name)
			err := command.Run(ctx, command.Cmd{
				Argv:   []string{"sh", "-c", test.script},
				Env:    append(hostPath, "PIPE="+name),
				Stdout: &trigger{text: "ready", do: cancel},
				Grace:  test.grace,
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want one that wraps context.Canceled", err)
			}
			<-gone // the test hangs here if a process survives
		})
	}
}

func TestRunLeavesNoChildBehindOnSuccess(t *testing.T) {
	t.Parallel()
	name := pipe(t)
	gone := ended(t, name)
	var out bytes.Buffer
	err := command.Run(t.Context(), command.Cmd{
		Argv:   []string{"sh", "-c", `exec 3>"$PIPE"; (trap "" TERM HUP; exec sleep 1000) & echo done`},
		Env:    append(hostPath, "PIPE="+name),
		Stdout: &out,
	})
	if err != nil || out.String() != "done\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	<-gone
}

func TestRunDoesNotHangOnAProcessThatLeftTheGroup(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid on this machine")
	}
	// The program waits for its child to be out of the group.
	name := pipe(t)
	var out bytes.Buffer
	err := command.Run(t.Context(), command.Cmd{
		Argv:   []string{"sh", "-c", `setsid sh -c 'echo $$; echo out > "$PIPE"; exec sleep 1000' & read line < "$PIPE"`},
		Env:    append(hostPath, "PIPE="+name),
		Stdout: &out,
		Grace:  10 * time.Millisecond,
	})
	if pid, convErr := strconv.Atoi(strings.TrimSpace(out.String())); convErr != nil || syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Errorf("no process was left: %q", out.String())
	}
	if err == nil || !strings.Contains(err.Error(), "still holds its output open") {
		t.Errorf("got error %v", err)
	}
}

func TestRunSurvivesTheEndOfOtherThreads(t *testing.T) {
	t.Parallel()
	name := pipe(t)
	done := make(chan error, 1)
	go func() {
		done <- command.Run(t.Context(), command.Cmd{Argv: []string{"sh", "-c", `read line < "$PIPE"`}, Env: append(hostPath, "PIPE="+name)})
	}()
	in, err := os.OpenFile(name, os.O_WRONLY, 0) // waits until the program reads
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(runtime.LockOSThread) // a goroutine that ends locked ends its thread
	}
	wg.Wait()
	if _, err := in.WriteString("go on\n"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(in.Close(), <-done); err != nil {
		t.Errorf("the program died with a thread: %v", err)
	}
}

// TestRunDiesWithUs runs itself in another process, which is killed while the
// program runs.
func TestRunDiesWithUs(t *testing.T) {
	t.Parallel()
	const variable = "REPRO_TEST_PIPE"
	if name := os.Getenv(variable); name != "" {
		err := command.Run(t.Context(), command.Cmd{
			Argv:   []string{"sh", "-c", `exec 3>"$PIPE"; echo ready; exec sleep 1000`},
			Env:    append(hostPath, "PIPE="+name),
			Stdout: os.Stdout,
		})
		t.Fatalf("not killed: %v", err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells children of the death of their parent")
	}
	name := pipe(t)
	gone := ended(t, name)
	self := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunDiesWithUs$")
	self.Env = append(os.Environ(), variable+"="+name)
	killed := &trigger{text: "ready", do: func() {
		if err := self.Process.Kill(); err != nil {
			t.Error(err)
		}
	}}
	self.Stdout = killed
	if err := self.Run(); err == nil {
		t.Error("the process was not killed")
	}
	<-gone
}

func BenchmarkRun(b *testing.B) {
	program, err := exec.LookPath("true")
	if err != nil {
		b.Skip(err)
	}
	b.Run("command.Run", func(b *testing.B) {
		for b.Loop() {
			if err := command.Run(b.Context(), command.Cmd{Argv: []string{program}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("os/exec", func(b *testing.B) {
		for b.Loop() {
			if err := exec.CommandContext(b.Context(), program).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
