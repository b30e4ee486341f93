//go:build !noasm

package kernel

func peak[T Float](n int) (flop int) {
	lanes := 4
	switch {
	case simd == portable:
		return 0
	case isSingle[T]() && simd == avx512:
		peakF32AVX512(n)
		lanes = 16
	case isSingle[T]():
		peakF32AVX2(n)
		lanes = 8
	case simd == avx512:
		peakAVX512(n)
		lanes = 8
	default:
		peakAVX2(n)
	}
	return 2 * 12 * lanes * n
}
