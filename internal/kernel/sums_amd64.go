//go:build !noasm

package kernel

import "unsafe"

func combine(dst, x, a []float64, k [][]float64) {
	if len(dst) == 0 || len(k) == 0 || simd == portable {
		combineGo(dst, x, a, k)
		return
	}
	if simd == avx512 {
		combineAVX512(&dst[0], unsafe.SliceData(x), &a[0], &k[0], len(k), len(dst))
		return
	}
	combineAVX2(&dst[0], unsafe.SliceData(x), &a[0], &k[0], len(k), len(dst))
}

func sumErrorSquares(err, x, next []float64, rtol, atol float64) float64 {
	switch {
	case len(err) < shortVector || simd == portable:
		return sumErrorSquaresGo(err, x, next, rtol, atol)
	case simd == avx512:
		return sumErrorSquaresAVX512(&err[0], &x[0], &next[0], rtol, atol, len(err))
	}
	return sumErrorSquaresAVX2(&err[0], &x[0], &next[0], rtol, atol, len(err))
}

func addErrorSquares(sum, err, x, next []float64, rtol, atol float64) {
	switch {
	case len(err) < shortVector || simd == portable:
		addErrorSquaresGo(sum, err, x, next, rtol, atol)
	case simd == avx512:
		addErrorSquaresAVX512(&sum[0], &err[0], &x[0], &next[0], rtol, atol, len(err))
	default:
		addErrorSquaresAVX2(&sum[0], &err[0], &x[0], &next[0], rtol, atol, len(err))
	}
}
