package ode_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// stiffMethods are those whose steps solve equations.
func stiffMethods() []solvers.Method {
	var out []solvers.Method
	for _, m := range solvers.Methods() {
		if _, ok := m.NewStepper(1).(solvers.Implicit); ok {
			out = append(out, m)
		}
	}
	return out
}

// absolute is how small components of a problem count, in terms of the relative tolerance.
func absolute(p testproblems.Problem) float64 {
	if p.Name == "robertson" {
		return 1e-4
	}
	return 1e-2
}

// Reference end states of the stiff problems, to within 100·rtol.
func TestStiffReferenceProblems(t *testing.T) {
	for _, m := range stiffMethods() {
		tols := []float64{1e-4, 1e-6, 1e-8, 1e-10}
		switch {
		case m.Order() < 3:
			tols = tols[:2]
		case m.Order() < 5:
			tols = tols[:3]
		}
		for _, p := range testproblems.Stiff() {
			for _, tol := range tols {
				t.Run(fmt.Sprintf("%s/%s/%.0e", p.Name, m.Name(), tol), func(t *testing.T) {
					s := ode.Settings{Method: m, RTol: tol, ATol: tol * absolute(p), EndOnly: true, SkipDense: true}
					sol := solve(t, p.IVP(), s)
					if e := p.Error(sol.Final(), absolute(p)); e > 100*tol {
						t.Errorf("error %.3g exceeds %.3g after %v", e, 100*tol, sol.Stats)
					}
				})
			}
		}
	}
}

// Differences do as well as the Jacobian, and everything is counted.
func TestStiffStatistics(t *testing.T) {
	const tol = 1e-6
	for _, m := range stiffMethods() {
		for _, p := range testproblems.Stiff() {
			ivp := p.IVP()
			calls, jacobians := 0, 0
			ivp.F = func(dx []float64, t float64, x []float64) { calls++; p.F(dx, t, x) }
			ivp.Jacobian.Func = func(dst []float64, t float64, x []float64) { jacobians++; p.Jacobian.Func(dst, t, x) }
			s := ode.Settings{Method: m, RTol: tol, ATol: tol * absolute(p), EndOnly: true, SkipDense: true}
			analytic := solve(t, ivp, s)
			if n := analytic.Stats; n.Evaluations != calls || n.Jacobians != jacobians || n.Factorizations < n.Jacobians {
				t.Errorf("%s on %s: %+v after %d calls of F and %d of Jacobian", m.Name(), p.Name, n, calls, jacobians)
			}
			calls = 0
			ivp.Jacobian = solvers.Jacobian{}
			differences := solve(t, ivp, s)
			if n := differences.Stats; n.Evaluations != calls || float64(n.Accepted) > 1.2*float64(analytic.Stats.Accepted)+10 {
				t.Errorf("%s on %s: %v with differences after %d calls, %v with the Jacobian", m.Name(), p.Name, n, calls, analytic.Stats)
			}
			if e := p.Error(differences.Final(), absolute(p)); e > 100*tol {
				t.Errorf("%s on %s: error %.3g with differences", m.Name(), p.Name, e)
			}
		}
	}
}

// The problem of Prothero and Robinson: what is left of the order of a method where the problem is infinitely stiff.
// Rosenbrock23 keeps its order two; the errors of the others have a factor 1/λ, and order two at least.
func TestProtheroRobinson(t *testing.T) {
	const lambda = -1e6
	p := ode.Problem{X0: []float64{math.Sin(0.5)}, T0: 0.5, T1: 3,
		F: func(dx []float64, t float64, x []float64) { dx[0] = lambda*(x[0]-math.Sin(t)) + math.Cos(t) },
		Jacobian: solvers.Jacobian{
			Func: func(dst []float64, t float64, x []float64) { dst[0] = lambda },
			Time: func(dst []float64, t float64, x []float64) { dst[0] = -lambda*math.Cos(t) - math.Sin(t) },
		}}
	for _, m := range stiffMethods() {
		limit := 1e-9
		if m.Order() < 3 {
			limit = 1e-4
		}
		if m != solvers.Auto { // begins with an explicit method
			sol := solve(t, p, ode.Settings{Method: m, Step: 2.5 / 40})
			if e := math.Abs(sol.Final()[0] - math.Sin(3)); e > limit {
				t.Errorf("%s: error %.3g after 40 steps", m.Name(), e)
			}
		}
		sol := solve(t, p, ode.Settings{Method: m, RTol: 1e-6, ATol: 1e-6})
		if e := math.Abs(sol.Final()[0] - math.Sin(3)); e > 1e-6 {
			t.Errorf("%s: error %.3g after %v", m.Name(), e, sol.Stats)
		}
	}
}

// Auto takes explicit steps only where they will do.
func TestAutoKnowsStiffness(t *testing.T) {
	for _, tol := range []float64{1e-3, 1e-5, 1e-7, 1e-9, 1e-11} {
		s := ode.Settings{Method: solvers.Auto, RTol: tol, ATol: tol, EndOnly: true, SkipDense: true}
		for _, p := range testproblems.All() {
			if sol := solve(t, p.IVP(), s); sol.Stats.Factorizations != 0 {
				t.Errorf("%s, tolerance %g: %v", p.Name, tol, sol.Stats)
			}
		}
		for _, p := range testproblems.Stiff() {
			s.ATol = tol * absolute(p)
			auto := solve(t, p.IVP(), s)
			s.Method = solvers.Rodas5P
			stiff := solve(t, p.IVP(), s)
			s.Method = solvers.Auto
			if auto.Stats.Factorizations == 0 || auto.Stats.Accepted > 2*stiff.Stats.Accepted+50 {
				t.Errorf("%s, tolerance %g: %v, with Rodas5P %v", p.Name, tol, auto.Stats, stiff.Stats)
			}
		}
	}
}

// A relaxation whose rate jumps: the Jacobian is taken on the right side of stops.
func TestJacobianAtStops(t *testing.T) {
	rate := func(t float64) float64 {
		switch {
		case t < 1:
			return -1e4
		case t == 1:
			return math.NaN()
		}
		return -1
	}
	p := ode.Problem{X0: []float64{2}, T0: 0, T1: 2,
		F: func(dx []float64, t float64, x []float64) { dx[0] = rate(t) * (x[0] - 1) },
		Jacobian: solvers.Jacobian{
			Func: func(dst []float64, t float64, x []float64) { dst[0] = rate(t) },
			Time: func(dst []float64, t float64, x []float64) { dst[0] = 0 * rate(t) },
		}}
	for _, m := range stiffMethods() {
		sol := solve(t, p, ode.Settings{Method: m, Stops: []float64{1}})
		if d := math.Abs(sol.Final()[0] - 1); d > 1e-6 {
			t.Errorf("%s: off by %g", m.Name(), d)
		}
	}
}

// Restarting an Integrator on a stiff problem gives the same bits and allocates nothing.
func TestStiffIntegratorReuse(t *testing.T) {
	p := testproblems.Robertson
	for _, m := range stiffMethods() {
		it := newIntegrator(t, 3, ode.Settings{Method: m, ATol: 1e-10})
		it.SetJacobian(p.Jacobian)
		run := func() {
			it.Start(p.F, p.T0, p.X0, p.T1)
			for it.T() != p.T1 {
				if err := it.Step(background, p.T1); err != nil {
					t.Fatal(err)
				}
			}
		}
		run()
		first, stats := slices.Clone(it.X()), it.Stats()
		if a := testing.AllocsPerRun(2, run); a != 0 {
			t.Errorf("%s: %g allocations", m.Name(), a)
		}
		if !slices.Equal(first, it.X()) || stats != it.Stats() {
			t.Errorf("%s: another run gives %v after %v, the first %v after %v", m.Name(), it.X(), it.Stats(), first, stats)
		}
	}
}

func TestNotConverged(t *testing.T) {
	p := testproblems.Robertson.IVP()
	p.Jacobian.Func = func(dst []float64, _ float64, _ []float64) { dst[0] = math.NaN() }
	for _, m := range stiffMethods() {
		if m == solvers.Auto { // begins with an explicit method
			continue
		}
		for _, step := range []float64{0, 0.1} {
			sol, err := ode.Solve(background, p, ode.Settings{Method: m, Step: step, FirstStep: 1e-3})
			e := fails(t, sol, err, ode.ErrNotConverged, ode.NotConverged, "Jacobian")
			if !errors.Is(err, solvers.ErrSingular) && !errors.Is(err, solvers.ErrNotConverged) || e.T != 0 {
				t.Errorf("%s: %v", m.Name(), err)
			}
		}
	}
}

func TestBandwidthsAreChecked(t *testing.T) {
	p := testproblems.Robertson.IVP()
	p.Jacobian = solvers.Jacobian{Banded: true, Lower: 1, Upper: 3}
	if _, err := ode.Solve(background, p, ode.Settings{Method: solvers.Rodas5P}); !errors.Is(err, ode.ErrSettings) {
		t.Errorf("%v", err)
	}
}
