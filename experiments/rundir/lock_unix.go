//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package rundir

import (
	"errors"
	"os"
	"syscall"
)

// locked reports whether another process, or another Dir of this one, has locked the file; else it is locked until it is closed. File systems
// that know no locks lock nothing.
func locked(f *os.File) bool {
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
