//go:build !noasm

package kernel

func tanh(dst, x []float64) {
	switch {
	case len(dst) == 0:
	case simd == avx512:
		tanhAVX512(&dst[0], &x[0], len(dst))
	case simd == avx2:
		tanhAVX2(&dst[0], &x[0], len(dst))
	default:
		tanhGo(dst, x)
	}
}

// sigmoid lets the assembly do all numbers smaller than sigmoidOne. Where it stops at larger ones among eight, these
// are done in Go and the others again in assembly: what an entry becomes does not depend on its neighbours.
func sigmoid(dst, x []float64) {
	if simd == portable {
		sigmoidGo(dst, x)
		return
	}
	for len(dst) > 0 {
		done := inner(&dst[0], &x[0], len(dst))
		if done == len(dst) {
			return
		}
		dst, x = dst[done:], x[done:]
		var mixed, tamed, y [8]float64
		n := copy(mixed[:], x)
		tamed = mixed
		for i, v := range tamed {
			if !(v < sigmoidOne && v > -sigmoidOne) {
				tamed[i] = 0
			}
		}
		inner(&y[0], &tamed[0], n)
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

func inner(dst, x *float64, n int) int {
	if simd == avx512 {
		return sigmoidAVX512(dst, x, n)
	}
	return sigmoidAVX2(dst, x, n)
}
