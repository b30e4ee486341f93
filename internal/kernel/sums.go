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

// SumErrorSquares returns Σᵢ (err[i]/(atol + rtol·max(|x[i]|, |next[i]|)))².
func SumErrorSquares(err, x, next []float64, rtol, atol float64) float64 {
	x, next = x[:len(err)], next[:len(err)]
	return sumErrorSquares(err, x, next, rtol, atol)
}

// AddErrorSquares computes sum[i] += (err[i]/(atol + rtol·max(|x[i]|, |next[i]|)))².
func AddErrorSquares(sum, err, x, next []float64, rtol, atol float64) {
	err, x, next = err[:len(sum)], x[:len(sum)], next[:len(sum)]
	addErrorSquares(sum, err, x, next, rtol, atol)
}

func combineGo(dst, x, a []float64, k [][]float64) {
	for i := range dst {
		sum := 0.0
		for j, v := range k {
			sum += a[j] * v[i]
		}
		if x != nil {
			sum = x[i] + sum
		}
		dst[i] = sum
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
	return e / (atol + rtol*max(math.Abs(x), math.Abs(next)))
}
