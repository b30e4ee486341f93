//go:build !noasm

package kernel

func addOuter(g, delta, x []float64, out, in, n int) {
	if out == 0 || in == 0 || n == 0 {
		return
	}
	g, delta, x = g[:out*in], delta[:out*n], x[:in*n]
	switch simd {
	case avx512:
		addOuterAVX512(&g[0], &delta[0], &x[0], out, in, n)
	case avx2:
		addOuterAVX2(&g[0], &delta[0], &x[0], out, in, n)
	default:
		addOuterGo(g, delta, x, out, in, n)
	}
}

func addRowSums(g, delta []float64, n int) {
	if len(g) == 0 || n == 0 {
		return
	}
	delta = delta[:len(g)*n]
	switch simd {
	case avx512:
		addRowSumsAVX512(&g[0], &delta[0], len(g), n)
	case avx2:
		addRowSumsAVX2(&g[0], &delta[0], len(g), n)
	default:
		addRowSumsGo(g, delta, n)
	}
}
