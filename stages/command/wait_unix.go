//go:build unix && !linux

package command

import (
	"errors"
	"os/exec"
	"syscall"
)

// procAttr puts a program into a group of its own.
func procAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// wait waits for the program and kills what it leaves in its group.
func wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	return errors.Join(err, signalGroup(cmd.Process.Pid, syscall.SIGKILL))
}
