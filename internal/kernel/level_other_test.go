//go:build !amd64 || noasm

package kernel

import "testing"

func eachLevel(t *testing.T, test func(t *testing.T)) { test(t) }

func benchLevels(b *testing.B, bench func(b *testing.B)) { b.Run("simd=go", bench) }

func fmaPeak() float64 { return 0 }
