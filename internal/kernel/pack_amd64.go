//go:build !noasm

package kernel

import "unsafe"

// transpose goes by as many rows as a vector has numbers; the last ones may be done twice.
func transpose[T Float](dst, x []T, m, n int) {
	lanes := columns[T](1)
	if simd == portable || m < lanes || n < 4 {
		transposeGo(dst, x, m, n)
		return
	}
	for i := 0; i < m; i += lanes {
		i = min(i, m-lanes)
		packRows(&dst[i], &x[i*n], lanes, n, n, m)
	}
}

func packRows[T Float](dst, src *T, rows, n, ld, width int) {
	switch {
	case isSingle[T]() && simd == avx512:
		packRowsF32AVX512((*float32)(unsafe.Pointer(dst)), (*float32)(unsafe.Pointer(src)), rows, n, ld, width)
	case isSingle[T]():
		packRowsF32AVX2((*float32)(unsafe.Pointer(dst)), (*float32)(unsafe.Pointer(src)), rows, n, ld, width)
	case simd == avx512:
		packRowsAVX512((*float64)(unsafe.Pointer(dst)), (*float64)(unsafe.Pointer(src)), rows, n, ld, width)
	default:
		packRowsAVX2((*float64)(unsafe.Pointer(dst)), (*float64)(unsafe.Pointer(src)), rows, n, ld, width)
	}
}
