//go:build !unix

package main

import "time"

var start = time.Now()

// cpu is the time since the program began, in seconds, where there is no processor time to be had.
func cpu() float64 { return time.Since(start).Seconds() }
