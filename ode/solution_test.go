package ode_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

func TestDenseOutput(t *testing.T) {
	for _, m := range solvers.Methods() {
		for _, p := range smooth() {
			s := ode.Settings{Method: m, RTol: 1e-8, ATol: 1e-8}
			tol := 1e-5
			if m.Order() < 3 {
				tol = 1e-4
			}
			if m.ErrorOrder() == 0 {
				s.Step, tol = 0.001, 5e-2
			}
			sol := solve(t, p.IVP(), s)
			if !slices.Equal(sol.Steps(), sol.T) || sol.Dim() != len(p.X0) {
				t.Fatal("steps of the dense output differ from the saved ones")
			}
			x, want := make([]float64, len(p.X0)), make([]float64, len(p.X0))
			for i, at := range sol.T { // exact at the ends of steps
				if err := sol.At(x, at); err != nil || !slices.Equal(x, sol.X[i]) {
					t.Fatalf("%s on %s: At(%g) = %v, %v; saved %v", m.Name(), p.Name, at, x, err, sol.X[i])
				}
			}
			for i := range 101 {
				at := p.T0 + (p.T1-p.T0)*float64(i)/100
				if err := sol.At(x, at); err != nil {
					t.Fatal(err)
				}
				p.Exact(want, at)
				if d := distance(x, want); d > tol {
					t.Fatalf("%s on %s: At(%g) is off by %.3g", m.Name(), p.Name, at, d)
				}
				if err := sol.RateAt(x, at); err != nil {
					t.Fatal(err)
				}
				exact := slices.Clone(want)
				p.F(want, at, exact)
				if d := distance(x, want); d > max(1e-4, 5*tol) {
					t.Fatalf("%s on %s: RateAt(%g) is off by %.3g", m.Name(), p.Name, at, d)
				}
			}
			if a := testing.AllocsPerRun(10, func() { sol.At(x, p.T0+0.37*(p.T1-p.T0)) }); a != 0 {
				t.Errorf("At allocates %g times", a)
			}
		}
	}
}

func TestNoDenseOutput(t *testing.T) {
	p := testproblems.Twist
	x := make([]float64, 2)
	sol := solve(t, p.IVP(), ode.Settings{})
	for _, at := range []float64{p.T0 - 1e-9, p.T1 + 1e-9, math.NaN()} {
		if err := sol.At(x, at); !errors.Is(err, ode.ErrNoDense) {
			t.Errorf("At(%g): %v", at, err)
		}
	}
	sol = solve(t, p.IVP(), ode.Settings{SkipDense: true})
	if err := sol.At(x, p.T0); !errors.Is(err, ode.ErrNoDense) {
		t.Errorf("SkipDense: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a dst of the wrong length does not panic")
		}
	}()
	sol.At(x[:1], p.T0)
}
