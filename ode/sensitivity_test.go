package ode_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// Lotka–Volterra with four parameters.
var (
	rates     = []float64{1.5, 1, 3, 1}
	predators = func(p []float64) solvers.Func {
		return func(dx []float64, _ float64, x []float64) {
			dx[0] = p[0]*x[0] - p[1]*x[0]*x[1]
			dx[1] = p[3]*x[0]*x[1] - p[2]*x[1]
		}
	}
	predatorsJVP = func(dst []float64, _ float64, x, dx, dp []float64) {
		p := rates
		dst[0] = (p[0]-p[1]*x[1])*dx[0] - p[1]*x[0]*dx[1]
		dst[1] = p[3]*x[1]*dx[0] + (p[3]*x[0]-p[2])*dx[1]
		if dp != nil {
			dst[0] += dp[0]*x[0] - dp[1]*x[0]*x[1]
			dst[1] += dp[3]*x[0]*x[1] - dp[2]*x[1]
		}
	}
)

func TestSensitivities(t *testing.T) {
	const tol = 1e-11
	s := ode.Sensitivity{JVP: predatorsJVP, States: ode.UnitDirections(2)}
	s.Params = append([][]float64{nil, nil}, ode.UnitDirections(4)...)
	base := ode.Problem{F: predators(rates), X0: []float64{1, 1}, T1: 10}
	end := func(p, x0 []float64) []float64 {
		sol := solve(t, ode.Problem{F: predators(p), X0: x0, T1: 10}, ode.Settings{Method: solvers.Verner98, RTol: 1e-13, ATol: 1e-13})
		return sol.Final()
	}
	for _, m := range []solvers.Method{solvers.Verner76, solvers.DOP853, solvers.Tsit5, solvers.Rodas5P} {
		sol := solve(t, s.Problem(base), ode.Settings{Method: m, RTol: tol, ATol: tol})
		for k := range s.Directions() {
			const e = 1e-5
			moved := func(sign float64) []float64 {
				p, x0 := append([]float64(nil), rates...), []float64{1, 1}
				if k < 2 {
					x0[k] += sign * e
				} else {
					p[k-2] += sign * e
				}
				return end(p, x0)
			}
			plus, minus := moved(1), moved(-1)
			x, dx := s.Split(sol.Final(), 2, k)
			if d := distance(x, testproblems.LotkaVolterra.X1); d > 1e-8 {
				t.Fatalf("%v: the state is off by %g", m, d)
			}
			for i := range dx {
				if want := (plus[i] - minus[i]) / (2 * e); math.Abs(dx[i]-want) > 1e-6*(1+math.Abs(want)) {
					t.Errorf("%v, direction %d: δx%d = %.10g, differences say %.10g", m, k, i, dx[i], want)
				}
			}
		}
	}
}

// In closed form: a linear problem, whose flow is its own derivative, with differences for want of a JVP.
func TestSensitivityByDifferences(t *testing.T) {
	p := ode.Problem{F: circle, X0: []float64{0.3, 0.4}, T1: 2}
	s := ode.Sensitivity{States: [][]float64{{1, 0}, nil, {0, 2}}}
	sol := solve(t, s.Problem(p), ode.Settings{RTol: 1e-8, ATol: 1e-8})
	for k, want := range [][]float64{{math.Cos(2), -math.Sin(2)}, {0, 0}, {2 * math.Sin(2), 2 * math.Cos(2)}} {
		if _, dx := s.Split(sol.Final(), 2, k); distance(dx, want) > 1e-6 {
			t.Errorf("direction %d: %v, want %v", k, dx, want)
		}
	}
	for name, f := range map[string]func(){
		"parameters": func() {
			s := ode.Sensitivity{Params: [][]float64{{1}}}
			q := s.Problem(p)
			q.F(make([]float64, 4), 0, q.X0)
		},
		"length": func() {
			s := ode.Sensitivity{States: [][]float64{{1}}}
			s.Problem(p)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	if _, err := ode.Solve(background, s.Problem(ode.Problem{X0: []float64{1, 2}, T1: 1}), ode.Settings{}); err == nil {
		t.Error("a problem without F has a solution")
	}
}

// How the end of decay depends on where it begins and on its rate.
func ExampleSensitivity() {
	const rate = 0.5
	problem := ode.Problem{F: func(dx []float64, t float64, x []float64) { dx[0] = -rate * x[0] }, X0: []float64{2}, T1: 3}
	s := ode.Sensitivity{
		JVP: func(dst []float64, t float64, x, dx, dp []float64) {
			dst[0] = -rate * dx[0]
			if dp != nil {
				dst[0] -= dp[0] * x[0]
			}
		},
		States: [][]float64{{1}},
		Params: [][]float64{nil, {1}},
	}
	sol, err := ode.Solve(context.Background(), s.Problem(problem), ode.Settings{RTol: 1e-10, ATol: 1e-10})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, byStart := s.Split(sol.Final(), 1, 0)
	_, byRate := s.Split(sol.Final(), 1, 1)
	fmt.Printf("x = %.6f, ∂x/∂x₀ = %.6f, ∂x/∂rate = %.6f\n", x[0], byStart[0], byRate[0])
	// Output: x = 0.446260, ∂x/∂x₀ = 0.223130, ∂x/∂rate = -1.338781
}
