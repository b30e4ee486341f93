//go:build unix

package sweep

import (
	"errors"
	"os/exec"
	"syscall"
)

// apart keeps the terminal's signals from a worker: it gets them from here, once.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// alive tells whether there is a process of that number.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return pid > 0 && (err == nil || errors.Is(err, syscall.EPERM))
}
