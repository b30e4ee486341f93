//go:build !noasm

package kernel

import "unsafe"

// isSingle says whether T is float32; every instance of a generic function knows it when it is compiled.
func isSingle[T Float]() bool {
	var v T
	return unsafe.Sizeof(v) == 4
}

// double and single give a slice's address the type that T is known to be.
func double[T Float](x []T) *float64 { return (*float64)(unsafe.Pointer(unsafe.SliceData(x))) }
func single[T Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }

func narrow(dst []float32, x []float64) {
	switch {
	case len(dst) < shortVector || simd == portable:
		narrowGo(dst, x)
	case simd == avx512:
		narrowAVX512(&dst[0], &x[0], len(dst))
	default:
		narrowAVX2(&dst[0], &x[0], len(dst))
	}
}

func widen(dst []float64, x []float32) {
	switch {
	case len(dst) < shortVector || simd == portable:
		widenGo(dst, x)
	case simd == avx512:
		widenAVX512(&dst[0], &x[0], len(dst))
	default:
		widenAVX2(&dst[0], &x[0], len(dst))
	}
}

func addWiden(dst []float64, x []float32) {
	switch {
	case len(dst) < shortVector || simd == portable:
		addWidenGo(dst, x)
	case simd == avx512:
		addWidenAVX512(&dst[0], &x[0], len(dst))
	default:
		addWidenAVX2(&dst[0], &x[0], len(dst))
	}
}
