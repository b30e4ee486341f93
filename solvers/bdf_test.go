package solvers

import (
	"math"
	"testing"
)

// differencesOf stores the backward differences of p at t on steps of size h.
func differencesOf(r *bdf, p func(float64) float64, t, h float64) {
	var v [bdfTop + 3]float64
	for i := range v {
		v[i] = p(t - float64(i)*h)
	}
	for j := range r.d {
		r.d[j][0] = v[0]
		for i := 0; i+1 < len(v); i++ {
			v[i] -= v[i+1]
		}
	}
}

// The formula of order k is exact for polynomials of degree k, also after a change of the step size, and its
// continuous extension is the polynomial itself.
func TestBDFIsExactForPolynomials(t *testing.T) {
	for k := 1; k <= bdfTop; k++ {
		degree := float64(k)
		p := func(t float64) float64 { return math.Pow(t, degree) - 2*t + 1 }
		f := func(dx []float64, t float64, _ []float64) { dx[0] = degree*math.Pow(t, degree-1) - 2 }
		for _, factor := range []float64{1, 0.5, 1.7} {
			r := newBDF(1)
			const now, h = 1.3, 0.2
			r.Begin(f, now, []float64{p(now)})
			differencesOf(r, p, now, h)
			r.h, r.order = h, k
			if err := r.AttemptTo(now + factor*h); err != nil {
				t.Fatal(err)
			}
			near(t, "end", r.Proposed(), []float64{p(r.tNext)}, 1e-13)
			near(t, "error", r.ErrorEstimate(), []float64{0}, 1e-13)
			r.Accept()
			coeffs, at := make([]float64, r.DenseLen()), make([]float64, 1)
			r.Dense(coeffs)
			for _, s := range []float64{0, 0.3, 0.8, 1} {
				EvalDense(at, coeffs, s)
				near(t, "between", at, []float64{p(now + s*factor*h)}, 1e-12)
			}
			// The differences go on as those of the polynomial.
			q := newBDF(1)
			differencesOf(q, p, r.t, factor*h)
			for j := 0; j <= k; j++ {
				near(t, "difference", r.d[j], q.d[j], 1e-12)
			}
		}
	}
}

// On the negative real axis, and to 3/4 of the published angle beside it, every order damps for any step size
// (Shampine & Reichelt 1997, table 1).
func TestBDFStability(t *testing.T) {
	for k, angle := range []float64{0, 90, 90, 80, 66, 51} {
		if k == 0 {
			continue
		}
		for _, a := range []float64{0, 0.75 * angle} {
			for _, size := range []float64{0.1, 1, 3, 10, 100, 1e4} {
				sin, cos := math.Sincos(a * math.Pi / 180)
				re, im := -size*cos, size*sin
				r := newBDF(2)
				r.SetJacobian(Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, _ []float64) {
					dst[0], dst[1], dst[2], dst[3] = re, -im, im, re
				}})
				r.Begin(func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = re*x[0]-im*x[1], im*x[0]+re*x[1] }, 0, []float64{1, 0})
				for i := range 300 {
					if err := r.AttemptTo(float64(i + 1)); err != nil {
						t.Fatal(err)
					}
					r.next = min(r.order+1, k)
					r.Accept()
				}
				if x := math.Hypot(r.x[0], r.x[1]); x > 1e-2 {
					t.Errorf("order %d: |x| is %g after 300 steps with hλ = %g + %gi", k, x, re, im)
				}
			}
		}
	}
}
