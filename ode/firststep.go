package ode

import (
	"math"

	"github.com/costate-go/costate/internal/approx"
	"github.com/costate-go/costate/solvers"
)

// firstStep guesses the size of the first step from the sizes of x, f and the second derivative: the step on
// which an explicit Euler step changes little, corrected for the order of the method
// (Hairer, Nørsett & Wanner, Solving ODEs I, section II.4, "Starting Step Size"). f0 is f(t0, x0); one more
// evaluation is made. x1 and f1 are scratch. span is signed.
func firstStep(f solvers.Func, t0 float64, x0, f0, x1, f1 []float64, span, hMax float64, order int, norm solvers.Norm, rtol, atol float64) float64 {
	limit := math.Abs(span)
	if hMax > 0 {
		limit = min(limit, hMax)
	}
	d0 := norm(x0, x0, x0, rtol, atol)
	d1 := norm(f0, x0, x0, rtol, atol)
	h0 := 1e-6
	if d0 >= 1e-5 && d1 >= 1e-5 {
		h0 = 0.01 * d0 / d1
	}
	h0 = min(h0, limit)
	h := math.Copysign(h0, span)
	for i, v := range x0 {
		x1[i] = v + h*f0[i]
	}
	f(f1, t0+h, x1)
	for i, v := range f0 {
		f1[i] -= v
	}
	d2 := norm(f1, x0, x0, rtol, atol) / h0
	h1 := max(1e-6, h0*1e-3)
	d := max(d1, d2)
	if d > 1e-15 {
		h1 = approx.Exp2(approx.Log2(0.01/d) / float64(order))
	}
	h0 = min(100*h0, h1, limit)
	if !(h0 > 0 && d < 1e100) { // f or its difference was not finite: let the steps find out
		return min(1e-6, limit)
	}
	return h0
}
