package solvers

// EvalDense stores in dst, of length n, the value at s = (t − t_n)/h of the continuous extension that
// Stepper.Dense stored in coeffs: Σ_m coeffs[m*n+i] sᵐ, by Horner's rule.
func EvalDense(dst, coeffs []float64, s float64) {
	n := len(dst)
	top := len(coeffs)/n - 1
	copy(dst, coeffs[top*n:])
	for m := top - 1; m >= 0; m-- {
		c := coeffs[m*n:][:n]
		for i := range dst {
			dst[i] = c[i] + s*dst[i]
		}
	}
}

// EvalDenseRate stores the derivative in t of the continuous extension of a step of size h: a polynomial of one
// degree less, and of one order less.
func EvalDenseRate(dst, coeffs []float64, s, h float64) {
	n := len(dst)
	clear(dst)
	for m := len(coeffs)/n - 1; m >= 1; m-- {
		c, w := coeffs[m*n:][:n], float64(m)
		for i := range dst {
			dst[i] = w*c[i] + s*dst[i]
		}
	}
	for i := range dst {
		dst[i] /= h
	}
}
