//go:build race

package engine_test

// raceDetector is part of the program and takes memory of its own.
const raceDetector = true
