package ode_test

import (
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// Heat in a rod of 200 points, whose fastest mode dies 16 000 times faster than the slowest: RKC needs a fraction of what
// Tsit5 needs, with the spectral radius estimated or given, and a source that depends on time.
func TestRKCOnDiffusion(t *testing.T) {
	const n = 200
	const scale = (n + 1) * (n + 1)
	heat := func(dx []float64, t float64, x []float64) {
		left := 0.0
		for i, v := range x {
			right := 0.0
			if i+1 < n {
				right = x[i+1]
			}
			dx[i] = scale*(left-2*v+right) + math.Cos(t)*math.Sin(2*math.Pi*float64(i+1)/(n+1))
			left = v
		}
	}
	// Modes 1 and 2 of the discrete operator.
	decay := func(mode float64) float64 { return 4 * scale * math.Pow(math.Sin(mode*math.Pi/2/(n+1)), 2) }
	exact := func(dst []float64, t float64) {
		l := decay(2)
		second := (l*math.Cos(t) + math.Sin(t) - l*math.Exp(-l*t)) / (1 + l*l)
		for i := range dst {
			at := math.Pi * float64(i+1) / (n + 1)
			dst[i] = math.Exp(-decay(1)*t)*math.Sin(at) + second*math.Sin(2*at)
		}
	}
	x0, want := make([]float64, n), make([]float64, n)
	exact(x0, 0)
	p := ode.Problem{F: heat, X0: x0, T1: 0.5}
	solveWith := func(m solvers.Method, tol float64) *ode.Solution {
		return solve(t, p, ode.Settings{Method: m, RTol: tol, ATol: tol})
	}
	radius := func(float64, []float64) float64 { return 4 * scale }
	for _, m := range []solvers.Method{solvers.RKC, &solvers.Chebyshev{SpectralRadius: radius}} {
		for _, tol := range []float64{1e-3, 1e-4, 1e-5} {
			sol := solveWith(m, tol)
			exact(want, 0.5)
			if d := distance(sol.Final(), want); d > 10*tol {
				t.Errorf("off by %g at tolerance %g after %v", d, tol, sol.Stats)
			}
			x := make([]float64, n)
			if err := sol.At(x, 0.123); err != nil {
				t.Fatal(err)
			}
			exact(want, 0.123)
			if d := distance(x, want); d > 10*tol {
				t.Errorf("inside a step off by %g at tolerance %g", d, tol)
			}
		}
	}
	if a, b := solveWith(solvers.RKC, 1e-4).Stats, solveWith(solvers.Tsit5, 1e-4).Stats; 20*a.Evaluations > b.Evaluations {
		t.Errorf("RKC: %v; Tsit5: %v", a, b)
	}
}
