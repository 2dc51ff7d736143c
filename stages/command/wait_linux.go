package command

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// procAttr puts a program into a group of its own and has it die with us.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// wait waits for the program and kills what it leaves in its group. It does so
// while the program is a zombie: until it is reaped its number, which is also
// the group's, cannot belong to another.
func wait(cmd *exec.Cmd) error {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	killErr := signalGroup(cmd.Process.Pid, syscall.SIGKILL)
	return errors.Join(cmd.Wait(), killErr)
}
