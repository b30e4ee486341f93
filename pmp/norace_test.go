//go:build !race

package pmp_test

const raceDetector = false
