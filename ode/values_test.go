package ode_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

func byValue() []testproblems.Problem {
	return slices.DeleteFunc(testproblems.All(), func(p testproblems.Problem) bool { return p.Values.Len() == 0 })
}

// Both forms of a right-hand side are the same function, and every method that knows them takes the same steps to the bit.
func TestByValueIsTheSame(t *testing.T) {
	ctx := context.Background()
	numbers := map[int]bool{}
	for _, p := range byValue() {
		n := p.Values.Len()
		numbers[n] = true
		a, b := make([]float64, n), make([]float64, n)
		p.F(a, 0.5, p.X0)
		p.Values.Func()(b, 0.5, p.X0)
		if !slices.Equal(a, b) {
			t.Fatalf("%s: %v on slices, %v by value", p.Name, a, b)
		}
		for _, m := range append(pairs(), solvers.Auto, solvers.Rodas5P) {
			s := ode.Settings{Method: m, RTol: 1e-5, ATol: 1e-7, Stops: []float64{(p.T0 + p.T1) / 3}}
			problem := p.IVP()
			problem.Jacobian = solvers.Jacobian{}
			want, err := ode.Solve(ctx, problem, s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ode.Solve(ctx, p.ByValue(), s)
			if err != nil {
				t.Fatal(err)
			}
			if got.Stats != want.Stats || !slices.Equal(got.Final(), want.Final()) {
				t.Errorf("%s by %s: %v after %v by value, %v after %v on slices", p.Name, m.Name(), got.Final(), got.Stats, want.Final(), want.Stats)
			}
			x, y := make([]float64, n), make([]float64, n)
			at := p.T0 + 0.77*(p.T1-p.T0)
			if err := errors.Join(got.At(x, at), want.At(y, at)); err != nil || !slices.Equal(x, y) {
				t.Errorf("%s by %s: %v inside a step by value, %v on slices; %v", p.Name, m.Name(), x, y, err)
			}
		}
	}
	for n := 2; n <= 4; n++ {
		if !numbers[n] {
			t.Errorf("no problem of %d unknowns by value", n)
		}
	}
}

// A right-hand side by value sees the side of a stop that a step lies on.
func TestByValueJumps(t *testing.T) {
	rate := func(t float64) float64 {
		if t < 1 {
			return 1
		}
		return -3
	}
	for n, p := range map[int]ode.Problem{
		2: {F2: func(t, _, _ float64) (float64, float64) { return rate(t), 0 }},
		3: {F3: func(t, _, _, _ float64) (float64, float64, float64) { return rate(t), 0, 0 }},
		4: {F4: func(t, _, _, _, _ float64) (float64, float64, float64, float64) { return rate(t), 0, 0, 0 }},
	} {
		p.X0, p.T1 = make([]float64, n), 2
		sol, err := ode.Solve(context.Background(), p, ode.Settings{Stops: []float64{1}})
		if err != nil {
			t.Fatal(err)
		}
		if x := sol.Final()[0]; math.Abs(x+2) > 1e-13 || sol.Stats.Rejected > 0 {
			t.Errorf("%d unknowns: %g after a jump, want −2, %v", n, x, sol.Stats)
		}
	}
}

func TestByValueNeedsItsUnknowns(t *testing.T) {
	f := func(_, x, y float64) (float64, float64) { return y, -x }
	_, err := ode.Solve(context.Background(), ode.Problem{F2: f, X0: []float64{1, 0, 0}, T1: 1}, ode.Settings{})
	var wrong *ode.SettingsError
	if !errors.As(err, &wrong) || wrong.Field != "X0" {
		t.Errorf("%v, want a *SettingsError of X0", err)
	}
}

func TestByValueAllocatesNothing(t *testing.T) {
	for _, p := range byValue() {
		it, err := ode.NewIntegrator(len(p.X0), ode.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		it.SetValues(p.Values)
		if a := testing.AllocsPerRun(5, func() {
			it.Start(p.F, p.T0, p.X0, p.T1)
			for range 20 {
				if err := it.Step(nil, p.T1); err != nil { //nolint:staticcheck // nil is allowed
					t.Fatal(err)
				}
			}
		}); a != 0 {
			t.Errorf("%s: %v allocations", p.Name, a)
		}
	}
}
