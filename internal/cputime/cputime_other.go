//go:build !unix

// Package cputime tells how long the process has worked, which other programs on the machine hardly change.
package cputime

import "time"

var start = time.Now()

// Used is the time since the program began, where there is no processor time to be had.
func Used() time.Duration { return time.Since(start) }
