//go:build !noasm

package kernel

func addOuter[T Float](g, delta, x []T, out, in, n int) {
	if out == 0 || in == 0 || n == 0 {
		return
	}
	g, delta, x = g[:out*in], delta[:out*n], x[:in*n]
	switch {
	case simd == portable:
		addOuterGo(g, delta, x, out, in, n)
	case isSingle[T]() && simd == avx512:
		addOuterF32AVX512(single(g), single(delta), single(x), out, in, n)
	case isSingle[T]():
		addOuterF32AVX2(single(g), single(delta), single(x), out, in, n)
	case simd == avx512:
		addOuterAVX512(double(g), double(delta), double(x), out, in, n)
	default:
		addOuterAVX2(double(g), double(delta), double(x), out, in, n)
	}
}

func addRowSums[T Float](g, delta []T, n int) {
	if len(g) == 0 || n == 0 {
		return
	}
	delta = delta[:len(g)*n]
	switch {
	case simd == portable:
		addRowSumsGo(g, delta, n)
	case isSingle[T]() && simd == avx512:
		addRowSumsF32AVX512(single(g), single(delta), len(g), n)
	case isSingle[T]():
		addRowSumsF32AVX2(single(g), single(delta), len(g), n)
	case simd == avx512:
		addRowSumsAVX512(double(g), double(delta), len(g), n)
	default:
		addRowSumsAVX2(double(g), double(delta), len(g), n)
	}
}
