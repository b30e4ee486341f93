//go:build unix

// Package cputime tells how long the process has worked, which other programs on the machine hardly change.
package cputime

import (
	"syscall"
	"time"
)

// Used is the processor time that the process has used, on all processors together.
func Used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no other reason than a bad argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
