package kernel

import "math"

// Combine computes dst[i] = x[i] + Σⱼ a[j]·k[j][i], or the sum alone where x is nil, in one pass over all vectors. dst may be
// x. This is a stage of a Runge–Kutta method.
func Combine(dst, x, a []float64, k [][]float64) {
	for _, v := range k {
		_ = v[:len(dst)]
	}
	if x != nil {
		x = x[:len(dst)]
	}
	a = a[:len(k)]
	combine(dst, x, a, k)
}

// SumErrorSquares returns Σᵢ (err[i]/(atol + rtol·max(|x[i]|, |next[i]|)))², NaN where a next[i] is not finite.
func SumErrorSquares(err, x, next []float64, rtol, atol float64) float64 {
	x, next = x[:len(err)], next[:len(err)]
	return sumErrorSquares(err, x, next, rtol, atol)
}

// AddErrorSquares computes sum[i] += (err[i]/(atol + rtol·max(|x[i]|, |next[i]|)))², NaN where next[i] is not finite.
func AddErrorSquares(sum, err, x, next []float64, rtol, atol float64) {
	err, x, next = err[:len(sum)], x[:len(sum)], next[:len(sum)]
	addErrorSquares(sum, err, x, next, rtol, atol)
}

// combineGo goes over pieces that stay in the first-level cache, four terms at a time.
func combineGo(dst, x, a []float64, k [][]float64) {
	var buffer [256]float64
	for lo := 0; lo < len(dst); lo += len(buffer) {
		hi := min(lo+len(buffer), len(dst))
		sum := buffer[:hi-lo]
		clear(sum)
		j := 0
		for ; j+4 <= len(k); j += 4 {
			k0, k1, k2, k3 := k[j][lo:hi], k[j+1][lo:hi], k[j+2][lo:hi], k[j+3][lo:hi]
			a0, a1, a2, a3 := a[j], a[j+1], a[j+2], a[j+3]
			for i := range sum {
				sum[i] = sum[i] + a0*k0[i] + a1*k1[i] + a2*k2[i] + a3*k3[i]
			}
		}
		for ; j < len(k); j++ {
			axpyGo(sum, a[j], k[j][lo:hi])
		}
		if x == nil {
			copy(dst[lo:hi], sum)
			continue
		}
		for i, v := range x[lo:hi] {
			dst[lo+i] = v + sum[i]
		}
	}
}

func sumErrorSquaresGo(err, x, next []float64, rtol, atol float64) float64 {
	x, next = x[:len(err)], next[:len(err)]
	var sum float64
	for i, e := range err {
		r := weighted(e, x[i], next[i], rtol, atol)
		sum += r * r
	}
	return sum
}

func addErrorSquaresGo(sum, err, x, next []float64, rtol, atol float64) {
	err, x, next = err[:len(sum)], x[:len(sum)], next[:len(sum)]
	for i := range sum {
		r := weighted(err[i], x[i], next[i], rtol, atol)
		sum[i] += r * r
	}
}

func weighted(e, x, next, rtol, atol float64) float64 {
	return e/(atol+rtol*max(math.Abs(x), math.Abs(next))) + (next - next)
}
