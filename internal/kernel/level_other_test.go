//go:build !amd64 || noasm

package kernel

import "testing"

func eachLevel(t *testing.T, test func(t *testing.T)) { test(t) }

func benchLevels(b *testing.B, bench func(b *testing.B)) { b.Run("simd=go", bench) }

func fmaPeak[T Float]() float64 { return 0 }

// Without assembly there is one instruction set.
const (
	portable = iota
	simd     = portable
)
