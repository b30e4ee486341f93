//go:build !noasm

package kernel

func tanh[T Float](dst, x []T) {
	n := len(dst)
	switch {
	case n == 0:
	case simd == portable:
		tanhGo(dst, x)
	case isSingle[T]() && simd == avx512:
		tanhF32AVX512(single(dst), single(x), n)
	case isSingle[T]():
		tanhF32AVX2(single(dst), single(x), n)
	case simd == avx512:
		tanhAVX512(double(dst), double(x), n)
	default:
		tanhAVX2(double(dst), double(x), n)
	}
}

// sigmoid lets the assembly do all numbers smaller than sigmoidOne. Where it stops at larger ones in a vector, these
// are done in Go and the others again in assembly: what an entry becomes does not depend on its neighbours.
func sigmoid[T Float](dst, x []T) {
	if simd == portable {
		sigmoidGo(dst, x)
		return
	}
	for len(dst) > 0 {
		done := sigmoidInner(dst, x)
		if done == len(dst) {
			return
		}
		dst, x = dst[done:], x[done:]
		var mixed, tamed, y [16]T
		n := copy(mixed[:], x)
		tamed = mixed
		for i, v := range tamed {
			if !(v < sigmoidOne && v > -sigmoidOne) {
				tamed[i] = 0
			}
		}
		sigmoidInner(y[:n], tamed[:n])
		for i, v := range mixed[:n] {
			if v == tamed[i] {
				dst[i] = y[i]
			} else {
				sigmoidGo(dst[i:i+1], mixed[i:i+1])
			}
		}
		dst, x = dst[n:], x[n:]
	}
}

func sigmoidInner[T Float](dst, x []T) int {
	n := len(dst)
	switch {
	case isSingle[T]() && simd == avx512:
		return sigmoidF32AVX512(single(dst), single(x), n)
	case isSingle[T]():
		return sigmoidF32AVX2(single(dst), single(x), n)
	case simd == avx512:
		return sigmoidAVX512(double(dst), double(x), n)
	}
	return sigmoidAVX2(double(dst), double(x), n)
}
