//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

//go:generate go run -C gen . ..

// level is the instruction set that the routines use.
type level uint8

const (
	portable level = iota // Go
	avx2                  // AVX2 and FMA
	avx512                // AVX-512 F, DQ, BW and VL
)

// simd is a variable so that tests can force a level.
var simd = best()

func best() level {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasBMI2:
		return portable
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL:
		return avx512
	}
	return avx2
}
