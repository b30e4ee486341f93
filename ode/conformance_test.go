package ode_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// What every method of solvers.Methods must do, whatever is inside it.

// adaptive returns the methods with an error estimate.
func adaptive() []solvers.Method {
	return slices.DeleteFunc(solvers.Methods(), func(m solvers.Method) bool { return m.ErrorOrder() == 0 })
}

// pairs returns those of them that are explicit tableaux.
func pairs() []solvers.Method {
	return slices.DeleteFunc(adaptive(), func(m solvers.Method) bool {
		_, ok := m.(*solvers.Tableau)
		return !ok
	})
}

// largest is the largest coefficient of a method, which rounding errors grow with.
func largest(m solvers.Method) float64 {
	top := 1.0
	if _, ok := m.NewStepper(1).(solvers.Implicit); ok {
		top = 1e4 // iterations end at a few units in the last place of x, not of h·f
	}
	if tab, ok := m.(*solvers.Tableau); ok {
		for _, row := range tab.A {
			for _, v := range row {
				top = max(top, math.Abs(v))
			}
		}
	}
	return top
}

// slope measures the order at which fail falls with the number of steps: while steps become smaller and the error
// stays above what rounding leaves of it. The first result is the slope at the end, the second the slope overall.
func slope(fail func(n float64) float64, coarse, floor float64) (last, overall float64) {
	var nFirst, eFirst float64
	for n := 3.0; n < 5000; n = math.Ceil(1.3 * n) {
		a := fail(n)
		if !(a < coarse) {
			continue
		}
		m := math.Ceil(1.5 * n)
		b := fail(m)
		if !(b > floor && b < 0.8*a) {
			break
		}
		if nFirst == 0 {
			nFirst, eFirst = n, a
		}
		last = math.Log(a/b) / math.Log(m/n)
		overall = math.Log(eFirst/b) / math.Log(m/nFirst)
	}
	return last, overall
}

// near reports whether a measured order is the nominal one to within 0.2. For methods of high order the leading term of
// the error shows itself only below what rounding leaves in double precision. They must come up to half an order less, or
// fall faster; package solvers measures them in long arithmetic.
func near(last, overall float64, nominal int) bool {
	order := float64(nominal)
	return math.Abs(last-order) <= 0.2 || nominal > 4 && max(last, overall) >= order-0.5
}

func TestOrderOfConvergence(t *testing.T) {
	for _, m := range solvers.Methods() {
		coarse := 1e-4
		if m.Order() < 3 {
			coarse = 1e-2
		}
		for _, p := range smooth() {
			if m == solvers.BDF {
				continue // begins with order one
			}
			if m == solvers.Kvaerno4 && strings.HasPrefix(p.Name, "twist") {
				continue // on a circle its errors of orders four and five cancel at any practical step
			}
			last, overall := slope(func(n float64) float64 {
				if m.Order() == 1 {
					n *= 10
				}
				sol, err := ode.Solve(background, p.IVP(), ode.Settings{Method: m, Step: math.Abs(p.T1-p.T0) / n, EndOnly: true, SkipDense: true})
				if err != nil {
					return math.Inf(1) // far too few steps
				}
				if sol.Stats.Accepted != int(n) {
					t.Fatalf("%d steps instead of %g", sol.Stats.Accepted, n)
				}
				return distance(sol.Final(), p.X1)
			}, coarse, 1e-12*math.Sqrt(largest(m)))
			if !near(last, overall, m.Order()) {
				t.Errorf("%s on %s: measured order %.2f, overall %.2f, nominal %d", m.Name(), p.Name, last, overall, m.Order())
			}
		}
	}
}

// Inside one step from exact data, a continuous extension of order q is wrong by O(h^(q+1)).
func TestDenseOrder(t *testing.T) {
	for _, m := range solvers.Methods() {
		if m == solvers.BDF {
			continue
		}
		for _, p := range smooth() {
			dir := math.Copysign(1, p.T1-p.T0)
			last, overall := slope(func(n float64) (top float64) {
				h := 1 / n
				sol := solve(t, ode.Problem{F: p.F, Jacobian: p.Jacobian, X0: p.X0, T0: p.T0, T1: p.T0 + dir*h}, ode.Settings{Method: m, Step: h})
				x, want := make([]float64, len(p.X0)), make([]float64, len(p.X0))
				for _, s := range []float64{0.2, 0.4, 0.6, 0.8} {
					at := p.T0 + dir*s*h
					if err := sol.At(x, at); err != nil {
						t.Fatal(err)
					}
					p.Exact(want, at)
					top = max(top, distance(x, want))
				}
				return top
			}, 1e-3, 5e-14)
			if q := m.(interface{ DenseOrder() int }).DenseOrder(); !near(last, overall, q+1) {
				t.Errorf("%s on %s: local error of dense output has order %.2f, overall %.2f, want %d", m.Name(), p.Name, last, overall, q+1)
			}
		}
	}
}

// proportion is the power of the tolerance that the error at the end grows with: one where the propagated solution is
// by one order better than the estimate.
func proportion(m solvers.Method) float64 {
	switch m {
	case solvers.BDF:
		return 5.0 / 6 // that of order five, of which it has an estimate
	case solvers.Radau5:
		return 1 // iterations end at a fixed share of the tolerance
	}
	return float64(m.Order()) / float64(m.ErrorOrder()+1)
}

// finest is the smallest tolerance that a method reaches within a test's time.
func finest(m solvers.Method) float64 {
	switch m.Order() {
	case 1, 2:
		return 1e-7
	case 3:
		return 1e-10
	}
	if _, ok := m.NewStepper(1).(solvers.Implicit); ok {
		return 1e-11
	}
	return 1e-12
}

func TestErrorFollowsTolerance(t *testing.T) {
	for _, m := range adaptive() {
		want := proportion(m)
		for _, p := range []testproblems.Problem{testproblems.Twist, testproblems.Forced, testproblems.LotkaVolterra, reversed(testproblems.Forced)} {
			var first, last, tolLast float64
			for tol := 1e-3; tol > 0.9*finest(m); tol /= 10 {
				sol := solve(t, p.IVP(), ode.Settings{Method: m, RTol: tol, ATol: tol, EndOnly: true, SkipDense: true})
				e := p.Error(sol.Final(), 1)
				if e > 200*math.Pow(tol, want) {
					t.Errorf("%s on %s: error %.3g at tolerance %.0g", m.Name(), p.Name, e, tol)
				}
				if first == 0 {
					first = e
				}
				last, tolLast = e, tol
			}
			if m == solvers.Auto { // which is another method at small tolerances
				continue
			}
			if slope := math.Log(first/last) / math.Log(1e-3/tolLast); slope < 0.75*want || slope > 1.35*want {
				t.Errorf("%s on %s: error grows like tol^%.2f, not %.2f", m.Name(), p.Name, slope, want)
			}
		}
	}
}

// Reference end states to within 100·rtol, times a factor for how much each problem amplifies errors on its way.
// Arenstorf's orbit is lost at the first close encounter when the tolerance is loose.
func TestReferenceProblems(t *testing.T) {
	amplification := map[string]float64{"lorenz": 20, "arenstorf": 2000, "twist": 3}
	for _, m := range adaptive() {
		for _, p := range testproblems.All() {
			for _, tol := range []float64{1e-4, 1e-6, 1e-8, 1e-10} {
				if tol < 10*finest(m) || p.Name == "arenstorf" && (tol > 1e-6 || m.Order() < 5) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%.0e", p.Name, m.Name(), tol), func(t *testing.T) {
					sol := solve(t, p.IVP(), ode.Settings{Method: m, RTol: tol, ATol: tol, EndOnly: true, SkipDense: true})
					limit := 100 * math.Pow(tol, proportion(m)) * max(1, amplification[p.Name])
					if e := p.Error(sol.Final(), 1); e > limit {
						t.Errorf("error %.3g exceeds %.3g after %v", e, limit, sol.Stats)
					}
				})
			}
		}
	}
}

// The counts of a solution are those that a counting right-hand side sees, dense output included.
func TestCountsAreComplete(t *testing.T) {
	for _, m := range solvers.Methods() {
		p := testproblems.Forced
		calls := 0
		ivp := p.IVP()
		ivp.F = func(dx []float64, t float64, x []float64) { calls++; p.F(dx, t, x) }
		s := ode.Settings{Method: m, RTol: 1e-5, ATol: 1e-5}
		if m.ErrorOrder() == 0 {
			s.Step = 0.1
		}
		sol := solve(t, ivp, s)
		if n := sol.Stats; n.Evaluations != calls || n.Accepted != len(sol.T)-1 {
			t.Errorf("%s: %v, %d calls, %d rows", m.Name(), n, calls, len(sol.T))
		}
	}
}
