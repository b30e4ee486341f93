//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package rundir

import "os"

func locked(*os.File) bool { return false }
