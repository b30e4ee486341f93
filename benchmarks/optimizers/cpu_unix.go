//go:build unix

package main

import "syscall"

// cpu is the processor time that the process has used, in seconds.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no other reason than a bad argument
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
