package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// defaultGrace is how long a cancelled program may take to end by itself.
const defaultGrace = 5 * time.Second

// Cmd is one program to run.
type Cmd struct {
	Argv   []string      // program and arguments; a program with a slash is relative to Dir, another is looked up in PATH
	Dir    string        // working directory
	Env    []string      // "NAME=value"; nothing is added to it
	Stdin  io.Reader     // nil for none
	Stdout io.Writer     // nil to discard; an *os.File is handed over as it is
	Stderr io.Writer     // nil to discard; may be the same as Stdout
	Grace  time.Duration // between SIGTERM and SIGKILL once ctx is done; 0 means 5 s
}

// Run runs c in a process group of its own and waits for it. When the program
// ends, whatever it left in its group is killed. When ctx is done the group
// gets SIGTERM, and SIGKILL once the program has ended or c.Grace is over; the
// error then wraps ctx.Err(). On Linux the program also dies with this process.
//
// A program that is not there gives an error that wraps exec.ErrNotFound or
// fs.ErrNotExist, one that fails gives an error that wraps *exec.ExitError and
// says with which status or by which signal.
func Run(ctx context.Context, c Cmd) error {
	if len(c.Argv) == 0 {
		return errors.New("run: no program given")
	}
	grace := c.Grace
	if grace == 0 {
		grace = defaultGrace
	}
	cmd := exec.CommandContext(ctx, resolve(c.Argv[0], c.Dir), c.Argv[1:]...)
	cmd.Args[0] = c.Argv[0]
	cmd.Dir, cmd.Env = c.Dir, c.Env
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean all of the host's
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.SysProcAttr = procAttr()
	cmd.Cancel = func() error { return signalGroup(cmd.Process.Pid, syscall.SIGTERM) }
	// After WaitDelay os/exec kills the program and stops reading its output;
	// the rest of the group is killed below.
	cmd.WaitDelay = grace

	// The parent-death signal is sent when the thread that started the program
	// ends. This goroutine keeps that thread for itself until the program is
	// gone, so that it cannot end earlier.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", Quote(c.Argv), err)
	}
	switch err := wait(cmd); {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", Quote(c.Argv), ctx.Err())
	case errors.Is(err, exec.ErrWaitDelay):
		return fmt.Errorf("%s: ended, but a process that it started in another process group still holds its output open", Quote(c.Argv))
	case err != nil:
		return fmt.Errorf("%s: %w", Quote(c.Argv), err)
	}
	return nil
}

// resolve makes a program with a slash absolute: os/exec would look for it
// below the directory of this process.
func resolve(program, dir string) string {
	if strings.Contains(program, "/") && !filepath.IsAbs(program) {
		return filepath.Join(dir, program)
	}
	return program
}

// signalGroup signals every process of a group. That there is none left, or
// only ones that are ending (which macOS refuses to signal), is what is wanted.
func signalGroup(pgid int, sig syscall.Signal) error {
	err := syscall.Kill(-pgid, sig)
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EPERM) {
		return nil
	}
	return err
}

// Quote returns an argument list as one might type it, cut after 200 bytes.
func Quote(argv []string) string {
	const limit = 200
	var b strings.Builder
	for i, arg := range argv {
		if i > 0 {
			b.WriteByte(' ')
		}
		if arg == "" || strings.ContainsFunc(arg, needsQuotes) {
			arg = strconv.Quote(arg)
		}
		if b.Len()+len(arg) > limit {
			b.WriteString("…")
			break
		}
		b.WriteString(arg)
	}
	return b.String()
}

func needsQuotes(r rune) bool {
	return r <= ' ' || r == 0x7f || strings.ContainsRune("\"'`$\\|&;<>()*?[]{}!#~", r)
}
