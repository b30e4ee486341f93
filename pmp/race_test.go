//go:build race

package pmp_test

// The race detector makes pools forget on purpose, so that allocations cannot be counted under it.
const raceDetector = true
